"""The page of an event, for visitors and, as a preview, for organisers; and what others make of its address."""

from dataclasses import dataclass

from flask import render_template
from markupsafe import Markup

from portal.content.event import Event
from portal.content.markdown import render
from portal.domain import places
from portal.domain.places import Taken
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.web.extensions import now, portal, site
from portal.web.templating import event_url, structured_data


@dataclass(frozen=True)
class LinkPreview:
    """What the head of an event's page tells who shares its address (Open Graph, https://ogp.me/). ``image`` is empty
    where there is none."""

    title: str
    description: str
    url: str
    image: str

    @property
    def image_is_drawn(self) -> bool:
        """Whether the image is an SVG, which chat programs and social networks do not show."""
        return self.image.lower().endswith(".svg")


def event_page(event: Event, now_taken: Taken, template: str = "events/event.html", **more: object) -> str:
    """The page of ``event`` as it is now, in the language in force; ``more`` is what another template asks for."""
    meta = link_preview(event)
    return render_template(
        template,
        event=event,
        availability=places.availability(event, now_taken, now()),
        text=_text(event),
        over=event.over_at <= now(),
        meta=meta,
        structured_data=structured_data(event, meta.url),
        **more,
    )


def link_preview(event: Event) -> LinkPreview:
    """What is told of an event to who shares its address."""
    image = portal().settings.base_url + event.logo if event.logo else ""
    return LinkPreview(event.title, event.summary, event_url(event.slug), image)


def _text(event: Event) -> Markup:
    """The event's text as HTML, made once for each version of its file."""
    texts, key = portal().texts, (event.slug, current_language())
    made_from, html = texts.get(key, (None, Markup()))
    if made_from is not event:
        catalogue = portal().catalogue
        html = Markup(render(event.text, site().url, catalogue.image_size, _("Table")))  # noqa: S704  # cleaned
        texts[key] = (event, html)
    return html

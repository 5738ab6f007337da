"""The page of an event, for visitors and, as a preview, for organisers; and what others make of its address."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import render_template, url_for
from markupsafe import Markup

from portal.content.event import Event
from portal.content.markdown import render
from portal.domain import calendars, places
from portal.domain.places import Taken
from portal.formats import calendar
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web.extensions import db, now, portal, site
from portal.web.structured_data import structured_data
from portal.web.templating import event_url


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
        structured_data=structured_data(event, now_taken, meta.url, meta.image or _logo(), now()),
        **more,
    )


def link_preview(event: Event) -> LinkPreview:
    """What is told of an event to who shares its address."""
    image = portal().settings.base_url + event.logo if event.logo else ""
    return LinkPreview(event.title, event.summary, event_url(event.slug), image)


def calendar_entries(events: Sequence[Event]) -> list[calendar.Entry]:
    """The events for a calendar file, each with the number of the change that is told."""
    known = calendars.revisions(db.session(), events)
    if unknown := [event for event in events if event.slug not in known]:
        with transaction(db.session()):
            known = {**known, **calendars.note_changes(db.session(), unknown)}
    host = urlsplit(portal().settings.base_url).hostname or "localhost"
    return [calendar.Entry(event, event_url(event.slug), host, known[event.slug]) for event in events]


def _logo() -> str:
    """The organisation's own picture; empty where there is none."""
    return portal().settings.base_url + url_for("events.image", path=site().logo) if site().logo else ""


def _text(event: Event) -> Markup:
    """The event's text as HTML, made once for each version of its file."""
    texts, key = portal().texts, (event.slug, current_language())
    made_from, html = texts.get(key, (None, Markup()))
    if made_from is not event:
        catalogue = portal().catalogue
        html = Markup(render(event.text, site().url, catalogue.image_size, _("Table")))  # noqa: S704  # cleaned
        texts[key] = (event, html)
    return html

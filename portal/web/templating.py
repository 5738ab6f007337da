"""What every template knows, and how times, money and places are written in it."""

from urllib.parse import quote

from flask import Flask, request, url_for
from markupsafe import Markup

from portal.domain import words
from portal.domain.letters import localise
from portal.formats import calendar_links, person_code
from portal.formats.transfer import Transfer, cents_of, svg
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.storage.models import Attendee
from portal.web import languages, scripts
from portal.web.extensions import portal, site
from portal.web.organiser import home, signed_in_organiser
from portal.web.paths import way_back
from portal.web.stylesheet import desk_stylesheet_url, stylesheet_url


def init_app(app: Flask) -> None:
    """Give ``app``'s templates their words, filters and common values."""
    localise(app.jinja_env)
    app.jinja_env.filters.update(
        moment=lambda at: words.moment(at.astimezone(site().timezone)),
        hour_minute=lambda at: at.astimezone(site().timezone).strftime("%H:%M"),
        google_calendar=lambda event: calendar_links.google(event, event_url(event.slug)),
        outlook_calendar=lambda event: calendar_links.outlook(event, event_url(event.slug)),
        cents=cents_of,
        transfer_code=transfer_code,
        door_code=door_code,
        numeral=words.numeral,
        short_day=words.short_day,
    )

    @app.context_processor
    def common() -> dict[str, object]:
        organiser = signed_in_organiser()
        framed = request.blueprint == "embed"
        return {
            "layout": "layout/framed.html" if framed else "layout/base.html",
            # A link that leads out of the frame takes the whole window.
            "away": Markup(' target="_top"') if framed else "",
            "site": site(),
            # Quoted, so that no address can put anything else into a page.
            "here": quote(way_back(), safe="/?&=%"),
            "language": current_language(),
            "languages": languages.offered(),
            "organiser": organiser,
            "home_url": home(organiser),
            "stylesheet_url": stylesheet_url(),
            "desk_stylesheet_url": desk_stylesheet_url,
            "script_url": scripts.url,
        }


def transfer_code(transfer: Transfer) -> Markup:
    """The code that a banking app reads."""
    return Markup(svg(transfer, title=_("QR code for your banking app")))  # noqa: S704  # segno's own, title escaped


def door_code(person: Attendee, reference: str) -> Markup:
    """The code that is scanned at the door."""
    code = person_code.written(reference, person.position)
    return Markup(person_code.svg(code, title=code))  # noqa: S704  # the same


def subscription_url(language: str = "") -> str:
    """The calendar of all events (in one language) as the calendars of a phone or a laptop subscribe to it."""
    where = portal().settings.base_url.partition("://")[2]
    return f"webcal://{where}{url_for('feeds.calendar_feed', language=language or None)}"


def event_url(slug: str) -> str:
    """The address of an event's page as the outside knows it."""
    return portal().settings.base_url + url_for("events.event", slug=slug)

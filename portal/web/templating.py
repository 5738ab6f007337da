"""What every template knows, and how times, money and places are written in it."""

import json
from urllib.parse import quote

from flask import Flask, request, url_for
from markupsafe import Markup

from portal.content.event import Event
from portal.domain import words
from portal.domain.letters import localise
from portal.formats import calendar_links, person_code
from portal.formats.transfer import Transfer, svg
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.storage.models import Attendee
from portal.web import languages
from portal.web.extensions import portal, site
from portal.web.organiser import home, signed_in_organiser
from portal.web.stylesheet import desk_stylesheet_url, stylesheet_url


def init_app(app: Flask) -> None:
    """Give ``app``'s templates their words, filters and common values."""
    localise(app.jinja_env)
    app.jinja_env.filters.update(
        moment=lambda at: words.moment(at.astimezone(site().timezone)),
        hour_minute=lambda at: at.astimezone(site().timezone).strftime("%H:%M"),
        google_calendar=lambda event: calendar_links.google(event, event_url(event.slug)),
        outlook_calendar=lambda event: calendar_links.outlook(event, event_url(event.slug)),
        transfer_code=transfer_code,
        door_code=door_code,
        numeral=words.numeral,
        short_day=words.short_day,
    )

    @app.context_processor
    def common() -> dict[str, object]:
        organiser = signed_in_organiser()
        return {
            "site": site(),
            # Quoted, so that no address can put anything else into a page.
            "here": quote(request.full_path.rstrip("?"), safe="/?&=%"),
            "language": current_language(),
            "languages": languages.offered(),
            "organiser": organiser,
            "home_url": home(organiser),
            "stylesheet_url": stylesheet_url(),
            "desk_stylesheet_url": desk_stylesheet_url,
        }


def transfer_code(transfer: Transfer) -> Markup:
    """The code that a banking app reads."""
    return Markup(svg(transfer, title=_("QR code for your banking app")))  # noqa: S704  # segno's own, title escaped


def door_code(person: Attendee, reference: str) -> Markup:
    """The code that is scanned at the door."""
    code = person_code.written(reference, person.position)
    return Markup(person_code.svg(code, title=code))  # noqa: S704  # the same


def event_url(slug: str) -> str:
    """The address of an event's page as the outside knows it."""
    return portal().settings.base_url + url_for("events.event", slug=slug)


def structured_data(event: Event, url: str) -> Markup:
    """The event for search engines: a schema.org Event in JSON-LD, as a data block for the page's head."""
    place: dict[str, object] = {"@type": "VirtualLocation", "url": event.location_link or url}
    if not event.online:
        place = {"@type": "Place", "name": event.location, "address": event.location}
    data: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Event",
        "name": event.title,
        "startDate": event.starts.isoformat(),
        "eventStatus": "https://schema.org/EventCancelled"
        if event.status == "cancelled"
        else "https://schema.org/EventScheduled",
        "eventAttendanceMode": "https://schema.org/OnlineEventAttendanceMode"
        if event.online
        else "https://schema.org/OfflineEventAttendanceMode",
        "description": event.summary,
        "inLanguage": event.language,
        "url": url,
        "organizer": {"@type": "Organization", "name": site().name, "url": site().url or url},
    }
    if event.online or event.location:
        data["location"] = place
    if event.ends:
        data["endDate"] = event.ends.isoformat()
    if event.prices and event.registration == "portal":
        data["offers"] = [
            {"@type": "Offer", "price": f"{cents / 100:.2f}", "priceCurrency": "EUR", "url": url}
            for cents in event.prices
        ]
    # In a script element only the end tag could end the text: no "<" is left to write one.
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(text))  # noqa: S704

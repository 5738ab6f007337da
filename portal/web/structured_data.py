"""What search engines are told of an event: a schema.org Event in JSON-LD.

Names and values as https://schema.org/Event has them, and what Google asks of an event's page
(https://developers.google.com/search/docs/appearance/structured-data/event). Nothing is made up: what the file does
not say is left out, but for the place, without which an event is no event there.
"""

import json
import re
from datetime import datetime
from typing import Any

from markupsafe import Markup

from portal.content.event import Event, Ticket
from portal.domain import places
from portal.domain.places import Taken
from portal.i18n import gettext as _
from portal.web.extensions import site

SCHEMA = "https://schema.org/"
_POSTCODE = re.compile(
    r"(?P<street>.*?)[\s,]*\b(?:B-)?(?P<code>[1-9]\d{3})\s+(?![A-Z]{2}\b)(?P<town>[^\d,]+)"
)
"""A street and a town with its postcode as in Belgium, ``Krijgslaan 281, 9000 Gent``; not Dutch ones (``1012 JS``)."""


def structured_data(event: Event, taken: Taken, url: str, image: str, now: datetime) -> Markup:
    """The event as a data block for its page's head. ``url`` is the page, ``image`` absolute, or empty."""
    # In a script element only the end tag could end the text: no "<" is left to write one. A browser runs nothing of
    # this type, so the content security policy has nothing to allow.
    text = json.dumps(described(event, taken, url, image, now), ensure_ascii=False).replace("<", "\\u003c")
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(text))  # noqa: S704


def described(event: Event, taken: Taken, url: str, image: str, now: datetime) -> dict[str, Any]:
    """The same as a value. Times have the offset of the site's zone; an event without hours has days."""
    by_day = event.starts.time() == datetime.min.time()
    data: dict[str, Any] = {
        "@context": SCHEMA.rstrip("/"),
        "@type": "Event",
        "name": event.title,
        "startDate": event.starts.date().isoformat() if by_day else event.starts.isoformat(),
        "eventStatus": SCHEMA + ("EventCancelled" if event.status == "cancelled" else "EventScheduled"),
        "eventAttendanceMode": SCHEMA + ("Online" if event.online else "Offline") + "EventAttendanceMode",
        "location": _location(event, url),
        "inLanguage": event.language,
        "url": url,
    }
    if event.ends:
        data["endDate"] = event.last_day.isoformat() if by_day else event.ends.isoformat()
    if event.summary:
        data["description"] = event.summary
    if image:
        data["image"] = [image]
    if event.registration != "external":  # of those we only tell; who organises them is not known here
        data["organizer"] = {"@type": "Organization", "name": site().name} | (
            {"url": site().url} if site().url else {}
        )
    if offers := _offers(event, taken, url, now):
        data["offers"] = offers
    return data


def _location(event: Event, url: str) -> dict[str, Any]:
    if event.online:
        return {"@type": "VirtualLocation", "url": event.location_link or url}
    if not event.location:
        return {"@type": "Place", "name": _("Not known yet"), "address": _("Not known yet")}
    return {
        "@type": "Place",
        "name": re.split(r"[,:]", event.location)[0].strip() or event.location,
        "address": _address(event.location),
    }


def _address(location: str) -> dict[str, str]:
    """The place as it was written, taken apart where that is sure."""
    address = {"@type": "PostalAddress"}
    if found := _POSTCODE.fullmatch(location):
        street = re.split(r"[,:]", found["street"])[-1].strip()
        address |= {"streetAddress": street} if street else {}
        country = site().organisation.country
        address |= {"addressCountry": country} if country else {}
        return address | {"postalCode": found["code"], "addressLocality": found["town"].strip()}
    before, comma, last = location.rpartition(",")
    if comma and last.strip():
        return address | {"streetAddress": before.strip(), "addressLocality": last.strip()}
    return address | {"addressLocality": location}


def _offers(event: Event, taken: Taken, url: str, now: datetime) -> list[dict[str, Any]]:
    """What can be had for which price, one for each ticket; nothing where no price is said."""
    link = event.registration_link if event.registration == "external" else url
    offers = []
    for ticket in event.offered_tickets:
        if ticket.price is None or event.registration == "none":
            continue
        offer = {
            "@type": "Offer",
            "price": f"{ticket.price / 100:.2f}",
            "priceCurrency": "EUR",
            "url": link or url,
        }
        if ticket.label:
            offer["name"] = ticket.label
        if event.registration == "portal":
            offer |= _sale(event, ticket, taken, now)
        offers.append(offer)
    return offers


def _sale(event: Event, ticket: Ticket, taken: Taken, now: datetime) -> dict[str, str]:
    """From when until when it can be had, and whether it can be now."""
    opens, closes = places.sold_between(event, ticket)
    if event.status == "cancelled" or now >= closes:
        state = "OutOfStock"
    elif opens and now < opens:
        state = "PreOrder"
    else:
        state = "SoldOut" if places.left(event, taken, ticket.id) == 0 else "InStock"
    sale = {"availability": SCHEMA + state, "validThrough": closes.isoformat()}
    return sale | ({"validFrom": opens.isoformat()} if opens else {})

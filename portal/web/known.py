"""The events that pages of the organisers' side are about."""

from flask import abort

from portal.content.event import Event
from portal.domain import attendees
from portal.storage.models import Organiser
from portal.web.extensions import db, now, portal


def event_or_404(slug: str) -> tuple[Event | None, str]:
    """The event and its title; an event whose file is gone is still there when people signed up for it."""
    event = portal().catalogue.snapshot.events.get(slug)
    if event is not None:
        return event, event.title
    known = attendees.known(db.session(), slug)
    if known is None:
        abort(404)
    return None, known.title


def event_with_form(slug: str) -> Event:
    """An event that people sign up for here, whether or not they can at this moment."""
    event, _title = event_or_404(slug)
    if event is None or event.registration != "portal":
        abort(404)
    return event


def coming_events(organiser: Organiser) -> list[Event]:
    """Those of the portal that are not over and are this organiser's, by date."""
    events = portal().catalogue.snapshot.events.values()
    coming = [
        event
        for event in events
        if event.registration == "portal"
        and (event.ends or event.starts) > now()
        and organiser.may_see(event.slug)
    ]
    return sorted(coming, key=lambda event: event.starts)


def titles() -> dict[str, str]:
    """The titles of all events, by slug."""
    return {slug: event.title for slug, event in portal().catalogue.snapshot.events.items()}

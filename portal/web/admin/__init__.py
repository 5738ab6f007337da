"""The organisers' side: what is coming, who comes, and what is to be done about it."""

from flask import Blueprint, abort

from portal.content.event import Event
from portal.domain import attendees as attendee_list
from portal.web.extensions import db, portal
from portal.web.organiser import require_organiser

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)


def event_or_404(slug: str) -> tuple[Event | None, str]:
    """The event and its title; an event whose file is gone is still there when people signed up for it."""
    event = portal().catalogue.snapshot.events.get(slug)
    if event is not None:
        return event, event.title
    known = attendee_list.known(db.session(), slug)
    if known is None:
        abort(404)
    return None, known.title


from portal.web.admin import attendees, overview, registration  # noqa: E402, F401  # their routes

"""The registrant's own page and what can be done from there: the link in the letter is the key to all of it."""

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import registration_link
from portal.storage.models import CANCELLED, Registration
from portal.web.extensions import db, now, portal
from portal.web.languages import speak

blueprint = Blueprint("registration", __name__)


@blueprint.after_request
def keep_private(answer: Response) -> Response:
    """The address of this page is a key: no other page and no search engine may learn it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def opened_by(token: str) -> tuple[Registration, Event | None]:
    """The registration that the token opens, and its event as far as there is a file; 404 when it opens none."""
    registration = registration_link.find(db.session(), token)
    if registration is None:
        abort(404)
    speak(registration.language)
    return registration, portal().catalogue.snapshot.events.get(registration.event_slug)


def can_cancel(registration: Registration, event: Event | None) -> bool:
    """Whether somebody can still say that they do not come."""
    return registration.status != CANCELLED and (event is None or now() < event.over_at)


def can_change(registration: Registration, event: Event | None) -> bool:
    """Whether data and answers can still be changed: as long as one can sign up, as far as dates go."""
    return (
        event is not None
        and registration.status != CANCELLED
        and event.status != "cancelled"
        and now() < event.closes
    )


from portal.web.registration import address, cancel, change, lost, mine, show  # noqa: E402, F401  # their routes

"""The registrant's own page: the link in the letter is its key."""

from flask import Blueprint, abort, get_flashed_messages, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import changes, registration_link
from portal.domain.desk import place_in_line
from portal.storage.database import transaction
from portal.storage.models import CANCELLED, Registration
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db, now, portal
from portal.web.forms import TokenForm
from portal.web.languages import speak

blueprint = Blueprint("registration", __name__)


@blueprint.get("/registrations/<token>")
def show(token: str) -> str:
    """Status, place in line, and everything that was sent."""
    registration, event = _opened_by(token)
    return render_template(
        "registration/show.html",
        registration=registration,
        event=event,
        just_sent=token in get_flashed_messages(),
        place_in_line=place_in_line(db.session(), registration),
        cancel_url=url_for("registration.cancel", token=token) if _can_cancel(registration, event) else "",
    )


@blueprint.get("/registrations/<token>/cancel")
def cancel(token: str) -> str | Response:
    """Ask who does not come; opening this page changes nothing, for mail scanners open links."""
    registration, event = _opened_by(token)
    if not _can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    return _cancel_page(token, registration, event)


@blueprint.post("/registrations/<token>/cancel")
@csrf.exempt  # the form checks its own token, so that a stale one gives the page back
def do_cancel(token: str) -> str | Response | tuple[str, int]:
    """Cancel the people that were ticked; their places go to who waits."""
    registration, event = _opened_by(token)
    if not _can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    if not TokenForm().validate():
        return _cancel_page(token, registration, event), 400
    positions = {int(number) for number in request.form.getlist("person") if number.isdecimal()}
    if not positions & {person.position for person in registration.attendees}:
        return _cancel_page(token, registration, event, nobody=True), 422
    registration_id, slug = registration.id, registration.event_slug
    with transaction(db.session()):
        changes.cancel(open_desk(slug, event), registration_id, positions)
    return redirect(url_for("registration.show", token=token), 303)


@blueprint.after_request
def keep_private(answer: Response) -> Response:
    """The address of this page is a key: no other page and no search engine may learn it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer


def _opened_by(token: str) -> tuple[Registration, Event | None]:
    registration = registration_link.find(db.session(), token)
    if registration is None:
        abort(404)
    speak(registration.language)
    return registration, portal().catalogue.snapshot.events.get(registration.event_slug)


def _can_cancel(registration: Registration, event: Event | None) -> bool:
    return registration.status != CANCELLED and (event is None or now() < event.over_at)


def _cancel_page(token: str, registration: Registration, event: Event | None, *, nobody: bool = False) -> str:
    return render_template(
        "registration/cancel.html",
        registration=registration,
        event=event,
        people=[person for person in registration.attendees if person.status != CANCELLED],
        form=TokenForm(),
        nobody=nobody,
        back_url=url_for("registration.show", token=token),
    )

"""The registrant's own page: the link in the letter is its key."""

from flask import Blueprint, abort, get_flashed_messages, render_template

from portal.domain import registration_link
from portal.web.extensions import db, portal
from portal.web.languages import speak

blueprint = Blueprint("registration", __name__)


@blueprint.get("/registrations/<token>")
def show(token: str) -> str:
    """Status, and everything that was sent."""
    registration = registration_link.find(db.session(), token)
    if registration is None:
        abort(404)
    speak(registration.language)
    return render_template(
        "registration/show.html",
        registration=registration,
        event=portal().catalogue.snapshot.events.get(registration.event_slug),
        just_sent=token in get_flashed_messages(),
    )


@blueprint.after_request
def keep_private(answer):  # type: ignore[no-untyped-def]
    """The address of this page is a key: no other page and no search engine may learn it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    return answer

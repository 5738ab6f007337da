"""The page itself."""

from flask import get_flashed_messages, render_template, url_for

from portal.domain.registrations import place_in_line
from portal.web.extensions import db
from portal.web.registration import blueprint, can_cancel, can_change, opened_by


@blueprint.get("/registrations/<token>")
def show(token: str) -> str:
    """Status, place in line, everything that was sent, and the ways on from here."""
    registration, event = opened_by(token)
    return render_template(
        "registration/show.html",
        registration=registration,
        event=event,
        just_sent=token in get_flashed_messages(category_filter=["message"]),
        just_changed=token in get_flashed_messages(category_filter=["changed"]),
        place_in_line=place_in_line(db.session(), registration),
        cancel_url=url_for("registration.cancel", token=token) if can_cancel(registration, event) else "",
        change_url=url_for("registration.change", token=token) if can_change(registration, event) else "",
    )

"""The page itself."""

from flask import get_flashed_messages, render_template, url_for

from portal.domain import payments
from portal.domain.registrations import place_in_line
from portal.web.extensions import db, now, site
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
        balance=payments.balance(registration),
        transfer=payments.transfer(registration, site()),
        materials=event.materials_at(now()) if event else (),
        place_in_line=place_in_line(db.session(), registration),
        cancel_url=url_for("registration.cancel", token=token) if can_cancel(registration, event) else "",
        data_url=url_for("registration.data", token=token),
        erase_url=url_for("registration.erase", token=token),
        address_url=url_for("registration.address", token=token),
        change_url=url_for("registration.change", token=token) if can_change(registration, event) else "",
    )

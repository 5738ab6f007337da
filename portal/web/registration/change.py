"""Changing what was sent: data and answers, tickets, who comes."""

from collections.abc import Sequence

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import changes, taken
from portal.domain.errors import ChangeRefused
from portal.domain.registrations import last_entry
from portal.storage.database import transaction
from portal.storage.models import Registration
from portal.web import change_form, forms
from portal.web.change_form import ChangeForm
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db, limiter, now
from portal.web.registration import blueprint, can_change, opened_by

MANY = "40 per minute; 400 per hour"


@blueprint.get("/registrations/<token>/change")
def change(token: str) -> str | Response:
    """The form as the registration stands."""
    registration, event = opened_by(token)
    if event is None or not can_change(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    return _page(token, registration, _form(registration, event))


@blueprint.post("/registrations/<token>/change")
@csrf.exempt  # the form checks its own token, so that what was typed comes back with a fresh one
@limiter.limit(MANY)
def do_change(token: str) -> str | Response | tuple[str, int]:
    """Make it so, all of it or nothing."""
    registration, event = opened_by(token)
    if event is None or not can_change(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    sent = _form(registration, event)
    if sent.add_or_remove_row():
        return _page(token, registration, sent)
    if status := sent.problem_status():
        return _page(token, registration, sent, forms.stale() if status == 400 else ""), status
    registration_id, slug = registration.id, registration.event_slug
    try:
        with transaction(db.session()):
            changes.change(open_desk(slug, event), registration_id, sent.read())
    except ChangeRefused as refused:
        registration, event_now = opened_by(token)
        if event_now is None or not can_change(registration, event_now):
            return redirect(url_for("registration.show", token=token), 303)
        again = _form(registration, event_now)
        meanwhile = again.show_anew(last_entry(db.session(), registration.id))
        return _page(token, registration, again, change_form.refusal(refused.kind), meanwhile), 409
    flash(token, "changed")
    return redirect(url_for("registration.show", token=token), 303)


def _form(registration: Registration, event: Event) -> ChangeForm:
    session = db.session()
    return ChangeForm(
        registration,
        event,
        taken.of_event(session, event.slug),
        now(),
        seen=last_entry(session, registration.id),
        fixed=changes.fixed(session, registration.id),
    )


def _page(
    token: str,
    registration: Registration,
    shown: ChangeForm,
    notice: str = "",
    meanwhile: Sequence[tuple[str, str]] = (),
) -> str:
    return change_form.change_page(
        "registration/change.html",
        registration,
        shown,
        notice,
        meanwhile,
        address_url=url_for("registration.address", token=token),
        back_url=url_for("registration.show", token=token),
    )

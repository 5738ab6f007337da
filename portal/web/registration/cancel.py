"""Saying who does not come, in two steps."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import changes
from portal.domain.typed import whole_number
from portal.storage.database import transaction
from portal.storage.models import CANCELLED, Registration
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db
from portal.web.forms import TokenForm
from portal.web.registration import blueprint, can_cancel, opened_by


@blueprint.get("/registrations/<token>/cancel")
def cancel(token: str) -> str | Response:
    """Ask who does not come; opening this page changes nothing, for mail scanners open links."""
    registration, event = opened_by(token)
    if not can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    return _page(token, registration, event)


@blueprint.post("/registrations/<token>/cancel")
@csrf.exempt  # the form checks its own token, so that a stale one gives the page back
def do_cancel(token: str) -> str | Response | tuple[str, int]:
    """Cancel the people that were ticked; their places go to who waits."""
    registration, event = opened_by(token)
    if not can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    if not TokenForm().validate():
        return _page(token, registration, event), 400
    positions = {at for ticked in request.form.getlist("person") if (at := whole_number(ticked)) is not None}
    if not positions & {person.position for person in registration.attendees}:
        return _page(token, registration, event, nobody=True), 422
    registration_id, slug = registration.id, registration.event_slug
    with transaction(db.session()):
        changes.cancel(open_desk(slug, event), registration_id, positions)
    return redirect(url_for("registration.show", token=token), 303)


def _page(token: str, registration: Registration, event: Event | None, *, nobody: bool = False) -> str:
    return render_template(
        "registration/cancel.html",
        registration=registration,
        event=event,
        people=[person for person in registration.attendees if person.status != CANCELLED],
        form=TokenForm(),
        nobody=nobody,
        back_url=url_for("registration.show", token=token),
    )

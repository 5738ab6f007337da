"""One registration as an organiser sees it, and what they can do about it; and signing somebody up for them.

Everything goes through the same functions as on the registrant's own page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import changes, checkin, payments, places, taken
from portal.domain.errors import ChangeRefused, SignupRefused
from portal.domain.registrations import by_reference, history, last_entry, place_in_line
from portal.domain.signup import sign_up
from portal.domain.typed import clean_lines, whole_number
from portal.formats.transfer import plain_amount
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.storage.models import CANCELLED, WAITLISTED, Registration
from portal.web import change_form, forms, tickets
from portal.web.admin import blueprint
from portal.web.admin.moving import places_to_go
from portal.web.change_form import ChangeForm
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db, now, portal, site
from portal.web.known import event_or_404, event_with_form
from portal.web.organiser import actor

URL = "/events/<slug>/registrations/<reference>"
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class TypedPayment:
    """What stands in the form for a payment, whose name is ``form_id``."""

    form_id: str
    amount: str
    received_on: str
    note: str = ""
    back: bool = False


@blueprint.get(URL)
def registration(slug: str, reference: str) -> str:
    """Everything about it on one page."""
    return _page(*_found(slug, reference))


@blueprint.post(f"{URL}/cancel")
def cancel(slug: str, reference: str) -> str | Response | tuple[str, int]:
    """Cancel who was ticked, with a letter or without."""
    found, event = _found(slug, reference)
    positions = {at for ticked in request.form.getlist("person") if (at := whole_number(ticked)) is not None}
    if not positions & {person.position for person in found.attendees}:
        return _page(found, event, wrong=_("Tick who does not come.")), 422
    registration_id = found.id
    with transaction(db.session()):
        changes.cancel(
            open_desk(slug, event, actor()), registration_id, positions, letter="letter" in request.form
        )
    return _back(slug, reference, _("Cancelled."))


@blueprint.post(f"{URL}/promote")
def promote(slug: str, reference: str) -> str | Response | tuple[str, int]:
    """Give who waits their places, over capacity only when that is said."""
    found, event = _found(slug, reference)
    registration_id = found.id
    try:
        with transaction(db.session()):
            changes.promote(
                open_desk(slug, event, actor()),
                registration_id,
                over_capacity="over_capacity" in request.form,
            )
    except ChangeRefused as refused:
        wrong = _("There are no free places for them. Tick the box to go over what there is.")
        return _page(
            *_found(slug, reference),
            wrong=wrong if refused.kind == "no_place" else change_form.refusal(refused.kind),
        ), 409
    return _back(slug, reference, _("They have their places now, and a mail that says so."))


@blueprint.post(f"{URL}/note")
def note(slug: str, reference: str) -> str | Response | tuple[str, int]:
    """Keep a note for other organisers."""
    found, event = _found(slug, reference)
    text = clean_lines(request.form.get("note"))[:LONGEST_NOTE]
    if not text:
        return _page(found, event, wrong=_("Write something first.")), 422
    registration_id = found.id
    with transaction(db.session()):
        desk = open_desk(slug, event, actor())
        desk.note(desk.registration(registration_id), "noted", note=text)
    return _back(slug, reference, _("Your note is kept."))


@blueprint.post(f"{URL}/link")
def link(slug: str, reference: str) -> Response:
    """Send the registrant the link of their own page again."""
    found, event = _found(slug, reference)
    registration_id = found.id
    with transaction(db.session()):
        desk = open_desk(slug, event, actor())
        desk.write(desk.registration(registration_id), "link", why="organiser")
    return _back(slug, reference, _("A mail with the link is on its way."))


@blueprint.get(f"{URL}/change")
def change(slug: str, reference: str) -> str | Response:
    """The form as the registration stands."""
    found, event = _found(slug, reference)
    if event is None or found.status == CANCELLED:
        return redirect(_url(slug, reference), 303)
    return _change_page(found, _change_form(found, event))


@blueprint.post(f"{URL}/change")
@csrf.exempt  # the form checks its own token, so that what was typed comes back with a fresh one
def do_change(slug: str, reference: str) -> str | Response | tuple[str, int]:
    """Make it so, all of it or nothing."""
    found, event = _found(slug, reference)
    if event is None or found.status == CANCELLED:
        return redirect(_url(slug, reference), 303)
    sent = _change_form(found, event)
    if sent.add_or_remove_row():
        return _change_page(found, sent)
    if status := sent.problem_status():
        return _change_page(found, sent, forms.stale() if status == 400 else ""), status
    registration_id = found.id
    try:
        with transaction(db.session()):
            changes.change(
                open_desk(slug, event, actor()),
                registration_id,
                sent.read(),
                over_capacity="over_capacity" in request.form,
                letter="letter" in request.form,
            )
    except ChangeRefused as refused:
        found, _event = _found(slug, reference)
        if found.status == CANCELLED:
            return redirect(_url(slug, reference), 303)
        again = _change_form(found, event)
        meanwhile = again.show_anew(last_entry(db.session(), found.id))
        return _change_page(found, again, change_form.refusal(refused.kind), meanwhile), 409
    return _back(slug, reference, _("The changes are saved."))


@blueprint.get("/events/<slug>/add")
def add(slug: str) -> str:
    """The form to sign somebody up who called."""
    event = event_with_form(slug)
    return _add_page(event, _adding_form(event))


@blueprint.post("/events/<slug>/add")
@csrf.exempt  # the form checks its own token, so that what was typed comes back with a fresh one
def do_add(slug: str) -> str | Response | tuple[str, int]:
    """Sign them up."""
    event = event_with_form(slug)
    sent = _adding_form(event)
    if forms.add_or_remove_colleague(sent, request.form, event):
        return _add_page(event, sent)
    if status := forms.problem_status(sent, event):
        return _add_page(event, sent, forms.stale() if status == 400 else ""), status
    try:
        with transaction(db.session()):
            outcome = sign_up(
                open_desk(slug, event, actor()),
                forms.read(sent, event),
                secret_key=portal().settings.secret_key,
                over_capacity=sent.over_capacity.data,
                letter=sent.letter.data,
            )
            reference = outcome.registration.reference
    except SignupRefused:
        notice = _("There are no free places for them. Tick the box to go over what there is.")
        return _add_page(event, sent, notice), 409
    said = {
        "saved": _("Signed up."),
        "repeated": _("Signed up."),
        "known_address": _("This address has this registration already. Nothing new was made."),
    }
    return _back(slug, reference, said[outcome.kind])


def with_payment(slug: str, reference: str, typed: TypedPayment, *, wrong: str) -> str:
    """Everything about it, with a payment that was typed and not written down."""
    return _page(*_found(slug, reference), wrong=wrong, payment=typed)


def _found(slug: str, reference: str) -> tuple[Registration, Event | None]:
    event, _title = event_or_404(slug)
    found = by_reference(db.session(), slug, reference)
    if found is None:
        abort(404)
    return found, event


def _url(slug: str, reference: str) -> str:
    return url_for("admin.registration", slug=slug, reference=reference)


def _back(slug: str, reference: str, said: str) -> Response:
    flash(said, "done")
    return redirect(_url(slug, reference), 303)


def _page(
    found: Registration, event: Event | None, *, wrong: str = "", payment: TypedPayment | None = None
) -> str:
    session = db.session()
    balance, today = payments.balance(found), now().astimezone(site().timezone).date().isoformat()
    now_taken = taken.of_event(session, found.event_slug)
    waiting = [person.ticket for person in found.attendees if person.status == WAITLISTED]
    return render_template(
        "admin/registration.html",
        registration=found,
        event=event,
        wrong=wrong,
        place_in_line=place_in_line(session, found),
        has_room=event is not None and places.free_for(event, now_taken, waiting),
        history=history(session, found.id),
        door=checkin.log(session, found.id),
        balance=balance,
        typed_payment=payment
        or TypedPayment(forms.new_form_id(), plain_amount(balance.open) if balance.open else "", today),
        payment_refused=payment is not None,
        places_to_go=places_to_go(found.event_slug),
        today=today,
        url=lambda action: url_for(f"admin.{action}", slug=found.event_slug, reference=found.reference),
    )


def _adding_form(event: Event) -> Any:
    now_taken = taken.of_event(db.session(), event.slug)
    return forms.adding_form(event, tickets.rooms(event, now_taken, now(), all_tickets=True))


def _change_form(found: Registration, event: Event) -> ChangeForm:
    session = db.session()
    now_taken = taken.of_event(session, event.slug)
    return ChangeForm(found, event, now_taken, now(), seen=last_entry(session, found.id), all_tickets=True)


def _change_page(
    found: Registration, shown: ChangeForm, notice: str = "", meanwhile: Sequence[tuple[str, str]] = ()
) -> str:
    return change_form.change_page(
        "admin/change.html",
        found,
        shown,
        notice,
        meanwhile,
        ticked=request.form if request.method == "POST" else {"letter": "y"},
        back_url=_url(found.event_slug, found.reference),
    )


def _add_page(event: Event, shown: Any, notice: str = "") -> str:
    return render_template(
        "admin/add.html",
        event=event,
        form=shown,
        problems=forms.problems(shown),
        notice=notice,
        can_add=forms.can_add_colleague(shown, event),
        back_url=url_for("admin.attendees", slug=event.slug),
    )

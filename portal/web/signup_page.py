"""The sign-up form of an event, shown and taken: on the portal's own page, and in a frame on somebody else's."""

from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from flask import render_template, request, session
from wtforms.csrf.core import CSRF

from portal.content.event import Event
from portal.domain import payments, places, registration_link, taken, words
from portal.domain.errors import SignupRefused
from portal.domain.places import Taken
from portal.domain.signup import Draft, Outcome, SignUp, by_draft, draft, sign_up
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import forms, meters, tickets
from portal.web.desk import letter_writer, open_desk
from portal.web.extensions import db, limiter, now, portal
from portal.web.kept import may_show, recipe
from portal.web.shelf import EmptyForm, hole

limited = limiter.shared_limit("40 per minute; 400 per hour", scope="sign-ups")
"""How often one client may send a form, wherever it stands: a whole school may sit behind one address."""

OF_ANYBODY = {"csrf_token"}
"""All that the session of somebody may hold whose pages say nothing of them."""


@dataclass(frozen=True)
class Surroundings:
    """Where the form stands: its address, the way back, and what proves that it was given out by us (``token``; None
    for the session, as everywhere)."""

    form_url: str
    event_url: str
    token: type[CSRF] | None = None


@dataclass(frozen=True)
class Sent:
    """What became of a form that was taken. ``token`` opens the registration, and is not for who sent an address that
    is known already. ``people``: how many of them come, or wait; ``open``: what they have to pay, in cents."""

    kind: Literal["saved", "repeated", "known_address"]
    status: str
    people: int
    open: int
    email: str
    token: str


def show(event: Event, around: Surroundings) -> str:
    """The empty form. Raises SignupRefused, which has a page of its own, when nobody can sign up now.

    It is made once and shown to everybody, for as long as it is true: with what is said of the places at this moment,
    and with a token and a number of their own.
    """
    now_taken = taken.of_event(db.session(), event.slug)
    _refuse_unless_open(event, now_taken)
    rooms = tickets.rooms(event, now_taken, now())
    if not session.keys() <= OF_ANYBODY:
        return _page(event, now_taken, forms.signup_form(event, rooms, around.token), around)
    availability = places.availability(event, now_taken, now())
    said = [words.places(availability), *rooms.values()]
    shelf, key = portal().empty_forms, (request.full_path, current_language(), availability.state)
    empty = shelf.get(key)
    # While a file changes, a request may still hold the event as it was.
    if empty is None or empty.event is not event or not may_show(empty.recipe):
        holes = [hole(number) if phrase else "" for number, phrase in enumerate(said)]
        shown = forms.signup_form(event, dict(zip(rooms, holes[1:], strict=True)), around.token)
        page = _page(event, now_taken, shown, around, said=holes[0])
        empty = EmptyForm.of(event, recipe([event]), page, forms.values_of(shown))
        shelf.put(key, empty)
    return empty.filled(said, forms.values_of(forms.blank(around.token)))


def take(event: Event, around: Surroundings) -> Sent | str | tuple[str, int]:
    """What becomes of the form that this request brings; the form again, with its status, when it is not right yet.
    Raises SignupRefused as ``show`` does."""
    now_taken = taken.of_event(db.session(), event.slug)
    sent = forms.signup_form(event, tickets.rooms(event, now_taken, now()), around.token)
    if forms.add_or_remove_colleague(sent, request.form, event):
        return _page(event, now_taken, sent, around)
    gone = forms.answers_not_asked(event, request.form)
    status = forms.problem_status(sent, event)
    forms.empty_trap(sent)
    if status == 400:
        return _page(event, now_taken, sent, around, notice=forms.stale()), 400
    if status or gone:
        _refuse_unless_open(event, now_taken)
        notice = _("The questions changed meanwhile. These are no longer asked: %(names)s.")
        notice = notice % {"names": ", ".join(gone)} if gone else ""
        return _page(event, now_taken, sent, around, notice=notice), 422

    party = forms.read(sent, event)
    write, key = letter_writer(event.slug, event), portal().settings.secret_keys[0]
    try:
        drafted = draft(db.session(), event, now_taken, party, write, key)
        done = by_draft(drafted, partial(_at_the_desk, event, party))
    except SignupRefused as refusal:
        return _too_few_places(event, around, refusal), 409
    meters.signed_up(done.status if done.kind == "saved" else done.kind)
    return done


def _at_the_desk(event: Event, party: SignUp, drafted: Draft | None) -> Sent:
    keys, session = portal().settings.secret_keys, db.session()
    with transaction(session):
        desk = open_desk(event.slug, event)
        return _sent(sign_up(desk, party, secret_key=keys[0], drafted=drafted), keys)


def _sent(outcome: Outcome, keys: tuple[str, ...]) -> Sent:
    made = outcome.registration
    return Sent(
        outcome.kind,
        made.status,
        people=sum(person.status == made.status for person in made.attendees),
        open=payments.balance(made).open,
        email=made.email,
        token=registration_link.token_of(keys, made),
    )


def _too_few_places(event: Event, around: Surroundings, refusal: SignupRefused) -> str:
    """The form again, with all that was typed, where there are places but not for this party; else the refusal goes
    on."""
    now_taken = taken.of_event(db.session(), event.slug)
    if refusal.kind != "full" or not places.availability(event, now_taken, now()).can_sign_up:
        raise refusal
    meters.signed_up(refusal.kind)
    # Anew, for its tickets say what is left now.
    again = forms.signup_form(event, tickets.rooms(event, now_taken, now()), around.token)
    return _page(event, now_taken, again, around, notice=_choose_otherwise())


def _choose_otherwise() -> str:
    return _("There are not enough places for this. Choose something else, or come with fewer.")


def _refuse_unless_open(event: Event, now_taken: Taken) -> None:
    availability = places.availability(event, now_taken, now())
    if not availability.can_sign_up:
        raise SignupRefused(availability.state, opens=availability.opens, closes=availability.closes)


def _page(
    event: Event,
    now_taken: Taken,
    shown: Any,
    around: Surroundings,
    *,
    notice: str = "",
    said: str | None = None,
) -> str:
    """The form as it stands, with what it would cost and whether it would wait; ``said`` of the places, if not what
    there is to say."""
    chosen = forms.tickets_chosen(shown, event)
    prices = [ticket.price or 0 for one in chosen if (ticket := event.ticket(one))]
    availability = places.availability(event, now_taken, now())
    decision = places.decide(event, now_taken, chosen) if chosen else "confirmed"
    return render_template(
        "signup/form.html",
        event=event,
        availability=availability,
        form=shown,
        form_url=around.form_url,
        event_url=around.event_url,
        problems=forms.problems(shown),
        notice=notice or (_choose_otherwise() if decision == "full" else ""),
        said=said,
        can_add=forms.can_add_colleague(shown, event),
        total=sum(prices) or None,
        people=len(chosen),
        waiting=decision == "waitlisted" or availability.state == "waitlist",
    )

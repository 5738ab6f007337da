"""Signing up: the form, and what becomes of it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import places, registration_link, taken
from portal.domain.errors import SignupRefused
from portal.domain.places import Taken
from portal.domain.signup import sign_up
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import forms, meters
from portal.web.desk import open_desk
from portal.web.extensions import csrf, db, limiter, now, portal
from portal.web.published import published_event

blueprint = Blueprint("signup", __name__)

MANY = "40 per minute; 400 per hour"
"""How often one client may send a form: a whole school may sit behind one address."""


@blueprint.get("/events/<slug>/signup")
def form(slug: str) -> str:
    """The form; or, where nobody can sign up, why and what can be done."""
    event = published_event(slug)
    now_taken = taken.of_event(db.session(), slug)
    refuse_unless_open(event, now_taken)
    return form_page(event, now_taken, forms.signup_form(event, now_taken, now()))


@blueprint.post("/events/<slug>/signup")
@csrf.exempt  # the form checks its own token, so that what was typed comes back with a fresh one
@limiter.limit(MANY)
def send(slug: str) -> str | Response | tuple[str, int]:
    """The sent form."""
    event = published_event(slug)
    now_taken = taken.of_event(db.session(), slug)
    sent = forms.signup_form(event, now_taken, now())
    if forms.add_or_remove_colleague(sent, request.form, event):
        return form_page(event, now_taken, sent)
    status = forms.problem_status(sent, event)
    forms.empty_trap(sent)
    if status == 400:
        return form_page(event, now_taken, sent, notice=forms.stale()), 400
    gone = forms.answers_not_asked(sent, request.form)
    if status or gone:
        refuse_unless_open(event, now_taken)
        notice = _("The questions changed meanwhile. These are no longer asked: %(names)s.")
        return form_page(
            event, now_taken, sent, notice=notice % {"names": ", ".join(gone)} if gone else ""
        ), 422

    keys = portal().settings.secret_keys
    with transaction(db.session()):
        outcome = sign_up(open_desk(slug, event), forms.read(sent, event), secret_key=keys[0])
        token = registration_link.token_of(keys, outcome.registration)
        became = outcome.registration.status if outcome.kind == "saved" else outcome.kind
    meters.signed_up(became)
    if outcome.kind == "known_address":
        return render_template("signup/already.html", event=event)
    flash(token)  # the next page says what just happened
    return redirect(url_for("registration.show", token=token), 303)


def refuse_unless_open(event: Event, now_taken: Taken) -> None:
    """Raise SignupRefused, which has a page of its own, when no form can be sent now."""
    availability = places.availability(event, now_taken, now())
    if not availability.can_sign_up:
        raise SignupRefused(availability.state, opens=availability.opens, closes=availability.closes)


def form_page(event: Event, now_taken: Taken, shown: Any, *, notice: str = "") -> str:
    """The form as it stands, with what it would cost and whether it would wait."""
    tickets = forms.tickets_chosen(shown, event)
    prices = [ticket.price or 0 for chosen in tickets if (ticket := event.ticket(chosen))]
    availability = places.availability(event, now_taken, now())
    waits = bool(tickets) and places.decide(event, now_taken, tickets) != "confirmed"
    return render_template(
        "signup/form.html",
        event=event,
        availability=availability,
        form=shown,
        problems=forms.problems(shown),
        notice=notice,
        can_add=forms.can_add_colleague(shown, event),
        total=sum(prices) or None,
        people=len(tickets),
        waiting=waits or availability.state == "waitlist",
    )

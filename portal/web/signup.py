"""Signing up on the portal's own page."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.web import signup_page
from portal.web.extensions import csrf
from portal.web.published import published_event
from portal.web.signup_page import Sent, Surroundings

blueprint = Blueprint("signup", __name__)


@blueprint.get("/events/<slug>/signup")
def form(slug: str) -> str:
    """The form; or, where nobody can sign up, why and what can be done."""
    return signup_page.show(published_event(slug), _surroundings(slug))


@blueprint.post("/events/<slug>/signup")
@csrf.exempt  # the form checks its own token, so that what was typed comes back with a fresh one
@signup_page.limited
def send(slug: str) -> str | Response | tuple[str, int]:
    """The sent form."""
    event = published_event(slug)
    sent = signup_page.take(event, _surroundings(slug))
    if not isinstance(sent, Sent):
        return sent
    if sent.kind == "known_address":
        return render_template("signup/already.html", event=event)
    flash(sent.token)  # the next page says what just happened
    return redirect(url_for("registration.show", token=sent.token), 303)


def _surroundings(slug: str) -> Surroundings:
    return Surroundings(url_for("signup.form", slug=slug), url_for("events.event", slug=slug))

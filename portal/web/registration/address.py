"""Another e-mail address: asked for on one's own page, in force once the link sent there was used."""

from flask import abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.addresses import email_key, is_address
from portal.domain import new_address, registration_link
from portal.domain.errors import ChangeRefused
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.storage.models import Registration
from portal.web import change_form
from portal.web.desk import open_desk
from portal.web.extensions import db, limiter, now, portal
from portal.web.languages import speak
from portal.web.registration import blueprint, can_cancel, opened_by

FEW = "5 per minute; 20 per hour"
"""Each sends a letter to an address that somebody typed."""


@blueprint.get("/registrations/<token>/address")
def address(token: str) -> str | Response:
    """The form for a new address."""
    registration, event = opened_by(token)
    if not can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    return _page(token, registration)


@blueprint.post("/registrations/<token>/address")
@limiter.limit(FEW)
def ask_address(token: str) -> str | Response | tuple[str, int]:
    """Ask the new address whether it is theirs."""
    registration, event = opened_by(token)
    if not can_cancel(registration, event):
        return redirect(url_for("registration.show", token=token), 303)
    typed = request.form.get("email", "").strip()
    if not is_address(typed):
        wrong = _("Fill in one complete e-mail address, such as name@school.be.")
        return _page(token, registration, typed, wrong), 422
    if email_key(typed) == registration.email_key:
        return _page(token, registration, typed, _("The mails go to this address already.")), 422
    registration_id, slug = registration.id, registration.event_slug
    with transaction(db.session()):
        new_address.ask(open_desk(slug, event), registration_id, typed)
    flash(typed, "asked")
    return redirect(url_for("registration.show", token=token), 303)


@blueprint.get("/addresses/<proof>")
def confirm_address(proof: str) -> str:
    """Ask once more; opening this page changes nothing, for mail scanners open links."""
    registration, typed = _asked_with(proof)
    return render_template(
        "registration/confirm_address.html", registration=registration, email=typed, wrong=""
    )


@blueprint.post("/addresses/<proof>")
@limiter.limit(FEW)
def do_confirm_address(proof: str) -> Response | tuple[str, int]:
    """The address is theirs from now on."""
    registration, typed = _asked_with(proof)
    event = portal().catalogue.snapshot.events.get(registration.event_slug)
    registration_id, slug = registration.id, registration.event_slug
    try:
        with transaction(db.session()):
            changed = new_address.confirm(open_desk(slug, event), registration_id, typed)
            token = registration_link.token_of(portal().settings.secret_keys, changed)
    except ChangeRefused as refused:
        registration, typed = _asked_with(proof)
        page = render_template(
            "registration/confirm_address.html",
            registration=registration,
            email=typed,
            wrong=change_form.refusal(refused.kind),
        )
        return page, 409
    flash(token, "changed")
    return redirect(url_for("registration.show", token=token), 303)


def _asked_with(proof: str) -> tuple[Registration, str]:
    found = new_address.asked_with(db.session(), portal().settings.secret_keys, proof, now())
    if found is None:
        abort(404)
    speak(found[0].language)
    return found


def _page(token: str, registration: Registration, typed: str = "", wrong: str = "") -> str:
    return render_template(
        "registration/address.html",
        registration=registration,
        typed=typed,
        wrong=wrong,
        back_url=url_for("registration.show", token=token),
    )

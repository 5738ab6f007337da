"""A forgotten password, and the links with which somebody chooses one."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.content.addresses import LONGEST, email_key, is_address
from portal.domain import account_links, link_requests, sign_ins
from portal.domain.errors import AccountRefused, PasswordRefused
from portal.storage.database import transaction
from portal.web.account_forms import AddressForm, PasswordForm, password_words
from portal.web.extensions import db, limiter, now, portal
from portal.web.fields import refuse
from portal.web.organiser import browser, home, office, open_door, sign_in

blueprint = Blueprint("account_links", __name__, url_prefix="/admin")


def claimed_address() -> str:
    """Whose account somebody says it is."""
    address = request.form.get("email", "").strip()
    return email_key(address) if is_address(address) else address.casefold()


@blueprint.get("/forgot")
def forgot() -> str:
    """Ask whose password it is."""
    return render_template("accounts/forgot.html", form=AddressForm(), asked="asked" in request.args)


@blueprint.post("/forgot")
@limiter.limit("5 per hour", key_func=claimed_address)
@limiter.limit("20 per hour")
def ask() -> Response:
    """The same answer, after the same work, whether there is such an account or not."""
    address = (AddressForm().email.data or "").strip()[:LONGEST]
    with transaction(db.session()):
        link_requests.ask(db.session(), "account", address, now(), client=browser().client)
    return redirect(url_for("account_links.forgot", asked=1), 303)


@blueprint.get("/link/<proof>")
def link(proof: str) -> str | tuple[str, int]:
    """Choose a password; opening this page changes nothing, for mail scanners open links."""
    return _page(proof, PasswordForm())


@blueprint.post("/link/<proof>")
@limiter.limit("30 per 15 minutes")
def use(proof: str) -> str | Response | tuple[str, int]:
    """The password is chosen; a second factor, where there is or has to be one, comes next."""
    form, keys = PasswordForm(), portal().settings.secret_keys
    organiser = account_links.opened_with(db.session(), keys, proof, now())
    if organiser is None:
        return _page(proof, form)
    organiser_id = organiser.id
    try:
        with transaction(db.session()):
            account_links.use(office(organiser_id), keys, proof, form.password.data or "")
            token, stage = sign_ins.begin(db.session(), organiser_id, browser(), now())
    except PasswordRefused as refused:
        page = _page(proof, form, refuse(form.password, password_words(refused.kind)))
        return page if isinstance(page, tuple) else (page, 422)
    except AccountRefused:
        return _page(proof, form)
    open_door(token)
    if stage == sign_ins.CODE:
        return redirect(url_for("accounts.code"), 303)
    row = sign_in()
    return redirect(
        url_for("factors.app") if stage == sign_ins.SET_UP else home(row.organiser if row else None), 303
    )


def _page(
    proof: str, form: PasswordForm, problems: list[tuple[str, str]] | None = None
) -> str | tuple[str, int]:
    organiser = account_links.opened_with(db.session(), portal().settings.secret_keys, proof, now())
    if organiser is None:
        return render_template("accounts/link_gone.html"), 404
    return render_template("accounts/link.html", form=form, problems=problems or [], whose=organiser)

"""Organisers sign in and out: with a password and what may come after it, or with a passkey."""

from flask import Blueprint, Response, jsonify, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.content.addresses import email_key, is_address
from portal.domain import passkeys, second_factor, sign_ins
from portal.domain.errors import CodeRefused
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import scripts, sent
from portal.web.account_forms import CodeForm, LoginForm
from portal.web.extensions import db, limiter, now, portal
from portal.web.fields import Problems, refuse
from portal.web.organiser import (
    SESSION_KEY,
    browser,
    home,
    office,
    open_door,
    place,
    sign_in,
    signed_in_organiser,
)
from portal.web.paths import local_path
from portal.web.security import WITH_SCRIPTS

blueprint = Blueprint("accounts", __name__, url_prefix="/admin")


@blueprint.after_request
def with_scripts(answer: AnyResponse) -> AnyResponse:
    """These pages run a script of ours, for passkeys."""
    answer.headers["Content-Security-Policy"] = WITH_SCRIPTS
    return answer


def claimed_address() -> str:
    """The account that somebody tries to open, whoever they are."""
    address = request.form.get("email", "").strip()
    return email_key(address) if is_address(address) else address.casefold()


def half_open_account() -> str:
    """The account whose password was right."""
    row = sign_in()
    return str(row.organiser_id) if row else ""


def failed(answer: AnyResponse) -> bool:
    """Only tries that fail are counted."""
    return answer.status_code != 303


@blueprint.get("/login")
def login() -> str | AnyResponse:
    """The sign-in form."""
    if organiser := signed_in_organiser():
        return redirect(home(organiser), 303)
    return _login_page(LoginForm())


@blueprint.post("/login", endpoint="sign_in")
@limiter.limit("10 per 15 minutes", key_func=claimed_address, deduct_when=failed)
@limiter.limit("30 per 15 minutes", deduct_when=failed)
def check_password() -> AnyResponse | tuple[str, int]:
    """Open an account, or its next step; the same answer to every wrong pair of address and password."""
    form = LoginForm()
    tried = sign_ins.authenticate(db.session(), (form.email.data or "").strip(), form.password.data or "")
    if not tried.opens or tried.organiser_id is None:
        with transaction(db.session()):
            sign_ins.failed(db.session(), tried.organiser_id, "password", browser(), now())
        return _login_page(
            form, [(form.email.id, _("This address and password do not belong together."))]
        ), 422
    with transaction(db.session()):
        token, _stage = sign_ins.begin(db.session(), tried.organiser_id, browser(), now())
    open_door(token)
    return redirect(_next_step(), 303)


@blueprint.get("/login/code")
def code() -> str | AnyResponse:
    """Ask for the second factor."""
    row = sign_in()
    if row is None or row.stage != sign_ins.CODE:
        return redirect(url_for("accounts.login"), 303)
    return _code_page(CodeForm())


@blueprint.post("/login/code")
@limiter.limit("5 per 15 minutes", key_func=half_open_account, deduct_when=failed)
@limiter.limit("30 per 15 minutes", deduct_when=failed)
def check_code() -> AnyResponse | tuple[str, int]:
    """The second factor: a code of the app, or a recovery code."""
    row, form = sign_in(), CodeForm()
    if row is None or row.stage != sign_ins.CODE:
        return redirect(url_for("accounts.login"), 303)
    organiser_id, keys = row.organiser_id, portal().settings.secret_keys
    with transaction(db.session()):
        if second_factor.check(office(organiser_id), keys, organiser_id, form.code.data or ""):
            token = sign_ins.complete(db.session(), session[SESSION_KEY], browser(), now())
        else:
            token = ""
            sign_ins.failed(db.session(), organiser_id, "code", browser(), now())
    if not token:
        wrong = _("This code does not count, or not any more. Wait for the next one in the app.")
        return _code_page(form, refuse(form.code, wrong)), 422
    open_door(token)
    return redirect(_next_step(), 303)


@blueprint.post("/login/passkey/options")
@limiter.limit("60 per 15 minutes")
def passkey_options() -> Response:
    """What the browser has to ask a passkey."""
    with transaction(db.session()):
        options = passkeys.ask_to_sign(db.session(), place(), now())
    return Response(options, content_type="application/json")


@blueprint.post("/login/passkey")
@limiter.limit("30 per 15 minutes", deduct_when=lambda answer: answer.status_code != 200)
def check_passkey() -> Response | tuple[Response, int]:
    """A passkey is two factors: no more is asked."""
    half = session.get(SESSION_KEY)
    try:
        with transaction(db.session()):
            organiser_id = passkeys.whose(db.session(), place(), sent.body(), now())
            token = sign_ins.sign_in(db.session(), organiser_id, browser(), now())
            if half:
                sign_ins.sign_out(db.session(), half)
    except CodeRefused:
        with transaction(db.session()):
            sign_ins.failed(db.session(), None, "passkey", browser(), now())
        return jsonify(wrong=_("This passkey is not known here.")), 422
    open_door(token)
    return jsonify(to=_next_step())


@blueprint.post("/logout")
def logout() -> AnyResponse:
    """End this sign-in."""
    if token := session.get(SESSION_KEY):
        with transaction(db.session()):
            sign_ins.sign_out(db.session(), token)
    session.clear()
    answer = redirect(url_for("events.agenda"), 303)
    # With the list that the door page keeps for when there is no connection.
    answer.headers["Clear-Site-Data"] = '"storage"'
    return answer


def _next_step() -> str:
    """Where a sign-in leads: to what was asked for, or to what is still to come first."""
    row, asked = sign_in(), request.args.get("next", "")
    if row is None or row.stage == sign_ins.SET_UP:
        return url_for("factors.app")
    if row.stage == sign_ins.CODE:
        return url_for("accounts.code", next=asked or None)
    return local_path(asked, home(row.organiser))


def _login_page(form: LoginForm, problems: Problems | None = None) -> str:
    return render_template("accounts/login.html", form=form, problems=problems or [], script=_script())


def _code_page(form: CodeForm, problems: Problems | None = None) -> str:
    row = sign_in()
    return render_template(
        "accounts/code.html",
        form=form,
        problems=problems or [],
        app=bool(row and row.organiser.totp_secret),
        script=_script(),
    )


def _script() -> str:
    """The script for passkeys, where there can be any."""
    return scripts.url("accounts/passkey") if place().possible else ""

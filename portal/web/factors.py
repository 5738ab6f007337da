"""Everybody's own second factor: the app, passkeys, recovery codes."""

from typing import Any

import segno
from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, session, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import passkeys, second_factor, sign_ins
from portal.domain.errors import AccountRefused, CodeRefused
from portal.domain.second_factor import Offer
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web import scripts, sent
from portal.web.account_forms import CodeForm
from portal.web.extensions import db, limiter, now, portal, site
from portal.web.fields import Problems, refuse
from portal.web.organiser import (
    SESSION_KEY,
    browser,
    office,
    open_door,
    place,
    require_freshness,
    require_organiser,
    this_sign_in,
)
from portal.web.security import WITH_SCRIPTS

blueprint = Blueprint("factors", __name__, url_prefix="/admin/me")
blueprint.before_request(require_organiser)
blueprint.before_request(require_freshness)


@blueprint.after_request
def with_scripts(answer: AnyResponse) -> AnyResponse:
    """These pages run a script of ours, for passkeys."""
    answer.headers["Content-Security-Policy"] = WITH_SCRIPTS
    return answer


@blueprint.get("/app")
def app() -> str:
    """The code that an app reads, and the way to show that it did."""
    return _app_page(CodeForm())


@blueprint.post("/app")
@limiter.limit("20 per 15 minutes")
def turn_on() -> str | AnyResponse | tuple[str, int]:
    """The app counts, once it has shown a right code."""
    form, keys, row = CodeForm(), portal().settings.secret_keys, this_sign_in()
    organiser_id, this_one, sealed = row.organiser_id, row.token_hash, request.form.get("sealed", "")
    try:
        with transaction(db.session()):
            code = "".join((form.code.data or "").split())
            codes = second_factor.turn_on(
                office(organiser_id), keys, organiser_id, sealed, code, this_one=this_one
            )
            token = _completed()
    except CodeRefused:
        wrong = _(
            "This is not the code that the app shows now. Look whether your telephone's clock is right."
        )
        return _app_page(form, sealed, refuse(form.code, wrong)), 422
    _go_on(token)
    if codes:
        return render_template("me/codes.html", codes=codes, number=len(codes))
    return _back(_("The app counts from now on."))


@blueprint.post("/app/off")
def turn_off() -> AnyResponse:
    """The app counts no more."""
    row = this_sign_in()
    organiser_id, this_one = row.organiser_id, row.token_hash
    try:
        with transaction(db.session()):
            second_factor.turn_off(office(organiser_id), organiser_id, this_one=this_one)
    except AccountRefused:
        return _back(_last_factor(), "wrong")
    return _back(_("The app counts no more."))


@blueprint.get("/recovery-codes")
def codes() -> str:
    """How many are left, and the way to new ones."""
    number = second_factor.number_of_codes(db.session(), this_sign_in().organiser_id)
    return render_template("me/codes.html", codes=[], number=number)


@blueprint.post("/recovery-codes")
def new_codes() -> str | AnyResponse:
    """New ones, shown this once, for who has something that they stand in for."""
    organiser_id = this_sign_in().organiser_id
    if not second_factor.has(db.session(), this_sign_in().organiser):
        return redirect(url_for("me.overview"), 303)
    with transaction(db.session()):
        codes = second_factor.new_codes(office(organiser_id), organiser_id)
    return render_template("me/codes.html", codes=codes, number=len(codes))


@blueprint.post("/passkeys/options")
def passkey_options() -> Response:
    """What the browser has to ask a device to make a passkey."""
    organiser_id = this_sign_in().organiser_id
    with transaction(db.session()):
        options = passkeys.ask_for_new(db.session(), organiser_id, place(), now())
    return Response(options, content_type="application/json")


@blueprint.post("/passkeys")
def add_passkey() -> Response | tuple[Response, int]:
    """Keep the passkey that was made."""
    row, answer = this_sign_in(), sent.body()
    organiser_id, this_one = row.organiser_id, row.token_hash
    try:
        with transaction(db.session()):
            name = browser().device or _("a device")
            passkeys.add(office(organiser_id), organiser_id, place(), answer, name, this_one=this_one)
            none_left = not second_factor.number_of_codes(db.session(), organiser_id)
            token = _completed()
    except CodeRefused:
        return jsonify(wrong=_("The passkey was not made. Try it once more.")), 422
    _go_on(token)
    flash(_("The passkey counts from now on."), "done")
    return jsonify(to=url_for("factors.codes" if none_left else "me.overview"))


@blueprint.post("/passkeys/<int:passkey_id>/remove")
def remove_passkey(passkey_id: int) -> AnyResponse:
    """Forget a passkey."""
    row = this_sign_in()
    organiser_id, this_one = row.organiser_id, row.token_hash
    try:
        with transaction(db.session()):
            passkeys.remove(office(organiser_id), organiser_id, passkey_id, this_one=this_one)
    except AccountRefused:
        return _back(_last_factor(), "wrong")
    return _back(_("The passkey counts no more."))


def _completed() -> str:
    """Who had to set a second factor up, is signed in now: the new token; empty for who was already."""
    row = this_sign_in()
    if row.stage == sign_ins.IN:
        return ""
    return sign_ins.complete(db.session(), session[SESSION_KEY], browser(), now())


def _go_on(token: str) -> None:
    if token:
        open_door(token)


def _last_factor() -> str:
    return _("Everybody has to have a second factor here. Add another one first.")


def _back(said: str, kind: str = "done") -> AnyResponse:
    flash(said, kind)
    return redirect(url_for("me.overview"), 303)


def _app_page(form: CodeForm, sealed: str = "", problems: Problems | None = None) -> str:
    row = this_sign_in()
    offered = second_factor.offer(portal().settings.secret_keys, row.organiser, site().name, sealed)
    return render_template(
        "me/app.html",
        form=form,
        problems=problems or [],
        offered=offered,
        code=_picture(offered),
        has_to=row.stage == sign_ins.SET_UP,
        has_app=bool(row.organiser.totp_secret),
        script=scripts.url("accounts/passkey") if place().possible else "",
    )


def _picture(offered: Offer) -> Markup:
    """The code that an app reads, dark on white whatever the page's colours: a camera wants it so."""
    drawn: Any = segno.make(offered.uri, error="m")
    svg = drawn.svg_inline(
        border=4,
        dark="#000",
        light="#fff",
        omitsize=True,
        svgclass="transfer-qr",
        title=_("QR code for your app"),
    )
    return Markup(svg)  # noqa: S704  # segno's own, title escaped

"""Everybody's own account: the password, and where they are signed in."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain import passkeys, passwords, second_factor, sign_ins
from portal.domain.accounts import words_about
from portal.domain.errors import PasswordRefused
from portal.i18n import gettext as _
from portal.i18n import ngettext
from portal.storage.database import transaction
from portal.web import scripts
from portal.web.account_forms import PasswordForm, password_words
from portal.web.extensions import db, limiter, now
from portal.web.fields import Problems, refuse
from portal.web.organiser import SESSION_KEY, browser, me, office, place, require_organiser, this_sign_in
from portal.web.paths import local_path
from portal.web.security import WITH_SCRIPTS

blueprint = Blueprint("me", __name__, url_prefix="/admin/me")
blueprint.before_request(require_organiser)


def whose() -> str:
    """The account whose password somebody says to know."""
    return str(me().id)


@blueprint.after_request
def with_scripts(answer: Response) -> Response:
    """This page runs a script of ours, for passkeys."""
    answer.headers["Content-Security-Policy"] = WITH_SCRIPTS
    return answer


@blueprint.get("")
def overview() -> str:
    """How somebody signs in, where they are signed in, and who tried."""
    return _page(PasswordForm())


@blueprint.post("/password")
@limiter.limit("10 per 15 minutes", key_func=whose, deduct_when=lambda answer: answer.status_code != 303)
def password() -> Response | tuple[str, int]:
    """Another password; all other sign-ins end."""
    form, organiser = PasswordForm(), me()
    if not passwords.right(form.current.data or "", organiser.password_hash):
        with transaction(db.session()):
            sign_ins.failed(db.session(), organiser.id, "password", browser(), now())
        return _page(form, refuse(form.current, _("This is not your password."))), 422
    try:
        chosen = passwords.chosen(form.password.data or "", words_about(organiser))
    except PasswordRefused as refused:
        return _page(form, refuse(form.password, password_words(refused.kind))), 422
    organiser_id, this_one = organiser.id, this_sign_in().token_hash
    with transaction(db.session()):
        desk = office(organiser_id)
        account = desk.account(organiser_id)
        account.password_hash = chosen
        second_factor.changed(desk, account, "password", this_one)
    return _back(_("Your password is another one, and you are signed out everywhere else."))


@blueprint.post("/sign-ins/end")
def end() -> Response:
    """End some sign-ins, or all but this one."""
    organiser_id, this_one = me().id, this_sign_in().token_hash
    with transaction(db.session()):
        theirs = [row.token_hash for row in sign_ins.of(db.session(), organiser_id, now())]
        asked = request.form.getlist("sign_in") if "all" not in request.form else theirs
        ended = [one for one in theirs if one in asked and one != this_one]
        number = sign_ins.end(office(organiser_id), organiser_id, ended)
    return _back(
        ngettext("%(number)d sign-in was ended.", "%(number)d sign-ins were ended.", number)
        % {"number": number}
    )


@blueprint.get("/confirm")
def confirm() -> str:
    """Ask whether it is still they, before they change how they sign in."""
    return _confirm_page(PasswordForm())


@blueprint.post("/confirm")
@limiter.limit("10 per 15 minutes", key_func=whose, deduct_when=lambda answer: answer.status_code != 303)
def do_confirm() -> Response | tuple[str, int]:
    """It is they."""
    form, organiser = PasswordForm(), me()
    organiser_id = organiser.id
    right = passwords.right(form.current.data or "", organiser.password_hash)
    with transaction(db.session()):
        if right:
            sign_ins.confirm(db.session(), session[SESSION_KEY], now())
        else:
            sign_ins.failed(db.session(), organiser_id, "password", browser(), now())
    if not right:
        return _confirm_page(form, refuse(form.current, _("This is not your password."))), 422
    return redirect(local_path(request.args.get("next", ""), url_for("me.overview")), 303)


def _confirm_page(form: PasswordForm, problems: Problems | None = None) -> str:
    return render_template("me/confirm.html", form=form, problems=problems or [])


def _back(said: str) -> Response:
    flash(said, "done")
    return redirect(url_for("me.overview"), 303)


def _page(form: PasswordForm, problems: Problems | None = None) -> str:
    organiser, database = me(), db.session()
    return render_template(
        "me/overview.html",
        form=form,
        problems=problems or [],
        account=organiser,
        passkeys=passkeys.of(database, organiser.id),
        possible=place().possible,
        script=scripts.url("accounts/passkey") if place().possible else "",
        codes=second_factor.number_of_codes(database, organiser.id),
        sign_ins=sign_ins.of(database, organiser.id, now()),
        this_one=this_sign_in().token_hash,
        history=sign_ins.history(database, organiser.id, now()),
    )

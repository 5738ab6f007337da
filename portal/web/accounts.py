"""Organisers sign in and out."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain import accounts
from portal.domain.addresses import email_key, is_address
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web.extensions import db, limiter, now
from portal.web.forms import LoginForm
from portal.web.organiser import SESSION_KEY, signed_in_organiser
from portal.web.paths import local_path

blueprint = Blueprint("accounts", __name__, url_prefix="/admin")


def claimed_address() -> str:
    """The account that somebody tries to open, whoever they are."""
    address = request.form.get("email", "").strip()
    return email_key(address) if is_address(address) else address.casefold()


def failed(answer: Response) -> bool:
    """Only tries that fail are counted."""
    return answer.status_code != 303


@blueprint.get("/login")
def login() -> str | Response:
    """The sign-in form."""
    if signed_in_organiser():
        return redirect(url_for("admin.overview"), 303)
    return render_template("accounts/login.html", form=LoginForm(), problems=[], notice="")


@blueprint.post("/login")
@limiter.limit("10 per 15 minutes", key_func=claimed_address, deduct_when=failed)
@limiter.limit("30 per 15 minutes", deduct_when=failed)
def sign_in() -> Response | tuple[str, int]:
    """Open an account; the same answer to every wrong pair of address and password."""
    form = LoginForm()
    session_db = db.session()
    organiser = accounts.authenticate(session_db, (form.email.data or "").strip(), form.password.data or "")
    if organiser is None:
        wrong = _("This address and password do not belong together.")
        page = render_template("accounts/login.html", form=form, problems=[(form.email.id, wrong)], notice="")
        return page, 422
    organiser_id = organiser.id
    with transaction(session_db):
        token = accounts.sign_in(session_db, organiser_id, now())
    # A new session for a new person: nothing of what this browser had before stays (session fixation).
    session.clear()
    session[SESSION_KEY] = token
    return redirect(local_path(request.args.get("next", ""), url_for("admin.overview")), 303)


@blueprint.post("/logout")
def logout() -> Response:
    """End this sign-in."""
    if token := session.get(SESSION_KEY):
        with transaction(db.session()):
            accounts.sign_out(db.session(), token)
    session.clear()
    return redirect(url_for("events.agenda"), 303)

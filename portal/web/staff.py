"""Owners look after accounts: who has one, what they may, and what became of it."""

from collections.abc import Callable

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from portal.domain import account_links, accounts, audit, second_factor, undelivered
from portal.domain.accounts import Office
from portal.domain.errors import AccountRefused
from portal.domain.typed import whole_number
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.storage.models import Organiser
from portal.web.account_forms import account_form
from portal.web.extensions import db, limiter
from portal.web.fields import Problems, first_problems, refuse
from portal.web.known import coming_events, titles
from portal.web.organiser import me, office, require_organiser

blueprint = Blueprint("staff", __name__, url_prefix="/admin/accounts")
blueprint.before_request(require_organiser)


@blueprint.get("")
def overview() -> str:
    """All accounts, and the way to a new one."""
    return _page(account_form(coming_events(me())))


@blueprint.post("")
@limiter.limit("60 per hour")
def invite() -> Response | tuple[str, int]:
    """A new account, and the letter that opens it."""
    form = account_form(coming_events(me()))
    if not form.validate():
        return _page(form, first_problems(form)), 422
    address = (form.email.data or "").strip()
    try:
        with transaction(db.session()):
            account_links.invite(office(_own_id()), address, form.role.data, _ticked(form))
    except AccountRefused as refused:
        field = form.role if refused.kind == "events" else form.email
        return _page(form, refuse(field, _refusal(refused.kind))), 422
    return _back(_("An invitation is on its way to %(address)s.") % {"address": address})


@blueprint.post("/rule")
def rule() -> Response:
    """Decide whether everybody has to have a second factor."""
    everybody = "required" in request.form
    with transaction(db.session()):
        second_factor.require(office(_own_id()), everybody)
    said = (
        _("Everybody has to have a second factor from now on.")
        if everybody
        else _("A second factor is up to everybody.")
    )
    return _back(said)


@blueprint.get("/log")
def log() -> str:
    """What became of accounts, the newest first."""
    subject_id = whole_number(request.args.get("account"))
    page = audit.page(db.session(), whole_number(request.args.get("page")) or 1, subject_id)
    return render_template(
        "staff/log.html",
        page=page,
        titles=titles(),
        standings=accounts.standings,
        url=lambda **changes: url_for("staff.log", account=subject_id, **changes),
    )


@blueprint.get("/<int:account_id>")
def account(account_id: int) -> str:
    """One account."""
    organiser = _account_or_404(account_id)
    return _account_page(organiser, account_form(coming_events(me()), organiser))


@blueprint.post("/<int:account_id>")
def change(account_id: int) -> Response | tuple[str, int]:
    """Another role, other events."""
    organiser = _account_or_404(account_id)
    form = account_form(coming_events(me()), organiser)
    if not form.validate():
        return _account_page(organiser, form, first_problems(form)), 422
    try:
        with transaction(db.session()):
            accounts.change(office(_own_id()), account_id, form.role.data, _ticked(form))
    except AccountRefused as refused:
        problems = refuse(form.role, _refusal(refused.kind))
        return _account_page(_account_or_404(account_id), form, problems), 422
    return _back(_("The account is changed."), account_id)


@blueprint.post("/<int:account_id>/<any(close, enable, link, sign_out, factor):what>")
def act(account_id: int, what: str) -> Response:
    """One of the buttons beside an account."""
    _account_or_404(account_id)
    do, said = _acts()[what]
    try:
        with transaction(db.session()):
            do(office(_own_id()), account_id)
    except AccountRefused as refused:
        return _back(_refusal(refused.kind), account_id, "wrong")
    return _back(said, account_id)


def _acts() -> dict[str, tuple[Callable[[Office, int], object], str]]:
    return {
        "close": (accounts.close, _("The account is closed and signed out everywhere.")),
        "enable": (accounts.enable, _("The account is open again.")),
        "link": (account_links.remind, _("A letter with a link is on its way.")),
        "sign_out": (accounts.sign_out_everywhere, _("They are signed out everywhere.")),
        "factor": (
            second_factor.strip,
            _("They have no second factor any more, and are signed out everywhere."),
        ),
    }


def _refusal(kind: str) -> str:
    return {
        "address": _("Fill in one complete e-mail address, such as name@school.be."),
        "known": _("There is an account for this address already."),
        "events": _("An owner has all events. Tick none, or choose another role."),
        "last_owner": _("There would be no owner left. Make somebody else an owner first."),
        "gone": _("That cannot be done to a closed account."),
    }[kind]


def _own_id() -> int:
    return me().id


def _ticked(form: object) -> list[str]:
    field = getattr(form, "events", None)
    return list(field.data or []) if field is not None else []


def _account_or_404(account_id: int) -> Organiser:
    organiser = db.session().get(Organiser, account_id)
    if organiser is None:
        abort(404)
    return organiser


def _page(form: object, problems: Problems | None = None) -> str:
    session = db.session()
    return render_template(
        "staff/overview.html",
        form=form,
        problems=problems or [],
        accounts=accounts.everybody(session),
        titles=titles(),
        with_factor=second_factor.who_has(session),
        required=second_factor.required(session),
        undelivered=undelivered.to_accounts(session),
    )


def _account_page(organiser: Organiser, form: object, problems: Problems | None = None) -> str:
    return render_template(
        "staff/account.html",
        account=organiser,
        form=form,
        problems=problems or [],
        factor=second_factor.has(db.session(), organiser),
        entries=audit.page(db.session(), 1, organiser.id).entries[:10],
        titles=titles(),
        standings=accounts.standings,
    )


def _back(said: str, account_id: int | None = None, kind: str = "done") -> Response:
    flash(said, kind)
    to = url_for("staff.account", account_id=account_id) if account_id else url_for("staff.overview")
    return redirect(to, 303)

"""Owners look after the tokens with which programs read the API: made, listed, revoked."""

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.domain import api_tokens
from portal.domain.errors import AccountRefused
from portal.i18n import gettext as _
from portal.storage.database import transaction
from portal.web.account_forms import token_form
from portal.web.extensions import db, limiter, now, portal, site
from portal.web.fields import Problems, first_problems, refuse
from portal.web.known import coming_events, titles
from portal.web.organiser import me, office, require_freshness, require_organiser

blueprint = Blueprint("api_tokens", __name__, url_prefix="/admin/api")
blueprint.before_request(require_organiser)
blueprint.before_request(require_freshness)


@blueprint.get("")
def overview() -> str:
    """All tokens, and the way to a new one."""
    return _page(token_form(coming_events(me())))


@blueprint.post("")
@limiter.limit("60 per hour")
def make() -> str | tuple[str, int]:
    """A new token, shown this once."""
    form, organiser_id = token_form(coming_events(me())), me().id
    if not form.validate():
        return _page(form, first_problems(form)), 422
    events = form.events.data or [] if "events" in form else []
    try:
        with transaction(db.session()):
            token = api_tokens.make(
                office(organiser_id),
                organiser_id,
                form.name.data,
                form.scopes.data,
                events,
                _end_of(form.last_day.data),
            )
    except AccountRefused as refused:
        field = {"name": form.name, "scopes": form.scopes, "expires": form.last_day}[refused.kind]
        return _page(form, refuse(field, _refusal(refused.kind))), 422
    return render_template("api_tokens/made.html", token=token, base_url=portal().settings.base_url)


@blueprint.post("/<int:token_id>/revoke")
def revoke(token_id: int) -> Response:
    """The token opens nothing any more."""
    organiser_id = me().id
    try:
        with transaction(db.session()):
            api_tokens.revoke(office(organiser_id), token_id)
    except AccountRefused:
        flash(_("Somebody has revoked this token already."), "wrong")
    else:
        flash(_("The token is revoked: from now on it opens nothing."), "done")
    return redirect(url_for("api_tokens.overview"), 303)


def _page(form: Any, problems: Problems | None = None) -> str:
    return render_template(
        "api_tokens/overview.html",
        form=form,
        problems=problems or [],
        tokens=api_tokens.all_of_them(db.session()),
        works=lambda token: api_tokens.works(token, now()),
        titles=titles(),
    )


def _end_of(last_day: date | None) -> datetime | None:
    """Midnight at the end of a day, where the organisation is."""
    if last_day is None or last_day == date.max:
        return None
    return datetime.combine(last_day + timedelta(days=1), time(), site().timezone)


def _refusal(kind: str) -> str:
    return {
        "name": _("Give it a name of at most a hundred characters."),
        "scopes": _("Tick what it may read."),
        "expires": _("Choose a day that is still to come, or none."),
    }[kind]

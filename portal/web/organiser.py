"""The organiser who is signed in in this browser, and what they may see."""

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain import accounts
from portal.storage.database import transaction
from portal.storage.models import DOOR, Organiser
from portal.web.extensions import db, now

SESSION_KEY = "organiser"


def signed_in_organiser() -> Organiser | None:
    """The account signed in in this browser; asked of the database once a request, and only with a cookie."""
    # Looking into the session would make each public page depend on it.
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies or SESSION_KEY not in session:
        return None
    if "organiser" not in g:
        token = session[SESSION_KEY]
        found = accounts.signed_in(db.session(), token, now())
        if found and now() >= found.seen_at + accounts.SEEN_EVERY:
            with transaction(db.session()):
                accounts.used(db.session(), token, now())
        g.organiser = found.organiser if found else None
    organiser: Organiser | None = g.organiser
    return organiser


def require_organiser() -> Response | None:
    """Before each page of the organisers' side: who is not signed in is asked to, who may not is refused."""
    organiser = signed_in_organiser()
    if organiser is None:
        return redirect(url_for("accounts.login", next=request.full_path.rstrip("?")), 303)
    slug = (request.view_args or {}).get("slug")
    if organiser.role == DOOR or (slug is not None and not organiser.may_see(slug)):
        abort(403)
    return None

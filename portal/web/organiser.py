"""The organiser who is signed in in this browser, and what they may see: decided here for every page of theirs."""

from flask import abort, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response

from portal.domain import audit, sign_ins
from portal.domain.accounts import Office
from portal.domain.audit import By
from portal.domain.desk import Actor
from portal.domain.passkeys import Place
from portal.domain.sign_ins import Browser
from portal.formats.user_agent import device
from portal.storage.database import transaction
from portal.storage.models import DOOR, ORGANISER, OWNER, Organiser, OrganiserSession
from portal.web.desk import letter_writer
from portal.web.extensions import db, now, portal, site

SESSION_KEY = "organiser"

OFFICE = frozenset({OWNER, ORGANISER})
EVERYBODY = OFFICE | {DOOR}
OWNERS = frozenset({OWNER})
ROOMS = {"door": EVERYBODY, "me": EVERYBODY, "factors": EVERYBODY, "staff": OWNERS, "api_tokens": OWNERS}
"""Which roles a blueprint of the organisers' side is for; one that is not named is for the office alone."""

WHOLE_HOUSE = frozenset(
    {
        "admin.payments",
        "admin.import_statement",
        "admin.decide",
        "admin.privacy",
        "admin.data_of_person",
        "admin.erase_person",
    }
)
"""What is about all events at once, and so not for who is bound to some."""

SETTING_UP = frozenset({"factors.app", "factors.turn_on", "factors.passkey_options", "factors.add_passkey"})
"""All that somebody sees who has to set up a second factor first."""


def sign_in() -> OrganiserSession | None:
    """This browser's sign-in, also when it is only half way; asked of the database once a request, and only with a
    cookie."""
    # Looking into the session would make each public page depend on it.
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies or SESSION_KEY not in session:
        return None
    if "sign_in" not in g:
        token = session[SESSION_KEY]
        found = sign_ins.current(db.session(), token, now())
        if found and now() >= found.seen_at + sign_ins.SEEN_EVERY:
            with transaction(db.session()):
                sign_ins.used(db.session(), token, now())
        g.sign_in = found
    row: OrganiserSession | None = g.sign_in
    return row


def signed_in_organiser() -> Organiser | None:
    """The account signed in in this browser."""
    row = sign_in()
    return row.organiser if row and row.stage == sign_ins.IN else None


def require_organiser() -> Response | None:
    """Before each page of the organisers' side: who is not signed in is asked to, who may not is refused.

    The role decides on the blueprint, the account's events on the ``slug`` in the address.
    """
    row = sign_in()
    if row is not None and row.stage == sign_ins.SET_UP:
        return None if request.endpoint in SETTING_UP else redirect(url_for("factors.app"), 303)
    organiser = signed_in_organiser()
    if organiser is None:
        asked = request.full_path.rstrip("?") if request.method == "GET" else None
        # Where the front door leads depends on who it turns out to be.
        to = None if asked == url_for("admin.overview") else asked
        return redirect(url_for("accounts.login", next=to), 303)
    slug = (request.view_args or {}).get("slug")
    if organiser.role not in ROOMS.get(request.blueprint or "", OFFICE):
        abort(403)
    if slug is not None and not organiser.may_see(slug):
        abort(403)
    if organiser.events and request.endpoint in WHOLE_HOUSE:
        abort(403)
    return None


def require_freshness() -> Response | None:
    """Before pages that give lasting access: who was signed in for a while shows once more that it is they."""
    row = this_sign_in()
    if row.stage == sign_ins.SET_UP or sign_ins.is_fresh(row, now()):
        return None
    to = request.path if request.method == "GET" else None
    return redirect(url_for("me.confirm", next=to), 303)


def home(organiser: Organiser | None) -> str:
    """The address of the page on which somebody's day begins."""
    return url_for("door.events" if organiser and organiser.role == DOOR else "admin.overview")


def this_sign_in() -> OrganiserSession:
    """This browser's sign-in, behind ``require_organiser``."""
    row = sign_in()
    assert row is not None, "require_organiser let us in"  # noqa: S101
    return row


def me() -> Organiser:
    """The signed-in organiser, behind ``require_organiser``."""
    return this_sign_in().organiser


def actor() -> Actor:
    """The signed-in organiser as the one who does something."""
    return Actor("organiser", me().id)


def place() -> Place:
    """Our address, for which passkeys are made."""
    return Place(portal().settings.base_url, site().name)


def browser() -> Browser:
    """From where this request comes."""
    return Browser(device(request.user_agent.string), audit.network(request.remote_addr))


def office(organiser_id: int | None) -> Office:
    """Where accounts are changed, by this organiser, inside this request's transaction."""
    by = By("organiser" if organiser_id else "nobody", organiser_id, browser().client)
    return Office(db.session(), now(), by, letter_writer())


def open_door(token: str) -> None:
    """Give the browser its sign-in. A new session for a new person: nothing of what it had before stays (session
    fixation)."""
    session.clear()
    session[SESSION_KEY] = token
    g.pop("sign_in", None)

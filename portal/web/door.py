"""At the door: a page for a phone, which goes on working when the connection drops."""

import gzip
import json
import re
import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Response as AnyResponse

from portal.domain import checkin
from portal.domain.checkin import Guest, Outcome, Tap
from portal.domain.typed import whole_number
from portal.i18n import gettext as _
from portal.i18n import ngettext
from portal.storage.database import transaction
from portal.web import scripts, sent
from portal.web.extensions import db, now, portal, site
from portal.web.known import event_or_404
from portal.web.organiser import me, require_organiser
from portal.web.security import HEADERS, WITH_SCRIPTS
from portal.web.stylesheet import desk_stylesheet_url, stylesheet_url

blueprint = Blueprint("door", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)

URL = "/events/<slug>/door"
PAGE_SIZE = 50
"""People on a page without scripts; with them the phone has them all."""
LOOK_AGAIN = timedelta(seconds=4)
TAP_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
LONGEST_AGO = timedelta(days=31) // timedelta(milliseconds=1)


@dataclass(frozen=True)
class Page:
    """A page of the list; ``number`` counts from 1 and is never past the end."""

    rows: list[Guest]
    number: int
    pages: int

    @classmethod
    def of(cls, people: list[Guest], number: int) -> "Page":
        pages = max(1, -(-len(people) // PAGE_SIZE))
        number = min(max(1, number), pages)
        return cls(people[(number - 1) * PAGE_SIZE : number * PAGE_SIZE], number, pages)


@blueprint.after_request
def with_scripts(answer: AnyResponse) -> AnyResponse:
    """These pages run scripts of ours, and may ask for the camera."""
    answer.headers["Content-Security-Policy"] = WITH_SCRIPTS
    answer.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("camera=()", "camera=(self)")
    return answer


@blueprint.get("/door")
def events() -> str:
    """Which doors there are today, and in the next days."""
    organiser = me()
    all_events = portal().catalogue.snapshot.events.values()
    today, soon = checkin.coming(all_events, organiser, now(), site().timezone)
    return render_template(
        "door/events.html",
        today=today,
        soon=soon,
        account={"account": organiser.id},
        script=scripts.url("door/sweep"),
    )


@blueprint.get(URL)
def page(slug: str) -> str:
    """The list at the door. With ``kept`` nobody is on it: so a phone keeps it, beside its own list."""
    event, title = event_or_404(slug)
    shell = "kept" in request.args
    people = [] if shell else checkin.guests(db.session(), slug)
    q, show, number = _asked()
    found = checkin.found(people, q, show)
    return render_template(
        "door/page.html",
        slug=slug,
        event=event,
        event_title=title,
        shell=shell,
        page=Page.of(found, number),
        total=len(found),
        counts=Counter(guest.standing for guest in people),
        q=q,
        show=show,
        url=lambda **changes: _url(slug, **{"q": q, "show": show} | changes),
        script=scripts.url("door/page"),
        facts=_facts(slug),
    )


@blueprint.get(f"{URL}/list")
def people(slug: str) -> Response:
    """Everybody, for the phone to keep; 304 for who has them already."""
    event_or_404(slug)
    rows = [
        [
            guest.code,
            guest.first_name,
            guest.last_name,
            guest.ticket,
            guest.school,
            guest.status,
            _milliseconds(guest.since),
        ]
        for guest in checkin.guests(db.session(), slug)
    ]
    kept_until = _milliseconds(checkin.kept_until(now(), site().timezone))
    text = json.dumps({"until": kept_until, "people": rows}, ensure_ascii=False, separators=(",", ":"))
    answer = Response(text, content_type="application/json")
    answer.set_etag(sha256(text.encode()).hexdigest()[:32])
    # The token of a page that was kept may be of another sign-in.
    answer.headers["X-CSRFToken"] = generate_csrf()
    answer.vary.add("Accept-Encoding")
    answer.make_conditional(request)
    if answer.status_code == 200 and request.accept_encodings["gzip"] > 0:
        answer.set_data(gzip.compress(text.encode(), 6, mtime=0))
        answer.content_encoding = "gzip"
    return answer


@blueprint.post(f"{URL}/taps")
def taps(slug: str) -> Response:
    """What was pressed on a phone, now or while it had no connection."""
    event_or_404(slug)
    sent = _taps()
    outcomes = _record(slug, sent)
    return jsonify(
        outcomes=[
            {
                "id": tap.id,
                "kind": outcome.kind,
                "since": _milliseconds(outcome.since),
                "before": _milliseconds(outcome.before),
            }
            for tap, outcome in zip(sent, outcomes, strict=True)
        ]
    )


@blueprint.post(URL)
def press(slug: str) -> AnyResponse:
    """One button, without scripts."""
    event_or_404(slug)
    action: checkin.Action = "in" if "in" in request.form else "out"
    code = request.form.get(action, "")
    (outcome,) = _record(slug, [Tap(secrets.token_hex(16), code, action)])
    names = {guest.code: guest.full_name for guest in checkin.guests(db.session(), slug)}
    flash(_said(outcome, action, names.get(code, code)), "done" if outcome.kind == "done" else "heed")
    q, show, number = _asked()
    return redirect(_url(slug, q=q, show=show, page=number), 303)


@blueprint.get(f"{URL}/worker.js")
def worker(slug: str) -> Response:
    """The service worker of this one page, which shows it when there is no connection."""
    module = scripts.script("door/worker")
    assert module is not None, "it is one of the modules"  # noqa: S101
    answer = Response(module.text, content_type="text/javascript; charset=utf-8")
    answer.headers["Service-Worker-Allowed"] = url_for("door.page", slug=slug)
    return answer


def _record(slug: str, sent: list[Tap]) -> list[Outcome]:
    organiser_id, event = me().id, portal().catalogue.snapshot.events.get(slug)
    with transaction(db.session()):
        return checkin.record(db.session(), slug, event, sent, organiser_id=organiser_id, now=now())


def _taps() -> list[Tap]:
    """The message of a phone: ``{"taps": [{"id", "code", "action", "ago"}]}``. 400 for any other."""
    match sent.body():
        case {"taps": [*taps]} if len(taps) <= checkin.MOST_AT_ONCE:
            return [_tap(one) for one in taps]
    raise BadRequest


def _tap(sent: object) -> Tap:
    """One of them. ``ago`` is how many milliseconds it was pressed before: so the phone's clock need not be right."""
    match sent:
        case {"id": str(id_), "code": str(code), "action": "in" | "out" as action, "ago": int(ago)} if (
            TAP_ID.fullmatch(id_)
        ):
            # A clock that was set meanwhile tells nothing; the tap counts all the same.
            told = 0 <= ago < LONGEST_AGO
            return Tap(id_, code, action, now() - timedelta(milliseconds=ago) if told else None)
    raise BadRequest


def _asked() -> tuple[str, str, int]:
    """What to search for, whom to show, and which page of them."""
    asked = request.values
    show = asked.get("show", "")
    return (
        "".join(letter for letter in asked.get("q", "") if letter.isprintable()).strip()[:200],
        show if show in ("expected", "here") else "",
        whole_number(asked.get("page")) or 1,
    )


def _url(slug: str, **asked: Any) -> str:
    if asked.get("page") == 1:
        del asked["page"]
    return url_for("door.page", slug=slug, **{name: value for name, value in asked.items() if value})


def _facts(slug: str) -> dict[str, Any]:
    """What the page's script has to know."""
    return {
        "slug": slug,
        "account": me().id,
        "list": url_for("door.people", slug=slug),
        "taps": url_for("door.taps", slug=slug),
        "worker": url_for("door.worker", slug=slug),
        "scope": url_for("door.page", slug=slug),
        "shell": url_for("door.page", slug=slug, kept=1),
        "files": [stylesheet_url(), desk_stylesheet_url(), *scripts.urls("door/")],
        "every": LOOK_AGAIN // timedelta(milliseconds=1),
        "zone": site().timezone.key,
        "words": _words(),
    }


def _words() -> dict[str, str]:
    """All that is said about what was pressed."""
    return {
        "in": _("%(name)s is in."),
        "out": _("%(name)s is out."),
        "already": _("%(name)s was in already, since %(time)s."),
        "overtaken": _("For %(name)s somebody pressed something else later; that stands."),
        "waitlisted": _("%(name)s is on the waiting list and has no place."),
        "cancelled": _("%(name)s has cancelled and has no place."),
        "unknown": _("Nobody here has the code %(name)s."),
        "here": _("%(here)s of %(all)s people are here"),
        "found": ngettext("%(number)s person in this list", "%(number)s people in this list", 2),
        "found_one": ngettext("%(number)s person in this list", "%(number)s people in this list", 1),
        "more": _("%(number)s more: search by name or school."),
        "offline": _("No connection. You can go on with the list on this phone."),
        "waiting": ngettext("%(number)s tap waits to be sent.", "%(number)s taps wait to be sent.", 2),
        "waiting_one": ngettext("%(number)s tap waits to be sent.", "%(number)s taps wait to be sent.", 1),
        "signed_out": _("You are signed out. Sign in again; what waits is sent then."),
        "refused": _("This door is no longer for your account."),
        "no_camera": _("The camera cannot be used. Allow it in the browser, or type the code."),
    }


def _said(outcome: Outcome, action: str, name: str) -> str:
    """What became of one button, in words."""
    words = _words()[action if outcome.kind == "done" else outcome.kind]
    time = outcome.before.astimezone(site().timezone).strftime("%H:%M") if outcome.before else ""
    return words % {"name": name, "time": time}


def _milliseconds(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)

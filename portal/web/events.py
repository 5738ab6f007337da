"""The public pages: agenda, event, calendar file, pictures, privacy, accessibility, language."""

from dataclasses import dataclass
from datetime import date
from itertools import groupby

from flask import Blueprint, abort, make_response, redirect, render_template, request, send_file, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import listing, places, taken
from portal.domain.places import Availability
from portal.domain.privacy import PRIVACY_VERSION
from portal.domain.typed import LONGEST_SEARCH
from portal.formats import calendar
from portal.i18n import LANGUAGES
from portal.web.event_page import calendar_entries, event_page
from portal.web.extensions import csrf, db, now, portal, site
from portal.web.kept import keep
from portal.web.languages import CHOICE_LASTS, cookie
from portal.web.notice import notice
from portal.web.paths import local_path
from portal.web.published import published_event
from portal.web.templating import subscription_url

blueprint = Blueprint("events", __name__)

DAY = 24 * 60 * 60
ACCESSIBILITY_LOOKED_AT = date(2026, 11, 24)
"""When the statement was last held against the pages; it changes with ``templates/events/accessibility.html``."""


@dataclass(frozen=True)
class AgendaEntry:
    """An event in the agenda and what may be said of its places."""

    event: Event
    availability: Availability


@blueprint.get("/")
def agenda() -> str:
    """The agenda: what is to come by date, or what is past, newest first."""
    past = request.args.get("past") == "1"
    q, language = request.args.get("q", "").strip()[:LONGEST_SEARCH], request.args.get("language", "")
    published = [e for e in portal().catalogue.snapshot.events.values() if e.status != "draft"]
    spoken = sorted({event.language for event in published})
    language_filter = language if language in spoken else ""
    shown = listing.chosen(
        published, now(), when="past" if past else "upcoming", language=language_filter, q=q
    )
    counted = taken.counted(db.session())
    keep(published, None, counted)
    everybody = taken.by_event(counted)
    entries = [AgendaEntry(e, places.availability(e, everybody[e.slug], now())) for e in shown]
    return render_template(
        "events/agenda.html",
        months=[(month, list(group)) for month, group in groupby(entries, _month)],
        past=past,
        q=q,
        calendar_feed=subscription_url(language_filter),
        language_filter=language_filter,
        event_languages=[(code, LANGUAGES.get(code, code)) for code in spoken],
        others_url=url_for(
            "events.agenda", past=None if past else "1", q=q or None, language=language or None
        ),
    )


@blueprint.get("/events/<slug>")
def event(slug: str) -> str:
    """One event."""
    shown = published_event(slug)
    counted = taken.counted(db.session(), slug)
    keep([shown], slug, counted)
    return event_page(shown, taken.summed(counted))


@blueprint.get("/events/<slug>.ics", endpoint="calendar")
def calendar_file(slug: str) -> Response:
    """The event for a calendar."""
    shown = published_event(slug)
    answer = make_response(calendar.calendar(calendar_entries([shown]), name=site().name, now=now()))
    answer.content_type = "text/calendar; charset=utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}.ics"'
    return answer


@blueprint.get("/images/<path:path>")
def image(path: str) -> Response:
    """A picture of the content."""
    file = portal().catalogue.image_file(path)
    if file is None:
        abort(404)
    answer = send_file(file, conditional=True, max_age=DAY)
    # A drawing opened by itself is a document: it may draw, and nothing else.
    answer.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; sandbox"
    )
    return answer


@blueprint.get("/privacy")
def privacy() -> str:
    """What is kept, why and how long."""
    return render_template("events/privacy.html", version=PRIVACY_VERSION, notice=notice())


@blueprint.get("/accessibility")
def accessibility() -> str:
    """How far everybody can use these pages, how that was looked at, and whom to tell when something is in the way."""
    return render_template("events/accessibility.html", looked_at=ACCESSIBILITY_LOOKED_AT)


@blueprint.post("/language/<code>")
@csrf.exempt  # it needs no session, and a forged one only changes the language of a page
def choose_language(code: str) -> Response:
    """Remember the visitor's language and go back to where they were."""
    if code not in site().languages:
        abort(404)
    answer = redirect(local_path(request.form.get("next", ""), url_for("events.agenda")), 303)
    answer.set_cookie(
        cookie(),
        code,
        max_age=CHOICE_LASTS,
        secure=portal().settings.secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _month(entry: AgendaEntry) -> date:
    return entry.event.starts.date().replace(day=1)

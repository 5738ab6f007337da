"""What other programs follow: the events as a calendar and as a feed, and what search engines read first.

They are the same for everybody, so anything between us and a reader may keep them for a while; and they are told to
whoever asks with ``If-None-Match`` that nothing is new.
"""

from datetime import datetime, time, timedelta

from flask import Blueprint, make_response, request, url_for
from werkzeug.wrappers import Response

from portal.content.event import Event
from portal.domain import words
from portal.formats import atom, calendar
from portal.i18n import LANGUAGES, set_language
from portal.i18n import gettext as _
from portal.web.event_page import calendar_entries
from portal.web.extensions import now, portal, site
from portal.web.templating import event_url

blueprint = Blueprint("feeds", __name__)

RECENT = timedelta(days=90)
"""How long an event stays in the feeds after it is over, so that who looks seldom sees what became of it."""

LOOK_AGAIN = timedelta(hours=4)
"""After how long a calendar is asked to look again."""

FRESH = timedelta(minutes=5)

PRIVATE = ("/admin", "/registrations/", "/embed/", "/events/*/signup")


@blueprint.get("/events.ics")
def calendar_feed() -> Response:
    """What is to come, and what was lately, for a calendar that looks again now and then."""
    entries = calendar_entries(_shown())
    file = calendar.calendar(entries, name=_name(), now=now(), again=LOOK_AGAIN)
    # Weak: each file says when it was made, and tells the same.
    return _answer(file, "text/calendar", calendar.same_facts(file), weak=True)


@blueprint.get("/events.atom")
def atom_feed() -> Response:
    """The same for who reads feeds, what changed last on top."""
    entries = sorted(
        (
            atom.Entry(
                url=event_url(event.slug),
                title=_title(event),
                summary=_summary(event),
                updated=min(portal().catalogue.changed_at(event) or now(), now()),
                language=event.language,
            )
            for event in _shown()
        ),
        key=lambda entry: entry.updated,
        reverse=True,
    )
    language = _language() or None
    feed = atom.Feed(
        url=_absolute("feeds.atom_feed", language=language),
        page=_absolute("events.agenda", language=language),
        title=_name(),
        author=site().name,
        language=site().languages[0],
        entries=entries,
    )
    return _answer(
        atom.feed(feed, otherwise=datetime.combine(now(), time(), now().tzinfo)), "application/atom+xml"
    )


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """Every page that search engines may show."""
    pages = [(_absolute("events.agenda"), None), (_absolute("events.privacy"), None)]
    events = [(event_url(event.slug), portal().catalogue.changed_at(event)) for event in _published()]
    return _answer(atom.sitemap([*pages, *events]), "application/xml")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """What they leave alone (RFC 9309): what is private, and forms."""
    left_alone = "".join(f"Disallow: {path}\n" for path in PRIVATE)
    text = f"User-agent: *\n{left_alone}\nSitemap: {_absolute('feeds.sitemap')}\n"
    return _answer(text.encode(), "text/plain")


def _published() -> list[Event]:
    return [event for event in portal().catalogue.snapshot.events.values() if event.status != "draft"]


def _shown() -> list[Event]:
    """The events of a feed by date; ``?language=`` leaves out those in others, as it does on the agenda. The words
    around them are the site's, whoever asks."""
    language = _language()
    set_language(language if language in site().languages else site().languages[0])
    shown = [
        event for event in _published() if event.over_at > now() - RECENT and language in ("", event.language)
    ]
    return sorted(shown, key=lambda event: (event.starts, event.slug))


def _language() -> str:
    """The language that is asked for; empty for all of them, and, as on the agenda, for one that no event is in."""
    asked = request.args.get("language", "")
    return asked if any(event.language == asked for event in _published()) else ""


def _name() -> str:
    language = _language()
    return f"{site().name} ({LANGUAGES.get(language, language)})" if language else site().name


def _title(event: Event) -> str:
    if event.status != "cancelled":
        return event.title
    return _("Cancelled – %(title)s") % {"title": event.title}


def _summary(event: Event) -> str:
    where = event.location or (_("Online") if event.online else "")
    facts = " · ".join(part for part in (words.when(event), where, words.price(event)) if part)
    return "\n\n".join(part for part in (facts, event.summary) if part)


def _absolute(endpoint: str, **values: str | None) -> str:
    return portal().settings.base_url + url_for(endpoint, **values)  # type: ignore[arg-type]


def _answer(body: bytes, kind: str, etag: str | None = None, *, weak: bool = False) -> Response:
    """The answer, or 304 for who has it; ``etag`` of the bytes themselves when none is given."""
    answer = make_response(body)
    answer.content_type = f"{kind}; charset=utf-8"
    answer.cache_control.public = True
    answer.cache_control.max_age = int(FRESH.total_seconds())
    if etag:
        answer.set_etag(etag, weak=weak)
    else:
        answer.add_etag()
    return answer.make_conditional(request)

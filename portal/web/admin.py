"""The organisers' side: what is coming, who comes, and the list to take away."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort, render_template, request, url_for

from portal.content.event import Event
from portal.domain import attendees, words
from portal.domain.attendees import Column, Filters
from portal.domain.overview import overview as look_over
from portal.formats import csv
from portal.i18n import gettext as _
from portal.storage.models import Attendee
from portal.web.extensions import db, now, portal, site
from portal.web.organiser import require_organiser, signed_in_organiser

blueprint = Blueprint("admin", __name__, url_prefix="/admin")
blueprint.before_request(require_organiser)

SHOWN = ("last_name", "first_name", "ticket", "status", "email", "school", "registered_at")
"""The columns of the page, beside the answers; the export has all."""


@dataclass(frozen=True)
class Heading:
    """A column of the page."""

    key: str
    label: str
    sortable: bool


@blueprint.get("/")
def overview() -> str:
    """What is coming, and how full it is."""
    organiser = signed_in_organiser()
    assert organiser is not None, "require_organiser let us in"  # noqa: S101
    past = request.args.get("past") == "1"
    snapshot = portal().catalogue.snapshot
    seen = look_over(db.session(), snapshot.events, organiser, now())
    return render_template(
        "admin/overview.html",
        rows=seen.past if past else seen.coming,
        orphans=seen.orphans,
        past=past,
        problems=snapshot.problems,
        other_url=url_for("admin.overview", past=None if past else 1),
    )


@blueprint.get("/events/<slug>/attendees", endpoint="attendees")
def attendee_list(slug: str) -> str:
    """Who comes: searched, filtered, sorted, a page at a time."""
    event, title = _event_or_404(slug)
    filters = _filters()
    session = db.session()
    columns = {c.key: c for c in attendees.columns(session, slug, event)}
    if event is not None and not event.tickets:
        del columns["ticket"]
    number = request.args.get("page", "1")
    return render_template(
        "admin/attendees.html",
        event=event,
        event_title=title,
        slug=slug,
        page=attendees.page(session, slug, filters, int(number) if number.isdecimal() else 1),
        columns=_headings(columns, event),
        cell=lambda heading, row: _shown(columns[heading.key], row),
        filters=filters,
        tickets=[(ticket.id, ticket.label) for ticket in event.tickets] if event else [],
        counts=attendees.counts(session, slug),
        url=lambda **changes: url_for("admin.attendees", slug=slug, **_query(filters, **changes)),
        csv_url=url_for("admin.attendees_csv", slug=slug, **_query(filters)),
        excel_url=url_for("admin.attendees_csv", slug=slug, dialect="excel", **_query(filters)),
    )


@blueprint.get("/events/<slug>/attendees.csv")
def attendees_csv(slug: str) -> Response:
    """The same list as a file, all of it."""
    event, _title = _event_or_404(slug)
    name = request.args.get("dialect", "rfc4180")
    if name not in csv.DIALECTS:
        abort(404)
    answer = Response(
        attendees.export(db.engine, slug, event, _filters(), csv.DIALECTS[name], site().timezone),
        content_type="text/csv; charset=utf-8",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-attendees.csv"'
    return answer


def _event_or_404(slug: str) -> tuple[Event | None, str]:
    """The event and its title; an event whose file is gone is still there when people signed up for it."""
    event = portal().catalogue.snapshot.events.get(slug)
    if event is not None:
        return event, event.title
    known = attendees.known(db.session(), slug)
    if known is None:
        abort(404)
    return None, known.title


def _filters() -> Filters:
    return Filters(
        q=request.args.get("q", "").strip()[:200],
        status=request.args.get("status", ""),
        ticket=request.args.get("ticket", ""),
        sort=request.args.get("sort", ""),
        descending=request.args.get("descending") == "1",
    )


def _query(filters: Filters, **changes: Any) -> dict[str, Any]:
    """The filters as the query of an address, shortest form; ``changes`` go before."""
    told = {
        "q": filters.q,
        "status": filters.status,
        "ticket": filters.ticket,
        "sort": filters.sort,
        "descending": "1" if filters.descending else "",
    }
    changes = {name: "1" if value is True else value or "" for name, value in changes.items()}
    return {name: value for name, value in (told | changes).items() if value}


def _headings(columns: dict[str, Column], event: Event | None) -> list[Heading]:
    labels = {
        "last_name": _("Last name"),
        "first_name": _("First name"),
        "ticket": _("Ticket"),
        "status": _("Status"),
        "email": _("E-mail address"),
        "school": _("School or organisation"),
        "registered_at": _("Signed up"),
    }
    questions = {question.name: question.label for question in event.questions} if event else {}
    for key in columns:
        if key.startswith("answer:"):
            name = key.removeprefix("answer:")
            labels[key] = questions.get(name, name)
    return [Heading(key, label, key in attendees.SORTABLE) for key, label in labels.items() if key in columns]


def _shown(column: Column, row: Attendee) -> str:
    """What stands in a cell of the page, in words."""
    match column.key:
        case "status":
            return {
                "confirmed": _("confirmed"),
                "waitlisted": _("waiting list"),
                "cancelled": _("cancelled"),
            }[row.status]
        case "ticket":
            return row.ticket_label
        case "registered_at":
            return words.short_moment(row.registration.created_at.astimezone(site().timezone))
    value = column.cell(row)
    if column.key.startswith("answer:") and value in ("yes", "no") and _is_a_tick(row, column.key):
        return _("yes") if value == "yes" else _("no")
    return "" if value is None else str(value)


def _is_a_tick(row: Attendee, key: str) -> bool:
    name = key.removeprefix("answer:")
    return any(a.name == name and a.type == "checkbox" for a in (*row.answers, *row.registration.answers))

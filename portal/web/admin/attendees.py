"""Who comes to an event: the list, searched and sorted, and the same list to take away."""

from dataclasses import dataclass
from typing import Any

from flask import Response, abort, render_template, request, url_for

from portal.content.event import Event
from portal.domain import attendees, words
from portal.domain.attendees import Column, Filters
from portal.formats import csv
from portal.i18n import gettext as _
from portal.storage.models import Attendee
from portal.web.admin import blueprint, event_or_404
from portal.web.extensions import db, site

SHOWN = ("last_name", "first_name", "ticket", "status", "email", "school", "registered_at")
"""The columns of the page, beside the answers; the export has all."""


@dataclass(frozen=True)
class Heading:
    """A column of the page."""

    key: str
    label: str
    sortable: bool


@blueprint.get("/events/<slug>/attendees", endpoint="attendees")
def attendee_list(slug: str) -> str:
    """Who comes: searched, filtered, sorted, a page at a time."""
    event, title = event_or_404(slug)
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
    event, _title = event_or_404(slug)
    name = request.args.get("dialect", "rfc4180")
    if name not in csv.DIALECTS:
        abort(404)
    answer = Response(
        attendees.export(db.engine, slug, event, _filters(), csv.DIALECTS[name], site().timezone),
        content_type="text/csv; charset=utf-8",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-attendees.csv"'
    return answer


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

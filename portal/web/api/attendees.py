"""Who comes to an event, for programs with a token: the same columns and filters as the organisers' download."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

from flask import Response, abort

from portal.content.event import Event
from portal.domain import attendees as people
from portal.domain.api_tokens import ATTENDEES
from portal.domain.attendees import BASE_COLUMNS, Column
from portal.domain.filters import Filters
from portal.domain.listed import Listed
from portal.formats import csv
from portal.web.api import shapes
from portal.web.api.bearer import reader
from portal.web.api.events import ONE_LINE
from portal.web.api.operations import Found, here, operation
from portal.web.api.shapes import bounds
from portal.web.extensions import db, portal, site
from portal.web.problems import problem

Status = Literal["", "confirmed", "waitlisted", "cancelled"]

Q = Annotated[
    str,
    "Parts of a name, an address, a school or a reference, that all match.",
    bounds(maxLength=200),
    ONE_LINE,
]
OfStatus = Annotated[Status, "Only who has this status; empty: everybody."]
OfTicket = Annotated[str, "Only who has, or had, the ticket with this id.", bounds(maxLength=100), ONE_LINE]


@dataclass(frozen=True)
class AttendeeQuery:
    """Which attendees, and how many at a time."""

    q: Q = ""
    status: OfStatus = ""
    ticket: OfTicket = ""
    after: Annotated[
        str,
        "Read on after this attendee: take it from `next`.",
        bounds(maxLength=15, pattern=r"^([0-9]{1,9}\.[0-9]{1,4})?$"),
    ] = ""
    limit: Annotated[int, "How many attendees at a time.", bounds(minimum=1, maximum=500)] = 100


@dataclass(frozen=True)
class DownloadQuery:
    """Which attendees, and how the file is written."""

    q: Q = ""
    status: OfStatus = ""
    ticket: OfTicket = ""
    dialect: Annotated[
        Literal["rfc4180", "excel"],
        "`rfc4180`: UTF-8, comma; `excel`: what a Belgian Excel opens by a double click.",
    ] = "rfc4180"


class AttendeeRow(dict[str, Any]):
    """One attendee: the columns of the download by name, and `answer:NAME` for each question."""

    @classmethod
    def schema(cls) -> shapes.Schema:
        """The columns with what they hold."""
        return {
            "type": "object",
            "description": "One attendee: the columns of the download by name, and `answer:NAME` for each question. "
            "Amounts are euro, `65.00`; times have their offset.",
            "properties": {column.key: shapes.schema(column.holds) for column in BASE_COLUMNS},
            "patternProperties": {"^answer:": shapes.schema(str | int | date)},
            "required": [column.key for column in BASE_COLUMNS],
            "additionalProperties": False,
        }


@dataclass(frozen=True)
class AttendeeList:
    """Attendees, oldest registration first; an answer that was not given is empty."""

    attendees: tuple[AttendeeRow, ...]
    next: Annotated[str | None, "The address of what comes next, in the `Link` header too; null at the end."]


@operation("/events/<slug>/attendees", answers=AttendeeList, query=AttendeeQuery, scope=ATTENDEES)
def attendees(query: AttendeeQuery, slug: str) -> Found:
    """Who comes to an event, who waits and who cancelled.

    Read on with `next`: whoever signs up meanwhile comes at the end, and nobody is seen twice.
    """
    event = _event_or_404(slug)
    registration, _, position = query.after.partition(".")
    start = (int(registration), int(position)) if query.after else (0, 0)
    # One more than is shown tells whether there is more.
    found = people.after(db.session(), slug, _filters(query), start, query.limit + 1)
    shown, more = found[: query.limit], len(found) > query.limit
    columns = people.columns(db.session(), slug, event)
    after = f"{shown[-1].registration_id}.{shown[-1].position}" if more else None
    on = here(after=after) if more else None
    return Found(AttendeeList(_rows(shown, columns), on), {"next": on} if on else {})


@operation(
    "/events/<slug>/attendees.csv", answers=str, query=DownloadQuery, scope=ATTENDEES, media="text/csv"
)
def attendees_csv(query: DownloadQuery, slug: str) -> Response:
    """The same list as a CSV file, all of it.

    The same bytes as the organisers' download.
    """
    event = _event_or_404(slug)
    lines = people.export(
        db.engine, slug, event, _filters(query), csv.DIALECTS[query.dialect], site().timezone
    )
    answer = Response(lines, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{slug}-attendees.csv"'
    return answer


def _filters(query: AttendeeQuery | DownloadQuery) -> Filters:
    return Filters(q=query.q.strip(), status=query.status, ticket=query.ticket)


def _event_or_404(slug: str) -> Event | None:
    """The event, None when only its registrations are left. What is not there and what is another's: one answer."""
    who = reader()
    event = portal().catalogue.snapshot.events.get(slug)
    if who is None or not who.may_see(slug) or (event is None and people.known(db.session(), slug) is None):
        abort(problem(404))
    return event


def _rows(found: Sequence[Listed], columns: list[Column]) -> tuple[AttendeeRow, ...]:
    return tuple(AttendeeRow({column.key: _cell(column, row) for column in columns}) for row in found)


def _cell(column: Column, row: Listed) -> Any:
    value = column.cell(row)
    return value.astimezone(site().timezone) if isinstance(value, datetime) else value

"""The attendee list: one set of filters and one set of columns, for the page and for every export."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Select, SQLColumnExpression, case, func, literal, select, tuple_
from sqlalchemy.orm import Session, contains_eager, selectinload

from portal.content.event import Event
from portal.domain.filters import STATUSES, Filters, chosen, paid_of_registration
from portal.domain.payments import euro, share, shown_communication
from portal.formats import csv, person_code, xlsx
from portal.formats.csv import Cell, Dialect
from portal.storage.models import (
    CANCELLED,
    CONFIRMED,
    Answer,
    Attendee,
    EventRecord,
    Registration,
)

PAGE_SIZE = 50
BATCH = 500
PIECE = 64 * 1024


@dataclass(frozen=True)
class Column:
    """One column: its name in exports, what stands in it for an attendee, and of what kind that is."""

    key: str
    cell: Callable[[Attendee], Cell]
    holds: Any = str


SORTABLE: dict[str, SQLColumnExpression[Any]] = {
    "last_name": Attendee.search_text,
    "first_name": func.lower(Attendee.first_name),
    "ticket": Attendee.ticket,
    "status": Attendee.status,
    "email": Registration.email_key,
    "school": func.lower(Registration.school),
    "registered_at": Registration.created_at,
    "registration": Registration.reference,
    "phone": Registration.phone,
    "language": Registration.language,
    "checked_in_at": Attendee.checked_in_at,
    "remarks": Registration.remarks,
    "amount_due": case((Attendee.status == CONFIRMED, Attendee.price), else_=0),
    "amount_paid": paid_of_registration(),
}
"""The columns that the list can be sorted by; else it is in the order of signing up."""


@dataclass(frozen=True)
class Page:
    """One page of the list; ``number`` counts from 1 and is never past the end."""

    rows: Sequence[Attendee]
    total: int
    number: int
    pages: int


def columns(session: Session, slug: str, event: Event | None) -> list[Column]:
    """The columns of an event's list, in the contract's order; the last are its questions, those that its
    file (``event``, None when it is gone) no longer asks too."""
    asked_now = [question.name for question in event.questions] if event else []
    names = dict.fromkeys([*asked_now, *_asked(session, slug)])
    return [*BASE_COLUMNS, *(Column(f"answer:{name}", _answer(name)) for name in names)]


def page(session: Session, slug: str, filters: Filters, number: int) -> Page:
    """The page ``number`` of an event's attendees; the last one when there are fewer."""
    total = session.scalar(select(func.count()).select_from(chosen(slug, filters).subquery())) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, number), pages)
    rows = session.scalars(_ordered(slug, filters).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)).all()
    return Page(rows, total, number, pages)


def after(
    session: Session, slug: str, filters: Filters, person: tuple[int, int], number: int
) -> Sequence[Attendee]:
    """The first ``number`` attendees after ``person`` (registration id, position), in the order of signing up: whoever
    reads on from somebody misses nobody and sees nobody twice, whatever happens meanwhile."""
    further = tuple_(Attendee.registration_id, Attendee.position) > tuple_(*map(literal, person))
    return session.scalars(_ordered(slug, filters).where(further).limit(number)).all()


def stream(session: Session, slug: str, filters: Filters) -> Iterator[Attendee]:
    """All that the filters let through, in the list's order, a batch at a time: memory does not grow, for a session
    holds on to nothing that was only read."""
    yield from session.scalars(_ordered(slug, filters).execution_options(yield_per=BATCH))


def export(
    engine: Engine, slug: str, event: Event | None, filters: Filters, dialect: Dialect, zone: ZoneInfo
) -> Iterator[bytes]:
    """The list as a CSV file, all columns, in a session of its own: it is read while it is sent."""
    with Session(engine) as session:
        shown = columns(session, slug, event)
        rows = ([column.cell(row) for column in shown] for row in stream(session, slug, filters))
        yield from csv.write([column.key for column in shown], rows, dialect, zone)


def workbook(
    engine: Engine, slug: str, event: Event | None, filters: Filters, zone: ZoneInfo
) -> Iterator[bytes]:
    """The same list and columns as an XLSX file, with a second sheet of totals. It is made on disk, then sent."""
    with Session(engine) as session, TemporaryFile() as file:
        shown, totals = columns(session, slug, event), Totals()
        people = totals.counted(stream(session, slug, filters))
        # The second sheet is read when the first is written, and everybody is counted.
        sheets = (
            xlsx.Sheet(
                "attendees",
                [column.key for column in shown],
                ([column.cell(row) for column in shown] for row in people),
            ),
            xlsx.Sheet("totals", Totals.HEADER, totals.rows()),
        )
        xlsx.write(file, sheets, zone)
        file.seek(0)
        yield from iter(lambda: file.read(PIECE), b"")


@dataclass
class Totals:
    """How many people, and what is due and paid, of each ticket and together."""

    HEADER = ("ticket", *STATUSES, "people", "amount_due", "amount_paid")

    people: Counter[tuple[str, str]] = field(default_factory=Counter)
    due: dict[str, Decimal] = field(default_factory=dict)
    paid: dict[str, Decimal] = field(default_factory=dict)

    def counted(self, attendees: Iterable[Attendee]) -> Iterator[Attendee]:
        """The same people, counted as they pass."""
        for attendee in attendees:
            due, paid = euro(attendee.amount_due), euro(share(attendee.registration, attendee.position))
            for group in (attendee.ticket, "total"):
                self.people[group, attendee.status] += 1
                self.due[group] = self.due.get(group, Decimal()) + due
                self.paid[group] = self.paid.get(group, Decimal()) + paid
            yield attendee

    def rows(self) -> Iterator[Sequence[Cell]]:
        """A row for each ticket and a last one for all; who chose nothing needs no row."""
        groups = {group for group, _status in self.people} - {"", "total"}
        for group in (*sorted(groups), "total"):
            by_status = [self.people[group, status] for status in STATUSES]
            due, paid = self.due.get(group, Decimal()), self.paid.get(group, Decimal())
            yield (group, *by_status, sum(by_status), due, paid)


def counts(session: Session, slug: str) -> dict[str, int]:
    """How many attendees an event has of each status, whatever the filters."""
    rows = session.execute(
        select(Attendee.status, func.count()).where(Attendee.event_slug == slug).group_by(Attendee.status)
    )
    found = dict(rows.all())
    return {status: found.get(status, 0) for status in STATUSES}


def counts_by_ticket(session: Session, slug: str) -> dict[str, int]:
    """How many of an event's attendees have or wait for each ticket, whatever the filters."""
    rows = session.execute(
        select(Attendee.ticket, func.count())
        .where(Attendee.event_slug == slug, Attendee.status != CANCELLED)
        .group_by(Attendee.ticket)
    )
    return dict(rows.all())


def _asked(session: Session, slug: str) -> Sequence[str]:
    """The names of all questions that registrations of this event were asked, in the order of asking."""
    return session.scalars(
        select(Answer.name)
        .join(Registration, Registration.id == Answer.registration_id)
        .where(Registration.event_slug == slug)
        .group_by(Answer.name)
        .order_by(func.min(Answer.number), Answer.name)
    ).all()


def known(session: Session, slug: str) -> EventRecord | None:
    """What is remembered of an event that people signed up for, whether or not its file is still there."""
    return session.get(EventRecord, slug)


def _ordered(slug: str, filters: Filters) -> Select[Attendee]:
    order = [SORTABLE[filters.sort]] if filters.sort in SORTABLE else []
    order += [Attendee.registration_id, Attendee.position]
    return (
        chosen(slug, filters)
        .order_by(*(key.desc() if filters.descending else key for key in order))
        .options(
            contains_eager(Attendee.registration).options(
                selectinload(Registration.attendees).selectinload(Attendee.all_answers),
                selectinload(Registration.payments),
            )
        )
    )


def _answer(name: str) -> Callable[[Attendee], Cell]:
    def cell(attendee: Attendee) -> Cell:
        for answer in (*attendee.answers, *attendee.registration.answers):
            if answer.name == name:
                return _value(answer)
        return ""

    return cell


def _value(answer: Answer) -> Cell:
    """An answer as what it is, as far as it is one: its question may have had another type before."""
    try:
        match answer.type:
            case "number" if answer.value:
                return int(answer.value)
            case "date" if answer.value:
                return date.fromisoformat(answer.value)
            case "checkboxes":
                return answer.value.replace("\n", "; ")
    except ValueError:
        pass
    return answer.value


BASE_COLUMNS = (
    Column("registration", lambda a: a.registration.reference),
    Column("attendee", lambda a: person_code.written(a.registration.reference, a.position)),
    Column("event", lambda a: a.event_slug),
    Column("ticket", lambda a: a.ticket),
    Column("status", lambda a: a.status, Literal["confirmed", "waitlisted", "cancelled"]),
    Column("first_name", lambda a: a.first_name),
    Column("last_name", lambda a: a.last_name),
    Column("email", lambda a: a.email),
    Column("phone", lambda a: a.registration.phone),
    Column("school", lambda a: a.registration.school),
    Column("contact_email", lambda a: a.registration.email),
    Column("language", lambda a: a.registration.language),
    Column("newsletter", lambda a: a.registration.newsletter, bool),
    Column("amount_due", lambda a: euro(a.amount_due), Decimal),
    Column("amount_paid", lambda a: euro(share(a.registration, a.position)), Decimal),
    Column("payment_reference", lambda a: shown_communication(a.registration)),
    Column("registered_at", lambda a: a.registration.created_at, datetime),
    Column("cancelled_at", lambda a: a.cancelled_at, datetime | None),
    Column("checked_in_at", lambda a: a.checked_in_at, datetime | None),
    Column("remarks", lambda a: a.registration.remarks),
)

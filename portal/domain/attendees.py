"""The attendee list: one set of columns, for the page, every export and the API."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain.filters import STATUSES, Filters, chosen, paid_of_registration
from portal.domain.listed import Given, Listed, read, stream
from portal.domain.payments import euro, shown_communication
from portal.formats import csv, person_code, xlsx
from portal.formats.csv import Cell, Dialect
from portal.storage.database import snapshot
from portal.storage.models import CONFIRMED, Answer, Attendee, EventRecord, Registration

PAGE_SIZE = 50
PIECE = 64 * 1024

_DUE = case((Attendee.status == CONFIRMED, func.coalesce(Attendee.price, 0)), else_=0)


@dataclass(frozen=True)
class Column:
    """One column: its name in exports and addresses, what stands in it for an attendee, by what it sorts,
    and of what kind it is."""

    key: str
    cell: Callable[[Listed], Cell]
    order: tuple[SQLColumnExpression[Any] | ScalarSelect[Any], ...]
    holds: Any = str


@dataclass(frozen=True)
class Page:
    """One page of the list; ``number`` counts from 1 and is never past the end."""

    rows: Sequence[Listed]
    total: int
    number: int
    pages: int


def columns(session: Session | Connection, slug: str, event: Event | None) -> list[Column]:
    """The columns of an event's list, in the contract's order; the last are its questions, those that its
    file (``event``, None when it is gone) no longer asks too."""
    asked_now = [question.name for question in event.questions] if event else []
    names = dict.fromkeys([*asked_now, *_asked(session, slug)])
    return [*BASE_COLUMNS, *map(_answers, names)]


def page(session: Session, slug: str, shown: Sequence[Column], filters: Filters, number: int) -> Page:
    """The page ``number`` of an event's attendees; the last one when there are fewer."""
    total = session.scalar(select(func.count()).select_from(chosen(slug, filters).subquery())) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, number), pages)
    query = _ordered(slug, shown, filters).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return Page(read(session, query), total, number, pages)


def after(
    session: Session, slug: str, filters: Filters, person: tuple[int, int], number: int
) -> Sequence[Listed]:
    """The first ``number`` attendees after ``person`` (registration id, position), in the order of signing up: whoever
    reads on from somebody misses nobody and sees nobody twice, whatever happens meanwhile."""
    further = tuple_(Attendee.registration_id, Attendee.position) > tuple_(*map(literal, person))
    return read(session, _ordered(slug, (), filters).where(further).limit(number))


def export(
    engine: Engine, slug: str, event: Event | None, filters: Filters, dialect: Dialect, zone: ZoneInfo
) -> Iterator[bytes]:
    """The list as a CSV file, all columns, in a session of its own: it is read while it is sent."""
    with snapshot(engine) as connection:
        shown = columns(connection, slug, event)
        cells = [column.cell for column in shown]
        rows = ([cell(row) for cell in cells] for row in stream(connection, _ordered(slug, shown, filters)))
        yield from csv.write([column.key for column in shown], rows, dialect, zone)


def workbook(
    engine: Engine, slug: str, event: Event | None, filters: Filters, zone: ZoneInfo
) -> Iterator[bytes]:
    """The same list and columns as an XLSX file, with a second sheet of totals. It is made on disk, then sent."""
    with snapshot(engine) as connection, TemporaryFile() as file:
        shown, totals = columns(connection, slug, event), Totals()
        cells = [column.cell for column in shown]
        people = totals.counted(stream(connection, _ordered(slug, shown, filters)))
        # The second sheet is read when the first is written, and everybody is counted.
        sheets = (
            xlsx.Sheet(
                "attendees",
                [column.key for column in shown],
                ([cell(row) for cell in cells] for row in people),
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
    due: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)

    def counted(self, attendees: Iterable[Listed]) -> Iterator[Listed]:
        """The same people, counted as they pass."""
        for attendee in attendees:
            self.people[attendee.ticket, attendee.status] += 1
            self.due[attendee.ticket] += attendee.due
            self.paid[attendee.ticket] += attendee.paid
            yield attendee

    def rows(self) -> Iterator[Sequence[Cell]]:
        """A row for each ticket and a last one for all; who chose nothing needs no row."""
        tickets = {ticket for ticket, _status in self.people}
        for name, among in [*((ticket, {ticket}) for ticket in sorted(tickets - {""})), ("total", tickets)]:
            by_status = [sum(self.people[ticket, status] for ticket in among) for status in STATUSES]
            due, paid = (sum(cents[ticket] for ticket in among) for cents in (self.due, self.paid))
            yield (name, *by_status, sum(by_status), euro(due), euro(paid))


def _asked(session: Session | Connection, slug: str) -> Sequence[str]:
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


def _ordered(slug: str, shown: Sequence[Column], filters: Filters) -> Select[Attendee]:
    """Sorted by one of the columns ``shown``, else in the order of signing up. What is not there is the smallest, on
    every database."""
    order = next((column.order for column in shown if column.key == filters.sort), ())
    last = (Attendee.registration_id, Attendee.position)
    if filters.descending:
        query = chosen(slug, filters).order_by(*(key.desc().nulls_last() for key in order))
        return query.order_by(*(key.desc() for key in last))
    return chosen(slug, filters).order_by(*(key.asc().nulls_first() for key in order), *last)


def _answers(name: str) -> Column:
    """The column of a question: whole numbers sort as such, all else as text."""

    def cell(attendee: Listed) -> Cell:
        given = attendee.answers.get(name)
        return _value(given) if given else ""

    whole = case(
        (
            Answer.type == "number",
            case((Answer.value.regexp_match(r"^[0-9]{1,18}$"), cast(Answer.value, BigInteger))),
        )
    )
    return Column(
        f"answer:{name}", cell, (_of_answer(name, whole), _of_answer(name, func.lower(Answer.value)))
    )


def _of_answer(name: str, what: SQLColumnExpression[Any]) -> ScalarSelect[Any]:
    """``what`` of the answer of a query's attendee; their own goes before the party's, as in ``listed``."""
    return (
        select(what)
        .where(
            Answer.registration_id == Attendee.registration_id,
            Answer.name == name,
            or_(Answer.position == Attendee.position, Answer.each.is_(False)),
        )
        .order_by(Answer.each.desc())
        .limit(1)
        .correlate(Attendee)
        .scalar_subquery()
    )


def _value(answer: Given) -> Cell:
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
    Column("registration", lambda a: a.reference, (Registration.reference,)),
    Column("attendee", lambda a: person_code.written(a.reference, a.position), (Registration.reference,)),
    Column("event", lambda a: a.event_slug, (Attendee.event_slug,)),
    Column("ticket", lambda a: a.ticket, (Attendee.ticket,)),
    Column("status", lambda a: a.status, (Attendee.status,), Literal["confirmed", "waitlisted", "cancelled"]),
    Column("first_name", lambda a: a.first_name, (func.lower(Attendee.first_name),)),
    Column("last_name", lambda a: a.last_name, (Attendee.search_text,)),
    Column("email", lambda a: a.email, (func.lower(Attendee.email),)),
    Column("phone", lambda a: a.phone, (Registration.phone,)),
    Column("school", lambda a: a.school, (func.lower(Registration.school),)),
    Column("contact_email", lambda a: a.contact_email, (Registration.email_key,)),
    Column("language", lambda a: a.language, (Registration.language,)),
    Column("newsletter", lambda a: a.newsletter, (Registration.newsletter,), bool),
    Column("amount_due", lambda a: euro(a.due), (_DUE,), Decimal),
    Column("amount_paid", lambda a: euro(a.paid), (paid_of_registration(),), Decimal),
    Column(
        "payment_reference", lambda a: shown_communication(a.communication), (Registration.communication,)
    ),
    Column("registered_at", lambda a: a.registered_at, (Registration.created_at,), datetime),
    Column("cancelled_at", lambda a: a.cancelled_at, (Attendee.cancelled_at,), datetime | None),
    Column("checked_in_at", lambda a: a.checked_in_at, (Attendee.checked_in_at,), datetime | None),
    Column("remarks", lambda a: a.remarks, (Registration.remarks,)),
)

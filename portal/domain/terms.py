"""The numbers of all events together: by term of the school year, and who comes back.

A term is September to December, January to March, or April to August. Easter, and with it the school's own third term,
moves by weeks; fixed months can be compared from year to year. An event counts in the term in which it begins; one that
is cancelled does not count, since nobody came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import total_ordering
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, String, case, cast, func, select
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain.facts import Facts
from portal.storage.models import CANCELLED, CONFIRMED, Attendee, EventRecord, Organiser, Registration

NEVER = datetime.min.replace(tzinfo=UTC)
MANY = 4
"""From how many events on people who came back are one group."""


@total_ordering
@dataclass(frozen=True)
class Term:
    """A part of a school year; ``first`` is the month in which it begins."""

    year: int
    first: int

    @classmethod
    def of(cls, day: date) -> "Term":
        """The term in which a day lies."""
        return cls(day.year, max(month for month in (1, 4, 9) if month <= day.month))

    @property
    def begins(self) -> date:
        return date(self.year, self.first, 1)

    @property
    def ends(self) -> date:
        """The first day of its last month."""
        return date(self.year, {9: 12, 1: 3, 4: 8}[self.first], 1)

    @property
    def year_before(self) -> "Term":
        return Term(self.year - 1, self.first)

    def __lt__(self, other: "Term") -> bool:
        return (self.year, self.first) < (other.year, other.first)


@dataclass(frozen=True)
class Counted:
    """An event in numbers. ``attended`` is None where nobody was checked in; ``capacity`` None: no limit."""

    slug: str
    title: str
    starts: datetime
    capacity: int | None
    filled: int
    cancelled: int
    attended: int | None


@dataclass(frozen=True)
class TermNumbers:
    """A term: its events, the different people who had a place, places filled and cancelled.

    ``attended`` is out of ``expected``, at the events where people were checked in; None where at no event.
    """

    term: Term
    events: tuple[Counted, ...]
    people: int

    @property
    def filled(self) -> int:
        return sum(event.filled for event in self.events)

    @property
    def cancelled(self) -> int:
        return sum(event.cancelled for event in self.events)

    @property
    def capacity(self) -> int | None:
        """The places of all its events together; None when there is no limit at one of them."""
        if any(event.capacity is None for event in self.events):
            return None
        return sum(event.capacity or 0 for event in self.events)

    @property
    def attended(self) -> int | None:
        known = [event.attended for event in self.events if event.attended is not None]
        return sum(known) if known else None

    @property
    def expected(self) -> int:
        return sum(event.filled for event in self.events if event.attended is not None)


@dataclass(frozen=True)
class AllNumbers:
    """Terms, newest first. ``came`` is how many people had a place at one, two, … events; from MANY on together."""

    terms: tuple[TermNumbers, ...]
    came: tuple[int, ...]

    @property
    def known(self) -> int:
        """The people whose address is still known."""
        return sum(self.came)

    @property
    def returning(self) -> int:
        """Those of them who had a place at more than one event."""
        return sum(self.came[1:])


def all_numbers(
    session: Session, events: Mapping[str, Event], organiser: Organiser, zone: ZoneInfo
) -> AllNumbers:
    """What ``organiser`` may see of all events that people sign up for here, in four queries."""
    counted = [event for event in _counted(session, events, zone) if organiser.may_see(event.slug)]
    by_term: dict[Term, list[Counted]] = {}
    for event in sorted(counted, key=lambda one: (one.starts, one.slug), reverse=True):
        by_term.setdefault(Term.of(event.starts.date()), []).append(event)
    people = _people(session, {event.slug: term for term, held in by_term.items() for event in held})
    return AllNumbers(
        terms=tuple(TermNumbers(term, tuple(held), people.get(term, 0)) for term, held in by_term.items()),
        came=_came(session, [event.slug for event in counted]),
    )


def _counted(session: Session, events: Mapping[str, Event], zone: ZoneInfo) -> Iterable[Counted]:
    rows = session.execute(
        select(
            Attendee.event_slug,
            func.count(case((Attendee.status == CONFIRMED, 1))),
            func.count(case((Attendee.status == CANCELLED, 1))),
            func.count(case((Attendee.status == CONFIRMED, Attendee.checked_in_at))),
            func.max(Registration.created_at),
        )
        .join(Attendee.registration)
        .group_by(Attendee.event_slug)
    )
    found: dict[str, tuple[int, int, int, datetime]] = {slug: tuple(rest) for slug, *rest in rows}  # type: ignore[misc]
    records = {
        record.slug: record
        for record in session.execute(select(EventRecord.slug, EventRecord.title, EventRecord.told))
    }
    here = {slug for slug, event in events.items() if event.registration == "portal"} | found.keys()
    for slug in here:
        event = events.get(slug)
        filled, cancelled, came, last = found.get(slug, (0, 0, 0, NEVER))
        told = Facts.read(records[slug].told) if slug in records else None
        starts = event.starts if event else (told.starts if told else last).astimezone(zone)
        if not _is_off(event, told, filled):
            yield Counted(
                slug,
                event.title if event else records[slug].title,
                starts,
                event.capacity if event else None,
                filled,
                cancelled,
                came or None,
            )


def _is_off(event: Event | None, told: Facts | None, filled: int) -> bool:
    """Whether an event does not take place; a draft counts once people have signed up for it."""
    if event is None:
        return told is not None and told.cancelled
    return event.status == "cancelled" or (event.status == "draft" and not filled)


def _person() -> ColumnElement[str]:
    """Who somebody is: their address; whoever gave none, or was removed, is somebody for themselves."""
    alone = cast(Attendee.registration_id, String) + ":" + cast(Attendee.position, String)
    return case(
        (Attendee.position == 0, Registration.email_key),
        (Attendee.email != "", func.lower(Attendee.email)),
        else_=alone,
    )


def _people(session: Session, terms: Mapping[str, Term]) -> dict[Term, int]:
    """How many different people had a place in each term."""
    numbered = sorted(set(terms.values()))
    if not numbered:
        return {}
    term = case({slug: numbered.index(one) for slug, one in terms.items()}, value=Attendee.event_slug)
    rows = session.execute(
        select(term, func.count(_person().distinct()))
        .join(Attendee.registration)
        .where(Attendee.status == CONFIRMED, Attendee.event_slug.in_(terms))
        .group_by(term)
    )
    return {numbered[number]: people for number, people in rows}


def _came(session: Session, slugs: Sequence[str]) -> tuple[int, ...]:
    events = func.count(Attendee.event_slug.distinct())
    by_person = (
        select(case((events < MANY, events), else_=MANY).label("events"))
        .join(Attendee.registration)
        .where(
            Attendee.status == CONFIRMED,
            Attendee.event_slug.in_(slugs),
            Registration.anonymised_at.is_(None),
            (Attendee.position == 0) | (Attendee.email != ""),
        )
        .group_by(_person())
        .subquery()
    )
    rows = session.execute(select(by_person.c.events, func.count()).group_by(by_person.c.events))
    found: dict[int, int] = dict(rows.all())
    return tuple(found.get(number, 0) for number in range(1, MANY + 1))

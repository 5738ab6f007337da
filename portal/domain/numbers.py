"""The numbers of one event: who signed up when, how full it is, from which schools, what they answered, who came.

All is counted by the database, in a fixed number of queries however many registrations there are. Who was removed from
the registrations (``anonymised_at``) still counts; their school is no longer known.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from portal.content.event import CHOSEN, Event
from portal.domain import places
from portal.storage.models import CANCELLED, CONFIRMED, WAITLISTED, Answer, Attendee, Registration
from portal.storage.moves import moves

SCHOOLS = 8
"""How many schools are named; the others are one number."""


@dataclass(frozen=True)
class Day:
    """A day on which something moved: people who signed up and who cancelled on it, and how many had a place and
    waited at its end."""

    day: date
    signed_up: int
    cancelled: int
    held: int
    waiting: int


@dataclass(frozen=True)
class Pool:
    """How many people have a place in, and wait for, the event, one of its sessions or one of its tickets.

    ``label`` is empty for the event itself; ``capacity`` None: nothing limits it.
    """

    kind: Literal["event", "session", "ticket"]
    label: str
    taken: int
    capacity: int | None
    waiting: int


@dataclass(frozen=True)
class Part:
    """Some of a whole: what they have in common, and how many they are."""

    label: str
    number: int


@dataclass(frozen=True)
class Schools:
    """Where the people who have a place come from: the schools with most, and how many people the other ``others``
    schools and those without a school are."""

    top: tuple[Part, ...]
    others: int
    rest: int
    unknown: int

    @property
    def number(self) -> int:
        """How many schools there are in all."""
        return len(self.top) + self.others


@dataclass(frozen=True)
class Question:
    """What was answered to a question with choices, by ``answered`` of the ``asked``: people who have a place where it
    is asked of ``each``, else registrations. Several may be chosen where ``several``."""

    label: str
    each: bool
    several: bool
    tick: bool
    asked: int
    answered: int
    options: tuple[Part, ...]


@dataclass(frozen=True)
class Waited:
    """What became of everybody who ever waited: has a place, still waits, or cancelled."""

    placed: int
    waiting: int
    gone: int

    @property
    def all(self) -> int:
        return self.placed + self.waiting + self.gone


@dataclass(frozen=True)
class Attendance:
    """Of the people with a place how many were let in at the door; ``tickets`` the same for each (label, expected,
    came)."""

    expected: int
    came: int
    tickets: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Numbers:
    """All numbers of an event. ``schools`` and ``questions`` are of who has a place."""

    confirmed: int
    waitlisted: int
    cancelled: int
    days: tuple[Day, ...]
    pools: tuple[Pool, ...]
    schools: Schools
    questions: tuple[Question, ...]
    waited: Waited
    attendance: Attendance

    @property
    def people(self) -> int:
        """Everybody who ever signed up."""
        return self.confirmed + self.waitlisted + self.cancelled

    @property
    def last_day(self) -> date:
        """The last day on which something moved."""
        return self.days[-1].day if self.days else date.min


def numbers(session: Session, slug: str, event: Event | None, zone: ZoneInfo) -> Numbers:
    """The numbers of an event as they are now; days are those of ``zone``. ``event`` None: its file is gone."""
    tickets = _tickets(session, slug)
    by_status = {
        status: {ticket.id: ticket.by_status[status] for ticket in tickets if ticket.by_status[status]}
        for status in (CONFIRMED, WAITLISTED, CANCELLED)
    }
    return Numbers(
        confirmed=sum(by_status[CONFIRMED].values()),
        waitlisted=sum(by_status[WAITLISTED].values()),
        cancelled=sum(by_status[CANCELLED].values()),
        days=_days(session, slug, zone),
        pools=_pools(event, tickets, by_status[CONFIRMED], by_status[WAITLISTED]),
        schools=_schools(session, slug),
        questions=_questions(session, slug, event),
        waited=_waited(session, slug),
        attendance=_attendance(event, tickets),
    )


@dataclass(frozen=True)
class _Ticket:
    id: str
    label: str
    by_status: Mapping[str, int]
    came: int


def _tickets(session: Session, slug: str) -> list[_Ticket]:
    """Who has which ticket, also those that the event no longer offers."""
    rows = session.execute(
        select(
            Attendee.ticket,
            func.max(Attendee.ticket_label),
            Attendee.status,
            func.count(),
            func.count(Attendee.checked_in_at),
        )
        .where(Attendee.event_slug == slug)
        .group_by(Attendee.ticket, Attendee.status)
        .order_by(Attendee.ticket)
    )
    labels: dict[str, str] = {}
    people: dict[str, Counter[str]] = defaultdict(Counter)
    came: Counter[str] = Counter()
    for ticket, label, status, number, checked_in in rows:
        labels[ticket] = label or labels.get(ticket, "")
        people[ticket][status] = number
        came[ticket] += checked_in if status == CONFIRMED else 0
    return [
        _Ticket(ticket, labels[ticket] or ticket, by_status, came[ticket])
        for ticket, by_status in people.items()
    ]


def _days(session: Session, slug: str, zone: ZoneInfo) -> tuple[Day, ...]:
    moved = moves(session, slug)
    rows = session.execute(
        select(moved.c.quarter, moved.c.before, moved.c.status, func.count())
        .where(or_(moved.c.before.is_(None), moved.c.before != moved.c.status))
        .group_by(moved.c.quarter, moved.c.before, moved.c.status)
        .order_by(moved.c.quarter)
    )
    by_day: dict[date, Counter[tuple[str | None, str]]] = {}
    for quarter, before, after, number in rows:
        day = datetime.fromtimestamp(int(quarter), zone).date()
        by_day.setdefault(day, Counter())[before, after] += number
    held = waiting = 0
    days = []
    for day, counted in by_day.items():
        held += _more(counted, CONFIRMED)
        waiting += _more(counted, WAITLISTED)
        new = sum(number for (before, _after), number in counted.items() if before is None)
        gone = sum(number for (_before, after), number in counted.items() if after == CANCELLED)
        days.append(Day(day, new, gone, held, waiting))
    return tuple(days)


def _more(counted: Mapping[tuple[str | None, str], int], status: str) -> int:
    """How many more people had this status after these moves."""
    return sum(
        number * ((after == status) - (before == status)) for (before, after), number in counted.items()
    )


def _pools(
    event: Event | None,
    tickets: Iterable[_Ticket],
    confirmed: Mapping[str, int],
    waitlisted: Mapping[str, int],
) -> tuple[Pool, ...]:
    """The event, its sessions, its tickets, in the order of its file; then the tickets that it no longer offers."""
    all_in = Pool(
        "event",
        "",
        sum(confirmed.values()),
        event.capacity if event else None,
        sum(waitlisted.values()),
    )
    offered = event.tickets if event else ()
    others = {ticket.id: ticket for ticket in tickets if ticket.id}
    taken, wanted = (places.demand(event, one) if event else Counter() for one in (confirmed, waitlisted))
    return (
        all_in,
        *(
            Pool("session", part.label, taken["session", part.id], part.capacity, wanted["session", part.id])
            for part in (event.sessions if event else ())
        ),
        *(
            Pool("ticket", one.label, confirmed.get(one.id, 0), one.capacity, waitlisted.get(one.id, 0))
            for one in offered
        ),
        *(
            Pool("ticket", one.label, confirmed.get(one.id, 0), None, waitlisted.get(one.id, 0))
            for one in others.values()
            if one.id not in {ticket.id for ticket in offered}
        ),
    )


def _schools(session: Session, slug: str) -> Schools:
    name = func.lower(func.trim(Registration.school))
    rows = session.execute(
        select(name, func.max(func.trim(Registration.school)), func.count())
        .join(Attendee, Attendee.registration_id == Registration.id)
        .where(Attendee.event_slug == slug, Attendee.status == CONFIRMED)
        .group_by(name)
    ).all()
    known = sorted(
        (Part(label, number) for key, label, number in rows if key),
        key=lambda part: (-part.number, part.label.casefold()),
    )
    # One school fewer would be called "one other school", in as much room as its name takes.
    shown = SCHOOLS if len(known) != SCHOOLS + 1 else SCHOOLS + 1
    return Schools(
        top=tuple(known[:shown]),
        others=len(known[shown:]),
        rest=sum(part.number for part in known[shown:]),
        unknown=sum(number for key, _label, number in rows if not key),
    )


def _questions(session: Session, slug: str, event: Event | None) -> tuple[Question, ...]:
    """Each question with choices: those of the file in its order, then those that were asked before."""
    contact, anybody = Attendee, aliased(Attendee)
    party_comes = (
        select(anybody.position)
        .where(anybody.registration_id == Answer.registration_id, anybody.status == CONFIRMED)
        .exists()
    )
    rows = session.execute(
        select(Answer.name, func.max(Answer.label), Answer.type, Answer.each, Answer.value, func.count())
        .join(
            contact,
            and_(contact.registration_id == Answer.registration_id, contact.position == Answer.position),
        )
        .where(
            contact.event_slug == slug,
            Answer.type.in_(CHOSEN),
            or_(and_(Answer.each, contact.status == CONFIRMED), and_(~Answer.each, party_comes)),
        )
        .group_by(Answer.name, Answer.type, Answer.each, Answer.value)
        .order_by(func.min(Answer.number), Answer.name, Answer.value)
    )
    asked: dict[str, list[tuple[str, str, bool, str, int]]] = {}
    for name, *rest in rows:
        asked.setdefault(name, []).append(tuple(rest))  # type: ignore[arg-type]
    in_file = [question.name for question in event.questions] if event else []
    return tuple(
        _question(event, name, asked[name]) for name in dict.fromkeys([*in_file, *asked]) if name in asked
    )


def _question(event: Event | None, name: str, rows: Sequence[tuple[str, str, bool, str, int]]) -> Question:
    now = next((question for question in event.questions if question.name == name), None) if event else None
    label, kind, each, _value, _number = rows[-1]
    chosen: Counter[str] = Counter(dict.fromkeys(now.options if now else (), 0))
    if kind == "checkbox":
        chosen = Counter({"yes": 0, "no": 0})
    for _label, _kind, _each, value, number in rows:
        for option in dict.fromkeys(value.split("\n")) if value else ():
            chosen[option] += number
    return Question(
        label=now.label if now else label,
        each=each,
        several=kind == "checkboxes",
        tick=kind == "checkbox",
        asked=sum(row[-1] for row in rows),
        answered=sum(number for *_rest, value, number in rows if value),
        options=tuple(Part(option, number) for option, number in chosen.items()),
    )


def _waited(session: Session, slug: str) -> Waited:
    moved = moves(session, slug)
    ever = select(moved.c.registration_id, moved.c.position).where(moved.c.status == WAITLISTED)
    rows = session.execute(
        select(Attendee.status, func.count())
        .where(Attendee.event_slug == slug, tuple_(Attendee.registration_id, Attendee.position).in_(ever))
        .group_by(Attendee.status)
    )
    now = dict(rows.all())
    return Waited(now.get(CONFIRMED, 0), now.get(WAITLISTED, 0), now.get(CANCELLED, 0))


def _attendance(event: Event | None, tickets: Sequence[_Ticket]) -> Attendance:
    labels = {ticket.id: ticket.label for ticket in event.tickets} if event else {}
    by_ticket = tuple(
        (labels.get(ticket.id, ticket.label), ticket.by_status[CONFIRMED], ticket.came)
        for ticket in sorted(tickets, key=lambda one: [*labels, one.id].index(one.id))
        if ticket.id and ticket.by_status[CONFIRMED]
    )
    return Attendance(
        expected=sum(ticket.by_status[CONFIRMED] for ticket in tickets),
        came=sum(ticket.came for ticket in tickets),
        tickets=by_ticket if len(by_ticket) > 1 else (),
    )

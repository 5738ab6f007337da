"""At the door: who is expected, who is in, and what several phones press, each at its own time.

Phones send what was pressed when they can, and in any order. So a tap is only ever added, and whether somebody is in
follows from all their taps in the order of pressing: the last one wins, whichever came first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager, joinedload, selectinload

from portal.content.event import Event
from portal.domain import happenings, taken
from portal.domain.typed import folded
from portal.formats import person_code
from portal.storage.checkins import Checkin
from portal.storage.models import CONFIRMED, WAITLISTED, Attendee, Organiser, Registration

Action = Literal["in", "out"]
Standing = Literal["expected", "here", "waitlisted", "cancelled"]

MOST_AT_ONCE = 200
"""Taps in one message."""
BEFORE_THE_DAY = timedelta(hours=12)
"""A tap from before the event's day, and this, is a phone whose clock is wrong."""
NIGHT = time(4)
"""When a day at the door ends: an evening goes on past midnight."""
DAYS_AHEAD = timedelta(days=14)


@dataclass(frozen=True)
class Tap:
    """What was pressed on a phone: ``id`` is the phone's own for this tap, ``code`` the person's.

    ``at`` is when, by our clock; None for just now.
    """

    id: str
    code: str
    action: Action
    at: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a tap, and since when the person is in (None: not in).

    ``done``; ``already``: they were in, since ``before``; ``overtaken``: a later tap says otherwise and stands;
    ``waitlisted`` and ``cancelled``: they have no place, and nothing was written down; ``unknown``: nobody of this
    event has that code.
    """

    kind: Literal["done", "already", "overtaken", "waitlisted", "cancelled", "unknown"]
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class Guest:
    """Somebody on the list at the door, and no more of them than is needed there."""

    code: str
    first_name: str
    last_name: str
    ticket: str
    school: str
    status: str
    since: datetime | None
    search_text: str

    @property
    def full_name(self) -> str:
        """As it is said."""
        return f"{self.first_name} {self.last_name}"

    @property
    def about(self) -> str:
        """What tells them from another of that name."""
        return " · ".join(part for part in (self.ticket, self.school) if part)

    @property
    def standing(self) -> Standing:
        """Who lost their place is not here, whatever was pressed before."""
        if self.status == CONFIRMED:
            return "here" if self.since else "expected"
        return "waitlisted" if self.status == WAITLISTED else "cancelled"


class Pressed(NamedTuple):
    """A tap as it counts for one person."""

    at: datetime
    action: str
    received_at: datetime


def since(taps: Iterable[Pressed]) -> datetime | None:
    """Since when a person is in, from all their taps in whatever order; None when out.

    Who is let in twice is in since the first time. Of an in and an out at one moment the out counts.
    """
    came = None
    for tap in sorted(taps):
        came = (came or tap.at) if tap.action == "in" else None
    return came


def judge(tap: Pressed, others: Collection[Pressed]) -> Outcome:
    """What a tap comes to beside others of the same person: those pressed before it, and those pressed after."""
    before, after = since(others), since([*others, tap])
    if (after is not None) != (tap.action == "in"):
        return Outcome("overtaken", after)
    if tap.action == "in" and before is not None:
        return Outcome("already", after, before)
    return Outcome("done", after)


def record(
    session: Session,
    slug: str,
    event: Event | None,
    taps: Sequence[Tap],
    *,
    organiser_id: int,
    now: datetime,
) -> list[Outcome]:
    """Write taps down, and who is in from now on. A tap that is known already changes nothing and is answered alike.

    Needs a transaction. A time that cannot be (to come, or long before the event) is taken for now. Programs that asked
    for it are told of each party of which somebody came or went.
    """
    taken.lock(session, slug, event.title if event else slug)
    people = _people(session, slug, [tap.code for tap in taps])
    pressed = _pressed(session, people.values())
    outcomes = []
    moved = set()
    for number, tap in enumerate(taps):
        person = people.get(_tidy(tap.code))
        if person is None:
            outcomes.append(Outcome("unknown"))
            continue
        if person.status != CONFIRMED:
            outcomes.append(Outcome("waitlisted" if person.status == WAITLISTED else "cancelled"))
            continue
        theirs = pressed[person.registration_id, person.position]
        if tap.id in theirs:
            outcomes.append(_repeated(theirs, tap.id))
            continue
        # What is taken for now stays in the order in which it was pressed.
        at = _believable(tap.at, event, now) or now + timedelta(microseconds=number)
        counts = Pressed(at, tap.action, now)
        outcomes.append(judge(counts, theirs.values()))
        theirs[tap.id] = counts
        session.add(_row(tap, person, counts, organiser_id))
        was_in, person.checked_in_at = person.checked_in_at is not None, since(theirs.values())
        if was_in != (person.checked_in_at is not None):
            moved.add(person.registration_id)
    if moved:
        _tell(session, slug, moved, now)
    return outcomes


def _row(tap: Tap, person: Attendee, counts: Pressed, organiser_id: int) -> Checkin:
    return Checkin(
        registration_id=person.registration_id,
        position=person.position,
        action_id=tap.id,
        organiser_id=organiser_id,
        **counts._asdict(),
    )


def guests(session: Session, slug: str) -> list[Guest]:
    """Everybody of an event, those without a place too, by last name; one query."""
    rows = session.execute(
        select(
            Registration.reference,
            Attendee.position,
            Attendee.first_name,
            Attendee.last_name,
            Attendee.ticket_label,
            Registration.school,
            Attendee.status,
            Attendee.checked_in_at,
            Attendee.search_text,
        )
        .join(Attendee.registration)
        .where(Attendee.event_slug == slug)
        .order_by(Attendee.search_text, Attendee.registration_id, Attendee.position)
    )
    return [
        Guest(
            person_code.written(row.reference, row.position),
            row.first_name,
            row.last_name,
            row.ticket_label,
            row.school,
            row.status,
            row.checked_in_at,
            row.search_text,
        )
        for row in rows
    ]


def found(people: Iterable[Guest], q: str = "", standing: str = "") -> list[Guest]:
    """Those whom a search means, by code or by parts of a name, a school, an address; ``standing`` empty for all.

    Who has no place is only found when somebody looks for them.
    """
    code, words = _tidy(q), folded(q).split()
    wanted = (standing,) if standing else ("expected", "here")
    return [
        guest
        for guest in people
        if (guest.code == code or all(word in guest.search_text for word in words))
        and (guest.standing in wanted or (words and not standing))
    ]


def log(session: Session, registration_id: int) -> Sequence[Checkin]:
    """Who let whom of a registration in and out, and when, in the order of pressing."""
    return session.scalars(
        select(Checkin)
        .where(Checkin.registration_id == registration_id)
        .order_by(Checkin.at, Checkin.action)
        .options(joinedload(Checkin.organiser))
    ).all()


def day_of(now: datetime, zone: ZoneInfo) -> date:
    """The day at the door: until four at night it is still the day before."""
    return (now.astimezone(zone) - timedelta(hours=NIGHT.hour)).date()


def kept_until(now: datetime, zone: ZoneInfo) -> datetime:
    """How long a phone may keep the list that it is given now: the day, its evening and no more."""
    return datetime.combine(day_of(now, zone) + timedelta(days=1), NIGHT, zone)


def coming(
    events: Iterable[Event], organiser: Organiser, now: datetime, zone: ZoneInfo
) -> tuple[list[Event], list[Event]]:
    """The organiser's events that people signed up for here: those of today, and those of the next days."""
    today = day_of(now, zone)
    theirs = [
        event
        for event in sorted(events, key=lambda event: (event.starts, event.slug))
        if event.registration == "portal"
        and event.status == "published"
        and event.last_day >= today
        and event.starts.date() <= today + DAYS_AHEAD
        and organiser.may_see(event.slug)
    ]
    return (
        [event for event in theirs if event.starts.date() <= today],
        [event for event in theirs if event.starts.date() > today],
    )


def _tell(session: Session, slug: str, registration_ids: Collection[int], now: datetime) -> None:
    told = happenings.listeners(session, slug)
    if not told:
        return
    counted = taken.of_event(session, slug)
    parties = (
        select(Registration)
        .where(Registration.id.in_(registration_ids))
        .order_by(Registration.id)
        .options(selectinload(Registration.attendees))
    )
    for registration in session.scalars(parties):
        happenings.tell(session, told, happenings.ATTENDANCE, registration, counted, now)


def _repeated(theirs: Mapping[str, Pressed], id_: str) -> Outcome:
    """The answer that a tap got when it first came: beside those that were there then."""
    tap = theirs[id_]
    there = [
        one
        for other, one in theirs.items()
        if other != id_ and (one.received_at, one.at) <= (tap.received_at, tap.at)
    ]
    return replace(judge(tap, there), since=since(theirs.values()))


def _believable(at: datetime | None, event: Event | None, now: datetime) -> datetime | None:
    """The time that a phone said, unless it cannot be."""
    if at is None or at > now:
        return None
    day = event.starts if event else now
    earliest = datetime.combine(day.date(), time(), day.tzinfo) - BEFORE_THE_DAY
    return at if at >= earliest else None


def _tidy(code: str) -> str:
    """A code as it is written, from one as it was typed; anything else as it is."""
    read = person_code.read(code)
    return person_code.written(*read) if read else code


def _people(session: Session, slug: str, codes: Iterable[str]) -> Mapping[str, Attendee]:
    references = {read[0] for code in codes if (read := person_code.read(code))}
    people = session.scalars(
        select(Attendee)
        .join(Attendee.registration)
        .where(Attendee.event_slug == slug, Registration.reference.in_(references))
        .options(contains_eager(Attendee.registration))
    )
    return {person_code.written(one.registration.reference, one.position): one for one in people}


def _pressed(session: Session, people: Collection[Attendee]) -> dict[tuple[int, int], dict[str, Pressed]]:
    """All taps of these people so far, by their ids."""
    theirs: dict[tuple[int, int], dict[str, Pressed]] = {
        (person.registration_id, person.position): {} for person in people
    }
    rows = select(Checkin).where(Checkin.registration_id.in_({one.registration_id for one in people}))
    for row in session.scalars(rows):
        if (row.registration_id, row.position) in theirs:
            theirs[row.registration_id, row.position][row.action_id] = Pressed(
                row.at, row.action, row.received_at
            )
    return theirs

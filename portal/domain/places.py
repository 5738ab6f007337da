"""Who gets a place: arithmetic on an event and on how many hold and want its tickets. No database.

An event's places are counted in pools: the event itself, each of its sessions, each of its tickets.
One person takes one place in the event, in their ticket, and in each session of that ticket.
A pool without a capacity never fills.

Parties are whole: all of a party has its places, or all of it waits. A free place goes to the first party
in line that fits, so that no place stays empty because a large party stands in front. That party is not passed
for ever: whoever is the first that finds too few in a pool may be passed there ``PATIENCE`` times, and from
then on what comes free is held for them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from portal.content.event import Event, Ticket

PATIENCE = 3
"""How often the first in line is passed before places are held for them."""

Pool = tuple[Literal["event", "session", "ticket"], str]
Decision = Literal["confirmed", "waitlisted", "full"]
State = Literal["none", "external", "cancelled", "over", "not_open", "closed", "open", "waitlist", "full"]


@dataclass(frozen=True)
class Taken:
    """How many people have (``confirmed``) and wait for (``waitlisted``) each ticket id of one event; of who waits,
    those for whom what comes free is ``held``."""

    confirmed: Mapping[str, int]
    waitlisted: Mapping[str, int]
    held: Mapping[str, int] = field(default_factory=dict)

    @property
    def people(self) -> int:
        """Everybody who has a place."""
        return sum(self.confirmed.values())

    @property
    def waiting(self) -> int:
        """Everybody who waits for one."""
        return sum(self.waitlisted.values())


NOBODY = Taken({}, {})


@dataclass(frozen=True)
class Party:
    """A registration that waits: how many of each ticket id it wants, and how often it was passed."""

    id: int
    tickets: Mapping[str, int]
    passed: int = 0

    @property
    def holds(self) -> bool:
        """Whether what comes free is held for it."""
        return self.passed >= PATIENCE


@dataclass(frozen=True)
class Moves:
    """What a look along the line leads to: who gets their places, and who was passed how many times by them."""

    promoted: tuple[Party, ...]
    passed: tuple[tuple[Party, int], ...]


@dataclass(frozen=True)
class Availability:
    """What a visitor may be told about signing up for an event at some moment, and do about it.

    ``left``: places for one more person on the ticket with most; None when there is no limit.
    """

    state: State
    left: int | None = None
    opens: datetime | None = None
    closes: datetime | None = None

    @property
    def can_sign_up(self) -> bool:
        """Whether the form is there to be sent, for a place or for the waiting list."""
        return self.state in ("open", "waitlist")


def capacities(event: Event) -> dict[Pool, int]:
    """The pools that can fill, and how many places each has."""
    limits: dict[Pool, int] = {}
    if event.capacity is not None:
        limits["event", ""] = event.capacity
    for session in event.sessions:
        if session.capacity is not None:
            limits["session", session.id] = session.capacity
    for ticket in event.tickets:
        if ticket.capacity is not None:
            limits["ticket", ticket.id] = ticket.capacity
    return limits


def demand(event: Event, tickets: Mapping[str, int]) -> Counter[Pool]:
    """The places that so many of each ticket id take. An id that is no longer offered still takes one in
    the event: the person is coming."""
    wanted: Counter[Pool] = Counter()
    for ticket_id, number in tickets.items():
        wanted["event", ""] += number
        wanted["ticket", ticket_id] += number
        ticket = event.ticket(ticket_id)
        for session_id in ticket.sessions if ticket else ():
            wanted["session", session_id] += number
    return wanted


def free(event: Event, taken: Taken) -> dict[Pool, int]:
    """What is left in each pool that can fill; below zero where a capacity was lowered under what is taken."""
    used = demand(event, taken.confirmed)
    return {pool: limit - used[pool] for pool, limit in capacities(event).items()}


def for_newcomers(event: Event, taken: Taken) -> dict[Pool, int]:
    """What is left in each pool for who comes to the end of the line: what is free and not held for others.

    Where an organiser promotes by hand, nobody new gets what somebody already waits for.
    """
    held = demand(event, taken.held if event.waitlist == "auto" else taken.waitlisted)
    by_hand = event.waitlist == "manual"
    return {
        pool: 0 if by_hand and held[pool] else room - held[pool] for pool, room in free(event, taken).items()
    }


def decide(event: Event, taken: Taken, party: Iterable[str]) -> Decision:
    """What a new party, given as the ticket id of each person, gets: all its places, or none of them."""
    if _fits(event, for_newcomers(event, taken), Counter(party)):
        return "confirmed"
    return "full" if event.waitlist == "off" else "waitlisted"


def free_for(event: Event, taken: Taken, party: Iterable[str]) -> bool:
    """Whether all of a party would have places now, whoever waits before them: for who decides that by hand."""
    room = free(event, taken)
    return all(number <= room[pool] for pool, number in demand(event, Counter(party)).items() if pool in room)


def exchangeable(event: Event, taken: Taken, given_up: Mapping[str, int], wanted: Mapping[str, int]) -> bool:
    """Whether tickets can be had for tickets that are given up for them: there is room for what is more of them."""
    more = demand(event, wanted)
    more.subtract(demand(event, given_up))
    room = for_newcomers(event, taken)
    short = any(number > max(0, room[pool]) for pool, number in more.items() if pool in room and number > 0)
    return not short and not (event.sold_out and any(wanted.values()))


def along_the_line(event: Event, taken: Taken, line: Iterable[Party]) -> Moves:
    """Who of ``line``, in its order, gets places now.

    The line is read only as far as somebody can still fit. An event whose organiser promotes by hand, or says
    that it is full, moves nobody.
    """
    if event.waitlist == "manual" or event.sold_out:
        return Moves((), ())
    room = free(event, taken)
    promoted: list[Party] = []
    first: dict[Pool, Party] = {}
    passed: dict[int, tuple[Party, int]] = {}
    for party in line:
        wanted = demand(event, party.tickets)
        if _fits(event, room, party.tickets):
            promoted.append(party)
            _take(room, wanted)
            for other in {ahead.id: ahead for pool, ahead in first.items() if wanted[pool]}.values():
                _party, times = passed.get(other.id, (other, 0))
                passed[other.id] = (other, times + 1)
                if other.passed + times + 1 == PATIENCE:
                    _take(room, demand(event, other.tickets))
        else:
            for pool in room:
                if wanted[pool] > room[pool]:
                    first.setdefault(pool, party)
            if party.holds:
                _take(room, wanted)
        if not any(_fits(event, room, {ticket.id: 1}) for ticket in event.offered_tickets):
            break
    return Moves(tuple(promoted), tuple(passed.values()))


def passed_by(event: Event, taken: Taken, newcomer: Mapping[str, int], line: Iterable[Party]) -> list[Party]:
    """Whom of the line a newcomer passes who gets places from what was ``taken``: for each pool that they take
    from, the first that finds too few there."""
    room = free(event, taken)
    pools = {pool for pool in room if demand(event, newcomer)[pool]}
    found: dict[int, Party] = {}
    for party in line:
        if not pools:
            break
        wanted = demand(event, party.tickets)
        short = {pool for pool in pools if wanted[pool] > room[pool]}
        if short:
            found[party.id] = party
            pools -= short
    return list(found.values())


def left(event: Event, taken: Taken, ticket_id: str) -> int | None:
    """How many people could take this ticket now; None when nothing limits it."""
    if event.sold_out:
        return 0
    room = for_newcomers(event, taken)
    return min((max(0, room[pool]) for pool in demand(event, {ticket_id: 1}) if pool in room), default=None)


def availability(event: Event, taken: Taken, now: datetime) -> Availability:
    """What may be said and done now; the same arithmetic as ``decide``, so that what is said is true."""
    state = _state_without_places(event, now)
    if state != "open":
        return Availability(state, opens=event.signup_opens, closes=event.closes)
    periods = {ticket.id: sold_between(event, ticket) for ticket in event.offered_tickets}
    sold = [
        one for one, (opens, closes) in periods.items() if (opens is None or opens <= now) and now < closes
    ]
    if not sold:
        return _nothing_sold(event, periods.values(), now)
    by_ticket = [left(event, taken, one) for one in sold]
    most = None if None in by_ticket else max(number for number in by_ticket if number is not None)
    if most == 0:
        state = "full" if event.waitlist == "off" else "waitlist"
    return Availability(state, left=most, opens=event.signup_opens, closes=event.closes)


def _nothing_sold(
    event: Event, periods: Iterable[tuple[datetime | None, datetime]], now: datetime
) -> Availability:
    """Not yet open while a ticket is still to come on sale, else closed since the last one was."""
    coming = min((opens for opens, closes in periods if opens and now < opens < closes), default=None)
    if coming:
        return Availability("not_open", opens=coming, closes=event.closes)
    last = max((closes for _, closes in periods if closes <= now), default=None)
    return Availability("closed", opens=event.signup_opens, closes=last)


def sold_between(event: Event, ticket: Ticket) -> tuple[datetime | None, datetime]:
    """From when (None: at once) until when a ticket can be had, by its own dates and the event's."""
    opens = max((at for at in (event.signup_opens, ticket.opens) if at), default=None)
    return opens, min(at for at in (event.closes, ticket.closes) if at)


def next_change(event: Event, now: datetime) -> datetime | None:
    """The first moment after ``now`` at which time alone may change what ``availability`` says; None if none comes."""
    tickets = event.offered_tickets
    moments = (
        event.over_at,
        event.closes,
        event.signup_opens,
        *(ticket.opens for ticket in tickets),
        *(ticket.closes for ticket in tickets),
    )
    return min((moment for moment in moments if moment and moment > now), default=None)


def on_sale(event: Event, ticket_id: str, now: datetime) -> bool:
    """Whether the event offers this ticket now, as far as dates go."""
    ticket = event.ticket(ticket_id)
    if ticket is None:
        return False
    return not (ticket.opens and now < ticket.opens) and not (ticket.closes and now >= ticket.closes)


def _state_without_places(event: Event, now: datetime) -> State:
    if event.status == "cancelled":
        return "cancelled"
    if now >= event.over_at:
        return "over"
    if event.registration != "portal":
        return event.registration
    return "open"


def _fits(event: Event, room: Mapping[Pool, int], tickets: Mapping[str, int]) -> bool:
    wanted = demand(event, tickets)
    return not event.sold_out and all(number <= room[pool] for pool, number in wanted.items() if pool in room)


def _take(room: dict[Pool, int], wanted: Mapping[Pool, int]) -> None:
    for pool in room:
        room[pool] -= wanted.get(pool, 0)

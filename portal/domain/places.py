"""Who gets a place: arithmetic on an event and on how many hold and want its tickets. No database.

An event's places are counted in pools: the event itself, each of its sessions, each of its tickets.
One person takes one place in the event, in their ticket, and in each session of that ticket.
A pool without a capacity never fills.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from portal.content.event import Event

Pool = tuple[Literal["event", "session", "ticket"], str]
Decision = Literal["confirmed", "waitlisted", "full"]
State = Literal["none", "external", "cancelled", "over", "not_open", "closed", "open", "waitlist", "full"]


@dataclass(frozen=True)
class Taken:
    """How many people hold (``confirmed``) and wait for (``waitlisted``) each ticket id of one event."""

    confirmed: Mapping[str, int]
    waitlisted: Mapping[str, int]

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


def decide(event: Event, taken: Taken, party: Iterable[str]) -> Decision:
    """What a new party, given as the ticket id of each person, gets.

    The whole party gets places or none of it does. Where somebody already waits for a pool that the
    party needs, the party waits behind them: a newcomer never walks past the line.
    """
    wanted = demand(event, Counter(party))
    room = free(event, taken)
    awaited = demand(event, taken.waitlisted)
    if not event.sold_out and all(
        number <= room[pool] and not awaited[pool] for pool, number in wanted.items() if pool in room
    ):
        return "confirmed"
    return "full" if event.waitlist == "off" else "waitlisted"


def left(event: Event, taken: Taken, ticket_id: str) -> int | None:
    """How many people could take this ticket now; None when nothing limits it."""
    room = free(event, taken)
    pools = [pool for pool in demand(event, {ticket_id: 1}) if pool in room]
    if event.sold_out or any(demand(event, taken.waitlisted)[pool] for pool in pools):
        return 0
    return min((max(0, room[pool]) for pool in pools), default=None)


def availability(event: Event, taken: Taken, now: datetime) -> Availability:
    """What may be said and done now; the same arithmetic as ``decide``, so that what is said is true."""
    state = _state_without_places(event, now)
    if state != "open":
        return Availability(state, opens=event.signup_opens, closes=event.closes)
    by_ticket = [
        left(event, taken, ticket.id) for ticket in event.offered_tickets if on_sale(event, ticket.id, now)
    ]
    if not by_ticket:
        return Availability("closed", opens=event.signup_opens, closes=event.closes)
    most = None if None in by_ticket else max(number for number in by_ticket if number is not None)
    if most == 0:
        state = "full" if event.waitlist == "off" else "waitlist"
    return Availability(state, left=most, opens=event.signup_opens, closes=event.closes)


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
    if event.signup_opens and now < event.signup_opens:
        return "not_open"
    if now >= event.closes:
        return "closed"
    return "open"

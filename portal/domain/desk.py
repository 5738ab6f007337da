"""The registration desk of one event: the one door through which places are taken and given back.

Whoever stands at the desk holds the event's lock until their transaction ends, so what they count is true. People move
here and nowhere else: the desk keeps the counts beside the attendees, writes the history, and lets the line move up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from itertools import islice
from typing import Any, Literal, NamedTuple

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from portal.content.event import Event
from portal.domain import happenings, places, taken
from portal.domain.communications import new_communication
from portal.domain.errors import ChangeRefused
from portal.domain.places import Party, Taken
from portal.storage.inserting import insert_registration
from portal.storage.models import (
    CANCELLED,
    CONFIRMED,
    WAITLISTED,
    Attendee,
    HistoryEntry,
    Letter,
    Registration,
    TicketCount,
)
from portal.storage.webhooks import Webhook

LINE_BATCH = 200

MOVES = {
    None: {CONFIRMED, WAITLISTED},
    WAITLISTED: {WAITLISTED, CONFIRMED, CANCELLED},
    CONFIRMED: {CONFIRMED, CANCELLED},
    CANCELLED: set(),
}
"""From which status an attendee may come to which; ``None`` is not there yet. Who cancelled signs up anew."""

WriteLetter = Callable[..., Letter]
"""A ``LetterWriter``: makes the letter of a kind, such as ``confirmed`` or ``promoted``, about a registration."""


@dataclass(frozen=True)
class Actor:
    """Who does something, for the history."""

    kind: Literal["registrant", "organiser", "system"]
    organiser_id: int | None = None


REGISTRANT = Actor("registrant")
SYSTEM = Actor("system")


class Standing(NamedTuple):
    """What a person has at the desk."""

    status: str
    ticket: str


class Desk:
    """The desk of the event ``slug``, inside the caller's transaction; ``event`` is None when its file is gone.

    Opening it waits for whoever is there. When the places in the file have changed since, the line moves first.
    """

    def __init__(
        self,
        session: Session,
        slug: str,
        event: Event | None,
        *,
        now: datetime,
        write_letter: WriteLetter,
        actor: Actor = REGISTRANT,
    ) -> None:
        self.session, self.slug, self.event, self.now = session, slug, event, now
        self.write_letter = write_letter
        self.actor = actor
        record = taken.lock(session, slug, event.title if event else slug)
        self._somebody_listens = record.somebody_listens
        self._counts = taken.counts(session, slug)
        if event is not None:
            if record.title != event.title:
                record.title = event.title
            if record.rules != (now_ruling := rules(event)):
                record.rules = now_ruling
                self.settle()

    @property
    def taken(self) -> Taken:
        """What is taken at this moment, our own moves included."""
        return taken.summed(self._counts.values())

    @cached_property
    def _listeners(self) -> Sequence[Webhook]:
        return happenings.listeners(self.session, self.slug) if self._somebody_listens else ()

    def registration(self, registration_id: int) -> Registration:
        """A registration of this event as it is under the lock."""
        found = self.session.scalars(self._registrations().where(Registration.id == registration_id)).one()
        if found.event_slug != self.slug:
            raise ValueError(f"registration {registration_id} is not of {self.slug}")
        return found

    def register(self, registration: Registration, letter: Letter | None, note: str = "") -> None:
        """Take in a new registration, all of whose people get its status, and put the letter about it, if there is
        one, in the outbox. If something is due, its number has been given. Places are not asked for here."""
        status, people = registration.status, registration.attendees
        _check_move(None, status)
        registration.waiting_since = self.now if status == WAITLISTED else None
        entry = _entry(registration, "signed_up", self.actor, self.now, people, note)
        insert_registration(self.session, registration, entry, letter)
        self._take_in(registration, people)
        self._tell(registration, "signed_up")

    def join(self, registration: Registration, people: Sequence[Attendee]) -> None:
        """Take people in who join a party, with its status. Who waits then waits anew, at the end of the line:
        what others behind them in line may count on does not get less."""
        if registration.status == WAITLISTED:
            self._hold(registration, -1)
            registration.waiting_since, registration.passed = self.now, 0
        registration.attendees.extend(people)
        self._owe(registration)
        self._take_in(registration, people)

    def move(self, registration: Registration, people: Mapping[int, Standing]) -> None:
        """Give people of a registration, by position, another standing; who moves them writes down why."""
        self._hold(registration, -1)
        for person in registration.attendees:
            before = Standing(person.status, person.ticket)
            after = people.get(person.position, before)
            if after == before:
                continue
            _check_move(before.status, after.status)
            self._count(before, -1)
            self._count(after, +1)
            self._stand(person, after)
        self._keep_in_line(registration)
        self._hold(registration, +1)
        self._owe(registration)

    def settle(self) -> None:
        """Let the line move up as far as places go; who gets theirs is told by letter."""
        event = self.event
        if (
            event is None
            or event.status == "cancelled"
            or self.now >= event.over_at
            or not self.taken.waiting
        ):
            return
        moves = places.along_the_line(event, self.taken, self._line())
        for party, times in moves.passed:
            self._pass(party, times)
        ids = [party.id for party in moves.promoted]
        promoted = (
            self.session.scalars(self._registrations().where(Registration.id.in_(ids))).all() if ids else []
        )
        for registration in sorted(promoted, key=lambda one: ids.index(one.id)):
            self.promote(registration, SYSTEM)

    def promote(self, registration: Registration, actor: Actor | None = None, note: str = "") -> None:
        """Give a waiting party its places, which the caller has found free, and tell it by letter."""
        promoted = [person for person in registration.attendees if person.status == WAITLISTED]
        self.move(registration, {person.position: Standing(CONFIRMED, person.ticket) for person in promoted})
        self.note(registration, "promoted", promoted, note, actor)
        self.write(registration, "promoted")

    def note(
        self,
        registration: Registration,
        action: str,
        people: Iterable[Attendee] = (),
        note: str = "",
        actor: Actor | None = None,
    ) -> None:
        """Write down what happened, what these people have now, and in a word or a few why or what; programs that
        asked for it are told."""
        write_down(self.session, registration, action, actor or self.actor, self.now, people, note)
        self._tell(registration, action)

    def _tell(self, registration: Registration, action: str) -> None:
        if (what := happenings.OF_HISTORY.get(action)) and self._listeners:
            happenings.tell(self.session, self._listeners, what, registration, self.taken, self.now)

    def write(self, registration: Registration, kind: str, **words: Any) -> None:
        """Put a letter about a registration in the outbox, if there is an address; ``words`` are a LetterWriter's."""
        if registration.email or words.get("recipient"):
            self.session.add(self.write_letter(registration, kind, **words))

    def _take_in(self, registration: Registration, people: Sequence[Attendee]) -> None:
        """Count people who come new, and whom of the line they pass."""
        before = self.taken
        for person in people:
            self._count(Standing(person.status, person.ticket), +1)
        if (
            registration.status == CONFIRMED
            and self.event is not None
            and self.event.waitlist == "auto"
            and before.waiting
        ):
            party = Counter(person.ticket for person in people)
            # As far as one look reaches: a sign-up costs the same however long the line is.
            front = islice(self._line(), LINE_BATCH)
            for passed in places.passed_by(self.event, before, party, front):
                self._pass(passed)

    def _owe(self, registration: Registration) -> None:
        """Once something is due, there is a number to pay it with."""
        if registration.amount_due and registration.communication is None:
            registration.communication = new_communication(self.session)

    def _stand(self, person: Attendee, standing: Standing) -> None:
        if standing.ticket != person.ticket:
            ticket = self.event.ticket(standing.ticket) if self.event else None
            if ticket is None:
                raise ChangeRefused("no_such_ticket")
            person.ticket, person.ticket_label, person.price = ticket.id, ticket.label, ticket.price
        person.status = standing.status
        person.cancelled_at = self.now if standing.status == CANCELLED else None

    def _keep_in_line(self, registration: Registration) -> None:
        status = registration.status
        if status == WAITLISTED:
            registration.waiting_since = registration.waiting_since or self.now
        else:
            registration.waiting_since, registration.passed = None, 0
        registration.cancelled_at = self.now if status == CANCELLED else None

    def _count(self, standing: Standing, number: int) -> None:
        if standing.status in (CONFIRMED, WAITLISTED):
            row = self._row(standing.ticket)
            setattr(row, standing.status, getattr(row, standing.status) + number)

    def _row(self, ticket: str) -> TicketCount:
        if ticket not in self._counts:
            row = TicketCount(event_slug=self.slug, ticket=ticket, confirmed=0, waitlisted=0, held=0)
            self.session.add(row)
            self._counts[ticket] = row
        return self._counts[ticket]

    def _hold(self, registration: Registration, number: int) -> None:
        """Count in (or out) the places that are held for a party that was passed too often."""
        if registration.passed >= places.PATIENCE:
            for person in registration.attendees:
                if person.status == WAITLISTED:
                    self._row(person.ticket).held += number

    def _pass(self, party: Party, times: int = 1) -> None:
        """Others got places before the first in line; too often, and what comes free is held for it."""
        registration = self.session.get_one(Registration, party.id)
        patient = registration.passed < places.PATIENCE
        registration.passed += times
        if patient and registration.passed >= places.PATIENCE:
            for ticket, number in party.tickets.items():
                self._row(ticket).held += number

    def _line(self) -> Iterator[Party]:
        """Who waits, first come first, read a batch at a time."""
        after: tuple[datetime, int] | None = None
        place = tuple_(Registration.waiting_since, Registration.id)
        while True:
            query = (
                select(Registration.id, Registration.passed, Registration.waiting_since)
                .where(Registration.event_slug == self.slug, Registration.waiting_since.is_not(None))
                .order_by(Registration.waiting_since, Registration.id)
                .limit(LINE_BATCH)
            )
            rows = self.session.execute(query.where(place > after) if after else query).all()
            wanted = self.session.execute(
                select(Attendee.registration_id, Attendee.ticket, func.count())
                .where(Attendee.registration_id.in_([row.id for row in rows]), Attendee.status == WAITLISTED)
                .group_by(Attendee.registration_id, Attendee.ticket)
            ).all()
            tickets: dict[int, dict[str, int]] = {row.id: {} for row in rows}
            for registration_id, ticket, number in wanted:
                tickets[registration_id][ticket] = number
            yield from (Party(row.id, tickets[row.id], row.passed) for row in rows)
            if len(rows) < LINE_BATCH:
                return
            after = (rows[-1].waiting_since, rows[-1].id)

    def _registrations(self) -> Select[Registration]:
        return (
            select(Registration)
            .options(selectinload(Registration.attendees).selectinload(Attendee.all_answers))
            .execution_options(populate_existing=True)
        )


def write_down(
    session: Session,
    registration: Registration,
    action: str,
    actor: Actor,
    now: datetime,
    people: Iterable[Attendee] = (),
    note: str = "",
) -> None:
    """An entry in a registration's history: what happened, what these people have now, in a word why or what."""
    session.add(_entry(registration, action, actor, now, people, note))


def _entry(
    registration: Registration,
    action: str,
    actor: Actor,
    now: datetime,
    people: Iterable[Attendee],
    note: str,
) -> HistoryEntry:
    return HistoryEntry(
        registration_id=registration.id,
        at=now,
        actor=actor.kind,
        organiser_id=actor.organiser_id,
        action=action,
        people=[
            {"position": person.position, "status": person.status, "ticket": person.ticket}
            for person in people
        ],
        note=note,
    )


def rules(event: Event) -> str:
    """A digest of what the places of an event follow from: when it changes, the line may have to move."""
    told = (
        sorted(places.capacities(event).items()),
        [(ticket.id, ticket.sessions) for ticket in event.tickets],
        (event.waitlist, event.sold_out, event.status),
    )
    return sha256(repr(told).encode()).hexdigest()


def _check_move(before: str | None, after: str) -> None:
    if after not in MOVES[before]:
        raise ChangeRefused("gone")

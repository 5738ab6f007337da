"""The registration desk of one event: the one door through which places are taken and given back.

Whoever stands at the desk holds the event's lock until their transaction ends, so what they count is true. People move
here and nowhere else: the desk keeps the counts beside the attendees, writes the history, and lets the line move up.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice
from typing import Literal, NamedTuple

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, selectinload

from portal.content.event import Event
from portal.domain import places, taken
from portal.domain.errors import ChangeRefused
from portal.domain.places import Party, Taken
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

LINE_BATCH = 200

MOVES = {
    None: {CONFIRMED, WAITLISTED},
    WAITLISTED: {WAITLISTED, CONFIRMED, CANCELLED},
    CONFIRMED: {CONFIRMED, CANCELLED},
    CANCELLED: set(),
}
"""From which status an attendee may come to which; ``None`` is not there yet. Who cancelled signs up anew."""

WriteLetter = Callable[[Registration, str], Letter]
"""Makes the letter of a kind, such as ``confirmed`` or ``promoted``, about a registration."""


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
        self._write_letter = write_letter
        self._actor = actor
        record = taken.lock(session, slug, event.title if event else slug)
        self._counts = taken.counts(session, slug)
        if event is not None:
            record.title = event.title
            if record.rules != (now_ruling := rules(event)):
                record.rules = now_ruling
                self.settle()

    @property
    def taken(self) -> Taken:
        """What is taken at this moment, our own moves included."""
        return taken.summed(self._counts.values())

    def registration(self, registration_id: int) -> Registration:
        """A registration of this event as it is under the lock."""
        found = self.session.scalars(self._registrations().where(Registration.id == registration_id)).one()
        if found.event_slug != self.slug:
            raise ValueError(f"registration {registration_id} is not of {self.slug}")
        return found

    def register(self, registration: Registration, status: str, note: str = "") -> None:
        """Take in a new registration whose people all get ``status``; places are not asked for here."""
        people = {person.position: Standing(status, person.ticket) for person in registration.attendees}
        before = self.taken
        for person in registration.attendees:
            self._count(Standing(status, person.ticket), +1)
            _check_move(None, status)
        registration.waiting_since = self.now if status == WAITLISTED else None
        registration.passed = 0
        self.session.add(registration)
        self.session.flush()
        self.note(registration, "signed_up", people, note)
        if (
            status == CONFIRMED
            and self.event is not None
            and self.event.waitlist == "auto"
            and before.waiting
        ):
            party = Counter(person.ticket for person in registration.attendees)
            # As far as one look reaches: a sign-up costs the same however long the line is.
            front = islice(self._line(), LINE_BATCH)
            for passed in places.passed_by(self.event, before, party, front):
                self._pass(passed)

    def move(
        self, registration: Registration, action: str, people: Mapping[int, Standing], note: str = ""
    ) -> None:
        """Give people of a registration, by position, another standing; who has it already is left alone."""
        moved = {}
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
            moved[person.position] = after
        self._keep_in_line(registration)
        self._hold(registration, +1)
        if moved:
            self.note(registration, action, moved, note)

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
        people = {
            person.position: Standing(CONFIRMED, person.ticket)
            for person in registration.attendees
            if person.status == WAITLISTED
        }
        mine, self._actor = self._actor, actor or self._actor
        self.move(registration, "promoted", people, note)
        self._actor = mine
        self.write(registration, "promoted")

    def note(
        self, registration: Registration, action: str, people: Mapping[int, Standing], note: str = ""
    ) -> None:
        """Write down what happened and what it came to for each person."""
        self.session.add(
            HistoryEntry(
                registration_id=registration.id,
                at=self.now,
                actor=self._actor.kind,
                organiser_id=self._actor.organiser_id,
                action=action,
                people=[
                    {"position": position, "status": standing.status, "ticket": standing.ticket}
                    for position, standing in people.items()
                ],
                note=note,
            )
        )

    def write(self, registration: Registration, kind: str) -> None:
        """Put a letter about a registration in the outbox."""
        self.session.add(self._write_letter(registration, kind))

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


def rules(event: Event) -> str:
    """A digest of what the places of an event follow from: when it changes, the line may have to move."""
    told = (
        sorted(places.capacities(event).items()),
        [(ticket.id, ticket.sessions) for ticket in event.tickets],
        (event.waitlist, event.sold_out, event.status),
    )
    return sha256(repr(told).encode()).hexdigest()


def place_in_line(session: Session, registration: Registration) -> int | None:
    """1 for who is first in line, None for who does not wait."""
    if registration.waiting_since is None:
        return None
    before = tuple_(Registration.waiting_since, Registration.id) < (
        registration.waiting_since,
        registration.id,
    )
    ahead = select(func.count()).where(
        Registration.event_slug == registration.event_slug, Registration.waiting_since.is_not(None), before
    )
    return 1 + (session.scalar(ahead) or 0)


def _check_move(before: str | None, after: str) -> None:
    if after not in MOVES[before]:
        raise ChangeRefused("gone")

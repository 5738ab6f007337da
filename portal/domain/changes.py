"""What becomes of a registration after it was sent: people cancelled, replaced, moved to another ticket, promoted."""

from collections import Counter
from collections.abc import Collection, Mapping

from portal.domain import places
from portal.domain.desk import Desk, Standing
from portal.domain.errors import ChangeRefused
from portal.domain.signup import Person, folded
from portal.storage.models import CANCELLED, CONFIRMED, WAITLISTED, Attendee, Registration


def cancel(desk: Desk, registration_id: int, positions: Collection[int] | None = None) -> Registration:
    """Cancel people of a registration, all of them when no positions are given; their places go to the line.

    Who has cancelled already is left alone, so that doing it twice frees one place.
    """
    registration = desk.registration(registration_id)
    leaving = {
        person.position: Standing(CANCELLED, person.ticket)
        for person in registration.attendees
        if person.status != CANCELLED and (positions is None or person.position in positions)
    }
    if leaving:
        desk.move(registration, "cancelled", leaving)
        desk.write(registration, "cancelled")
        desk.settle()
    return registration


def replace_person(desk: Desk, registration_id: int, position: int, person: Person) -> Registration:
    """Let somebody else come in a person's place, which stays theirs. Raises ChangeRefused when it is cancelled."""
    registration = desk.registration(registration_id)
    replaced = _standing_person(registration, position)
    replaced.first_name, replaced.last_name, replaced.email = (
        person.first_name,
        person.last_name,
        person.email,
    )
    replaced.search_text = folded(
        person.last_name,
        person.first_name,
        person.email,
        registration.email,
        registration.school,
        registration.reference,
    )
    desk.note(registration, "replaced", {position: Standing(replaced.status, replaced.ticket)})
    return registration


def change_tickets(desk: Desk, registration_id: int, tickets: Mapping[int, str]) -> Registration:
    """Move people, by position, to other tickets; all of them or none.

    What they have is only given up for what they surely get: raises ChangeRefused where a place is missing. Who
    waits keeps their place in line.
    """
    registration = desk.registration(registration_id)
    event = desk.event
    if event is None:
        raise ChangeRefused("too_late")
    people = [_standing_person(registration, position) for position in tickets]
    if not all(places.on_sale(event, tickets[person.position], desk.now) for person in people):
        raise ChangeRefused("no_such_ticket")
    if registration.status == CONFIRMED:
        wanted = places.demand(event, Counter(tickets.values()))
        wanted.subtract(places.demand(event, Counter(person.ticket for person in people)))
        room = places.for_newcomers(event, desk.taken)
        if event.sold_out or any(
            number > max(0, room[pool]) for pool, number in wanted.items() if pool in room and number > 0
        ):
            raise ChangeRefused("no_place")
    desk.move(
        registration,
        "changed",
        {person.position: Standing(person.status, tickets[person.position]) for person in people},
    )
    desk.settle()
    return registration


def promote(desk: Desk, registration_id: int, *, over_capacity: bool = False) -> Registration:
    """Give a waiting party its places because an organiser says so, whoever stands before it.

    Raises ChangeRefused when it does not wait, or when its places are not free and the organiser did not say
    ``over_capacity``; that is kept in the history.
    """
    registration = desk.registration(registration_id)
    if registration.status != WAITLISTED:
        raise ChangeRefused("gone")
    if desk.event is None:
        raise ChangeRefused("too_late")
    wanted = places.demand(
        desk.event, Counter(person.ticket for person in registration.attendees if person.status == WAITLISTED)
    )
    room = places.free(desk.event, desk.taken)
    if not over_capacity and any(number > room[pool] for pool, number in wanted.items() if pool in room):
        raise ChangeRefused("no_place")
    desk.promote(registration, note="over_capacity" if over_capacity else "")
    return registration


def _standing_person(registration: Registration, position: int) -> Attendee:
    for person in registration.attendees:
        if person.position == position and person.status != CANCELLED:
            return person
    raise ChangeRefused("gone")

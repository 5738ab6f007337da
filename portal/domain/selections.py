"""One thing done for many people of an event: through the desk, in one transaction, each in the history."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal.domain import changes, payments
from portal.domain.desk import Desk
from portal.domain.errors import ChangeRefused
from portal.storage.models import CANCELLED, WAITLISTED, Registration

People = Iterable[tuple[int, int]]
"""Registration id and position of each."""


def cancel(desk: Desk, people: People, *, letter: bool) -> int:
    """Cancel them; who has cancelled already is left alone. Returns how many that were."""
    positions: dict[int, set[int]] = defaultdict(set)
    for registration_id, position in people:
        positions[registration_id].add(position)
    number = 0
    for registration in _of(desk, positions):
        number += sum(
            person.status != CANCELLED and person.position in positions[registration.id]
            for person in registration.attendees
        )
        changes.cancel(desk, registration.id, positions[registration.id], letter=letter)
    return number


def promote(desk: Desk, people: People) -> tuple[int, int]:
    """Give those who wait their places, in the order of the line, with the whole of their party. Returns how many
    parties got theirs, and how many did not because there is no room."""
    given = left = 0
    waiting = [one for one in _of(desk, {id_ for id_, _position in people}) if one.status == WAITLISTED]
    for registration in sorted(waiting, key=lambda one: (one.waiting_since or desk.now, one.id)):
        try:
            changes.promote(desk, registration.id)
            given += 1
        except ChangeRefused as refused:
            if refused.kind != "no_place":
                raise
            left += 1
    return given, left


def pay(desk: Desk, people: People, received_on: date) -> int:
    """Write down that what is open for their registrations has come in. Returns how many registrations that were."""
    number = 0
    for registration in _of(desk, {id_ for id_, _position in people}):
        if still := payments.balance(registration).open:
            payments.record(desk.session, registration, still, received_on, actor=desk.actor, now=desk.now)
            number += 1
    return number


def _of(desk: Desk, ids: Iterable[int]) -> list[Registration]:
    """Their registrations, as far as they are of this event."""
    return list(
        desk.session.scalars(
            select(Registration)
            .where(Registration.id.in_(set(ids)), Registration.event_slug == desk.slug)
            .order_by(Registration.id)
            .options(selectinload(Registration.attendees), selectinload(Registration.payments))
        )
    )

"""What can be asked about a registration: which it is, where in line, what happened to it."""

from collections.abc import Sequence

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.storage.ledger import Payment
from portal.storage.models import Attendee, HistoryEntry, Registration


def by_reference(session: Session, slug: str, reference: str) -> Registration | None:
    """The registration of an event that people call by ``reference``, with its people, answers and payments."""
    return session.scalars(
        select(Registration)
        .where(Registration.event_slug == slug, Registration.reference == reference)
        .options(
            selectinload(Registration.attendees).selectinload(Attendee.all_answers),
            selectinload(Registration.payments).joinedload(Payment.organiser),
            joinedload(Registration.billing),
        )
    ).one_or_none()


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


def history(session: Session, registration_id: int) -> Sequence[HistoryEntry]:
    """All that happened to a registration, oldest first, with the organisers who did it."""
    return session.scalars(
        select(HistoryEntry)
        .where(HistoryEntry.registration_id == registration_id)
        .order_by(HistoryEntry.id)
        .options(joinedload(HistoryEntry.organiser))
    ).all()


def last_entry(session: Session, registration_id: int) -> int:
    """The number of the last thing that happened to a registration."""
    query = select(func.max(HistoryEntry.id)).where(HistoryEntry.registration_id == registration_id)
    return session.scalar(query) or 0

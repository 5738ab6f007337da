"""What needs an organiser's attention besides the events themselves; one query each, however many events there are."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from portal.domain.filters import due_of_registration, paid_of_registration
from portal.storage.ledger import StatementEntry
from portal.storage.models import Attendee, HistoryEntry, Registration

TERM = timedelta(days=14)
"""How long a transfer may take before somebody should ask."""
LATELY = timedelta(days=7)


def unpaid(session: Session, now: datetime) -> Mapping[str, int]:
    """By event, how many registrations have something open that was asked for longer than the term ago: when they
    signed up, or got their places from the waiting list."""
    asked_since = exists().where(
        HistoryEntry.registration_id == Registration.id,
        HistoryEntry.action == "promoted",
        HistoryEntry.at >= now - TERM,
    )
    rows = session.execute(
        select(Registration.event_slug, func.count())
        .where(
            Registration.communication.is_not(None),
            Registration.created_at < now - TERM,
            due_of_registration() > paid_of_registration(),
            ~asked_since,
        )
        .group_by(Registration.event_slug)
    )
    return dict(rows.all())


def signed_up_lately(session: Session, now: datetime) -> Mapping[str, int]:
    """By event, how many people signed up in the last seven days."""
    rows = session.execute(
        select(Registration.event_slug, func.count(Attendee.position))
        .join(Attendee, Attendee.registration_id == Registration.id)
        .where(Registration.created_at >= now - LATELY)
        .group_by(Registration.event_slug)
    )
    return dict(rows.all())


def payments_to_look_at(session: Session) -> int:
    """How many entries of bank statements wait for a person's decision."""
    query = select(func.count()).select_from(StatementEntry).where(StatementEntry.state == "open")
    return session.scalar(query) or 0

"""What happens to registrations, as programs that asked for it are told: a message is a row, written with what it is
about, in its transaction. A message names what has happened and nobody: who may know more asks for it."""

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.places import Taken
from portal.formats import person_code
from portal.storage.models import CANCELLED, CONFIRMED, WAITLISTED, Registration
from portal.storage.webhooks import Delivery, Webhook

SIGNED_UP, CHANGED, CANCELLATION, ATTENDANCE = TYPES = (
    "registration.created",
    "registration.changed",
    "registration.cancelled",
    "attendance.changed",
)
TEST = "test"

OF_HISTORY: Mapping[str, str] = {
    "signed_up": SIGNED_UP,
    "changed": CHANGED,
    "promoted": CHANGED,
    "address": CHANGED,
    "cancelled": CANCELLATION,
}
"""What an entry of a registration's history is, to programs. Of others they are told nothing: a note is nobody's
business, and who moves to another event signs up there and cancels here."""


_LISTENING = select(Webhook).where(Webhook.off == "").with_for_update(read=True, key_share=True)


def listeners(session: Session, slug: str) -> Sequence[Webhook]:
    """Who is told of this event; one small query, whether or not there are any. Nobody removes them until the
    transaction ends, which writes to them."""
    # What the transaction is about to write has no say in it, and goes to the database in one piece later.
    with session.no_autoflush:
        return [hook for hook in session.scalars(_LISTENING) if hook.is_about(slug)]


def tell(
    session: Session,
    told: Iterable[Webhook],
    what: str,
    registration: Registration,
    counted: Taken,
    now: datetime,
) -> None:
    """Write a message to each who wants to hear of this. Needs a transaction, and the event's lock."""
    wanting = [hook for hook in told if what in hook.types]
    if wanting:
        about = _about(registration, counted)
        session.add_all(message(hook, what, about, now) for hook in wanting)


def message(hook: Webhook, what: str, about: Mapping[str, Any], now: datetime) -> Delivery:
    """A message for the outbox, in the shape of the specification (Standard Webhooks): ``type``, ``timestamp``,
    ``data``; its id stands inside too, for who keeps only the body."""
    message_id = f"msg_{secrets.token_hex(16)}"
    body = {
        "id": message_id,
        "type": what,
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": about,
    }
    return Delivery(
        webhook=hook,
        message_id=message_id,
        type=what,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
        queued_at=now,
        due_at=now,
    )


def _about(registration: Registration, counted: Taken) -> dict[str, Any]:
    people = registration.attendees
    statuses = Counter(person.status for person in people)
    return {
        "event": registration.event_slug,
        "registration": registration.reference,
        "status": registration.status,
        "attendees": [
            {
                "attendee": person_code.written(registration.reference, person.position),
                "status": person.status,
                "ticket": person.ticket,
                "checked_in": person.checked_in_at is not None,
            }
            for person in people
        ],
        "counts": {status: statuses[status] for status in (CONFIRMED, WAITLISTED, CANCELLED)},
        "event_counts": {CONFIRMED: counted.people, WAITLISTED: counted.waiting},
    }

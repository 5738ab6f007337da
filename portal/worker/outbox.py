"""What letters and messages have in common: each is claimed, sent outside every transaction, and tried again later.

Any number of workers may run at once, in threads, processes and machines: a row is claimed under its lock. One that
dies while sending leaves a claim that lapses, and the row goes out again under the same name. One that is slow gives
back what it can no longer send before its claim lapses.
"""

import random
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from portal.storage.database import transaction
from portal.storage.models import Letter
from portal.storage.webhooks import Delivery

BATCH = 50
CLAIM = timedelta(minutes=5)
GIVE_UP_AFTER = timedelta(days=2)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=3)

Kind = type[Letter] | type[Delivery]


def claim(session: Session, kind: Kind, now: datetime) -> Sequence[int]:
    """The numbers of what is due and, from now until the claim lapses, ours."""
    due = (
        select(kind.id)
        .where(or_(kind.state == "waiting", kind.state == "sending"), kind.due_at <= now)
        .order_by(kind.due_at, kind.id)
        .limit(BATCH)
    )
    if session.execute(due.limit(1)).first() is None:
        return []
    with transaction(session):
        # SQLite has one writer at a time; on PostgreSQL another worker takes those after ours meanwhile.
        ours = session.scalars(due.with_for_update(skip_locked=True)).all()
        session.execute(
            update(kind)
            .where(kind.id.in_(ours))
            .values(state="sending", due_at=now + CLAIM, attempts=kind.attempts + 1)
        )
    return ours


def try_again(
    session: Session, kind: Kind, row_id: int, now: datetime, reason: str, **values: object
) -> None:
    """Put what is still in hand back in line, later each time, until it is too old."""
    row = session.execute(
        select(kind.queued_at, kind.attempts).where(kind.id == row_id, kind.state == "sending")
    ).one_or_none()
    if row is None:
        return
    if now - row.queued_at >= GIVE_UP_AFTER:
        move(session, kind, row_id, state="failed", error=reason, **values)
        return
    pause = min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
    due_at = now + pause * random.uniform(0.8, 1.2)  # noqa: S311  # jitter, no secret
    move(session, kind, row_id, state="waiting", due_at=due_at, error=reason, **values)


def give_back(session: Session, kind: Kind, row_ids: Iterable[int], now: datetime) -> None:
    """Let others send what was not begun."""
    for row_id in row_ids:
        move(session, kind, row_id, state="waiting", due_at=now)


def move(session: Session, kind: Kind, row_id: int, **values: object) -> None:
    """Note what became of it, while it is still in hand."""
    session.execute(update(kind).where(kind.id == row_id, kind.state == "sending").values(**values))

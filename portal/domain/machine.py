"""How the portal itself fares: letters that do not leave, a disk without room, a clock that is wrong.

Else only the log of a sysadmin would tell, and the organisers would hear it from those who got no letter.
"""

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.storage.database import clock_ahead
from portal.storage.models import HistoryEntry, Letter

LATE = timedelta(minutes=30)
"""How long a letter may wait before its mail server needs a look: some ask newcomers to come back after a quarter
of an hour."""
UNTOUCHED = timedelta(minutes=10)
"""How long a letter may be due without anybody trying: twice as long as a worker may hold one."""
LITTLE_ROOM = 500_000_000
"""Bytes."""
CLOCK_OFF = timedelta(minutes=1)


@dataclass(frozen=True)
class Outbox:
    """How many letters wait, since when the oldest; how many failed; whether nobody even tries."""

    waiting: int
    oldest: timedelta
    failed: int
    nobody_sends: bool

    @property
    def late(self) -> bool:
        """Whether letters do not leave."""
        return self.nobody_sends or self.oldest > LATE


@dataclass(frozen=True)
class Faults:
    """What needs whoever runs the portal; None and False for what is well."""

    outbox: Outbox | None
    room: int | None
    """Bytes that are left in the data folder."""
    clock: timedelta | None
    """How far the clock of this machine is ahead; negative for behind."""


def outbox(session: Session, now: datetime) -> Outbox:
    """The outbox at this moment; one query.

    Workers need not be known to be missed: a letter that is due, or whose claim has lapsed, is taken within
    seconds by any that lives, on whatever machine.
    """
    rows = session.execute(
        select(Letter.state, func.count(), func.min(Letter.queued_at), func.min(Letter.due_at))
        .where(Letter.state.in_(("waiting", "sending", "failed")))  # by the index: most are sent
        .group_by(Letter.state)
    ).all()
    still = [row for row in rows if row[0] != "failed"]
    oldest = min((queued_at for _state, _number, queued_at, _due in still), default=now)
    due = min((due_at for _state, _number, _queued, due_at in still), default=now)
    return Outbox(
        waiting=sum(number for _state, number, _queued, _due in still),
        oldest=max(now - oldest, timedelta()),
        failed=sum(row[1] for row in rows if row[0] == "failed"),
        nobody_sends=due < now - UNTOUCHED,
    )


def faults(session: Session, data_dir: Path, now: datetime) -> Faults:
    """What is not well."""
    letters = outbox(session, now)
    room = _room(data_dir)
    return Faults(
        outbox=letters if letters.late else None,
        room=room if room < LITTLE_ROOM else None,
        clock=_clock(session, now),
    )


def _room(data_dir: Path) -> int:
    return shutil.disk_usage(data_dir).free if data_dir.is_dir() else LITTLE_ROOM


def _clock(session: Session, now: datetime) -> timedelta | None:
    """How far this machine's clock is off, as far as something can tell: a database elsewhere has a clock of its own;
    and no clock that is right comes before what was written last."""
    ahead = clock_ahead(session)
    if abs(ahead) > CLOCK_OFF:
        return ahead
    last = session.scalar(select(HistoryEntry.at).order_by(HistoryEntry.id.desc()).limit(1))
    return now - last if last and last > now + CLOCK_OFF else None

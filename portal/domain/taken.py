"""How many places are taken: the counts of each event, and the lock under which they change."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.domain.places import NOBODY, Taken
from portal.storage.models import EventRecord, TicketCount


class Counted(Protocol):
    """How many have and want one ticket."""

    ticket: str
    confirmed: int
    waitlisted: int
    held: int


_COUNTED = select(
    TicketCount.event_slug,
    TicketCount.ticket,
    TicketCount.confirmed,
    TicketCount.waitlisted,
    TicketCount.held,
).order_by(TicketCount.event_slug, TicketCount.ticket)
_COUNTED_OF_EVENT = _COUNTED.where(TicketCount.event_slug == bindparam("slug"))
_LOCKED = (
    select(EventRecord)
    .where(EventRecord.slug.in_(bindparam("slugs", expanding=True)))
    .order_by(EventRecord.slug)
    .with_for_update()
)
_COUNTS = select(TicketCount).where(TicketCount.event_slug == bindparam("slug"))


def counted(session: Session | Connection, slug: str | None = None) -> Sequence[Row[str, str, int, int, int]]:
    """The counts of one event, or of all, in one query, as far as one can see without a lock: the same rows as long as
    nobody came or went."""
    if slug is None:
        return session.execute(_COUNTED).all()
    return session.execute(_COUNTED_OF_EVENT, {"slug": slug}).all()


def of_event(session: Session, slug: str) -> Taken:
    """What is taken of one event, as far as one can see without its lock."""
    return summed(counted(session, slug))


def of_all(session: Session) -> Mapping[str, Taken]:
    """What is taken of every event, by slug, in one query; nobody for an event without registrations."""
    return by_event(counted(session))


def by_event(rows: Iterable[Row[str, str, int, int, int]]) -> Mapping[str, Taken]:
    """What ``counted`` gave for all events, by slug; nobody for an event without registrations."""
    found = defaultdict(list)
    for row in rows:
        found[row.event_slug].append(row)
    return defaultdict(lambda: NOBODY, {slug: summed(own) for slug, own in found.items()})


def lock(session: Session, slug: str, title: str) -> EventRecord:
    """The event's row, locked until the transaction ends: whoever waits here decides after us.

    It is made when the event has none yet.
    """
    (record,) = lock_all(session, {slug: title})
    return record


def lock_all(session: Session, titles: Mapping[str, str]) -> Sequence[EventRecord]:
    """The rows of several events, given as slug and title, locked in one order, so that no two wait for each other."""
    while len(records := session.scalars(_LOCKED, {"slugs": list(titles)}).all()) < len(titles):
        missing = titles.keys() - {record.slug for record in records}
        try:
            with session.begin_nested():
                session.add_all(EventRecord(slug=slug, title=titles[slug]) for slug in sorted(missing))
        except IntegrityError:  # another made some of them meanwhile, and held them until now
            pass
    return records


def counts(session: Session, slug: str) -> dict[str, TicketCount]:
    """The rows that count one event, by ticket id; decide on them only under its lock."""
    rows = session.scalars(_COUNTS, {"slug": slug})
    return {row.ticket: row for row in rows}


def summed(rows: Iterable[Counted]) -> Taken:
    """The rows of one event as one value."""
    by_ticket = list(rows)
    return Taken(
        confirmed={row.ticket: row.confirmed for row in by_ticket},
        waitlisted={row.ticket: row.waitlisted for row in by_ticket},
        held={row.ticket: row.held for row in by_ticket},
    )

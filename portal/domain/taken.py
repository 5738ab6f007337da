"""How many places are taken: the counts of each event, and the lock under which they change."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain.places import NOBODY, Taken
from portal.storage.models import EventRecord, TicketCount


def of_event(session: Session, slug: str) -> Taken:
    """What is taken of one event, as far as one can see without its lock."""
    return summed(counts(session, slug).values())


def of_all(session: Session) -> Mapping[str, Taken]:
    """What is taken of every event, by slug, in one query; nobody for an event without registrations."""
    by_event = defaultdict(list)
    for row in session.scalars(select(TicketCount)):
        by_event[row.event_slug].append(row)
    return defaultdict(lambda: NOBODY, {slug: summed(rows) for slug, rows in by_event.items()})


def lock(session: Session, event: Event) -> EventRecord:
    """The event's row, locked until the transaction ends: whoever waits here decides after us.

    It is made when the event has none yet.
    """
    query = select(EventRecord).where(EventRecord.slug == event.slug).with_for_update()
    record = session.scalars(query).one_or_none()
    if record is None:
        try:
            with session.begin_nested():
                session.add(EventRecord(slug=event.slug, title=event.title))
        except IntegrityError:  # another made it meanwhile, and held it until now
            pass
        record = session.scalars(query).one()
    return record


def counts(session: Session, slug: str) -> dict[str, TicketCount]:
    """The rows that count one event, by ticket id; decide on them only under its lock."""
    rows = session.scalars(select(TicketCount).where(TicketCount.event_slug == slug))
    return {row.ticket: row for row in rows}


def add(
    session: Session, rows: dict[str, TicketCount], slug: str, status: str, tickets: Iterable[str]
) -> None:
    """Count people who have become ``confirmed`` or ``waitlisted``, given as the ticket id of each."""
    for ticket, number in Counter(tickets).items():
        if ticket not in rows:
            rows[ticket] = TicketCount(event_slug=slug, ticket=ticket, confirmed=0, waitlisted=0)
            session.add(rows[ticket])
        setattr(rows[ticket], status, getattr(rows[ticket], status) + number)


def summed(rows: Iterable[TicketCount]) -> Taken:
    """The rows of one event as one value."""
    by_ticket = list(rows)
    return Taken(
        confirmed={row.ticket: row.confirmed for row in by_ticket},
        waitlisted={row.ticket: row.waitlisted for row in by_ticket},
    )

"""What has changed about when and where an event is, and who of those registered has not been told.

A file changes without anybody asking; organisers decide whether letters go out. Each letter that says when and where
keeps what it said (``Letter.facts``), so it is known of everybody what they know.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session, selectinload

from portal.content.event import Event
from portal.domain import taken
from portal.domain.facts import Facts
from portal.domain.letters import LetterWriter
from portal.storage.models import EventRecord, Letter, Registration

_last_told = (
    select(Letter.facts)
    .where(Letter.registration_id == Registration.id, Letter.facts != "", Letter.state != "failed")
    .order_by(Letter.id.desc())
    .limit(1)
    .correlate(Registration)
    .scalar_subquery()
)
KNOWN = func.coalesce(_last_told, EventRecord.told)
"""What a registrant knows; where no letter of theirs says it, what was true when the portal first looked."""


@dataclass(frozen=True)
class Announcement:
    """A change that has not been told to ``people`` registrations."""

    event: Event
    registrations: int

    @property
    def cancelled(self) -> bool:
        return self.event.status == "cancelled"


def told(session: Session) -> Mapping[str, str]:
    """The facts of each event about which nobody has to be told any more, by slug."""
    return dict(session.execute(select(EventRecord.slug, EventRecord.told)).all())


def pending(
    session: Session, events: Iterable[Event], told: Mapping[str, str], now: datetime
) -> tuple[Announcement, ...]:
    """The changes about which organisers still have to decide, the next event first; one query, often none."""
    changed = {
        event.slug: event
        for event in events
        if event.over_at > now
        and event.status != "draft"
        and event.slug in told
        and told[event.slug] != Facts.of(event).written()
    }
    if not changed:
        return ()
    counted = session.execute(
        _untold(changed.values())
        .with_only_columns(Registration.event_slug, func.count())
        .group_by(Registration.event_slug)
    ).all()
    found = [Announcement(changed[slug], number) for slug, number in counted]
    return tuple(sorted(found, key=lambda one: (one.event.starts, one.event.slug)))


def untold(session: Session, event: Event) -> Sequence[Row[Registration, str]]:
    """Who knows something else than the file says now, first come first, each with what they know."""
    return session.execute(
        _untold([event])
        .add_columns(KNOWN)
        .order_by(Registration.id)
        .options(selectinload(Registration.attendees), selectinload(Registration.payments))
    ).all()


def draft(registration: Registration, known: str, write: LetterWriter) -> Letter:
    """The letter that would tell this registrant, who knows ``known``; it is in no outbox yet."""
    event = write.event
    assert event is not None, "a file that is gone has not changed"  # noqa: S101
    if event.status == "cancelled":
        return write(registration, "cancelled", by="event")
    facts = Facts.read(known)
    return write(registration, "practical", was=facts.in_event(event, write.site.timezone) if facts else None)


def announce(session: Session, write: LetterWriter) -> int:
    """Tell everybody who does not know yet; returns how many letters that were. Needs a transaction."""
    event = write.event
    assert event is not None, "a file that is gone has not changed"  # noqa: S101
    taken.lock(session, event.slug, event.title)
    letters = [draft(registration, known, write) for registration, known in untold(session, event)]
    session.add_all(letters)
    settle(session, event)
    return len(letters)


def settle(session: Session, event: Event) -> None:
    """Nobody has to be told of how the event is now. Needs a transaction."""
    taken.lock(session, event.slug, event.title).told = Facts.of(event).written()


def everybody_knows(session: Session, event: Event) -> bool:
    """Whether nobody knows anything else than the file says."""
    return session.scalars(_untold([event]).limit(1)).first() is None


def _untold(events: Iterable[Event]) -> Select[Registration]:
    other: list[ColumnElement[bool]] = []
    for event in events:
        facts = Facts.of(event).written()
        other.append(
            and_(Registration.event_slug == event.slug, EventRecord.told != facts, KNOWN.not_in(("", facts)))
        )
    return (
        select(Registration)
        .join(EventRecord, EventRecord.slug == Registration.event_slug)
        .where(Registration.cancelled_at.is_(None), Registration.email != "", or_(*other))
    )

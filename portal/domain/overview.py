"""The organiser's overview: every event with how many come and wait."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Row as RowOf
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import announcements, attention, places, privacy, taken, undelivered, webhooks
from portal.domain.announcements import Announcement
from portal.domain.places import Availability, Taken
from portal.domain.privacy import Expired
from portal.storage.models import EventRecord, Organiser, TicketCount

NEAR = timedelta(days=10)
"""From when on too few people is a risk."""
SOON = timedelta(days=14)


@dataclass(frozen=True)
class Row:
    """An event, what visitors are told, and how many people come and wait."""

    event: Event
    availability: Availability
    taken: Taken
    lately: int = 0
    """Who signed up in the last seven days."""
    unpaid: int = 0
    """Registrations with something open after the term."""
    near: bool = False
    """Whether it begins within ``NEAR``."""

    @property
    def at_risk(self) -> bool:
        """Whether it begins soon with fewer people than it needs to go on, and may go on."""
        needed = self.event.minimum
        return self.near and self.event.status != "cancelled" and bool(needed and self.confirmed < needed)

    @property
    def room_for_who_waits(self) -> bool:
        """Whether somebody waits although there are places: an organiser gives them out."""
        room = places.free(self.event, self.taken)
        return bool(self.taken.waiting) and all(number > 0 for number in room.values())

    @property
    def confirmed(self) -> int:
        return self.taken.people

    @property
    def waitlisted(self) -> int:
        return self.taken.waiting

    @property
    def capacity(self) -> int | None:
        return self.event.capacity


@dataclass(frozen=True)
class Orphan:
    """An event that people signed up for and whose file is gone."""

    slug: str
    title: str
    confirmed: int


@dataclass(frozen=True)
class Overview:
    """Events to come by date, past ones newest first, and those without a file; what waits for an organiser: letters
    that could not be delivered, changes of which nobody has been told."""

    coming: tuple[Row, ...]
    past: tuple[Row, ...]
    orphans: tuple[Orphan, ...]
    undelivered: int
    webhooks: int
    """Those that are switched off by themselves, or do not answer."""
    payments: int
    """Entries of bank statements that somebody has to decide about."""
    removals: tuple[Expired, ...]
    """Events whose people are removed within ``SOON``, by the site's ``keep_days``."""
    untold: tuple[Announcement, ...]


def overview(
    session: Session, events: Mapping[str, Event], organiser: Organiser, keep_days: int, now: datetime
) -> Overview:
    """What ``organiser`` may see of all events, drafts included."""
    counted = taken.of_all(session)
    unpaid, lately = attention.unpaid(session, now), attention.signed_up_lately(session, now)
    rows = [
        Row(
            event,
            places.availability(event, counted[slug], now),
            counted[slug],
            lately=lately.get(slug, 0),
            unpaid=unpaid.get(slug, 0),
            near=now < event.starts <= now + NEAR,
        )
        for slug, event in sorted(events.items(), key=lambda item: (item[1].starts, item[0]))
        if organiser.may_see(slug)
    ]
    known = _known(session)
    told = {row.slug: row.told for row in known}
    return Overview(
        coming=tuple(row for row in rows if row.event.over_at > now),
        past=tuple(row for row in reversed(rows) if row.event.over_at <= now),
        orphans=tuple(orphan for orphan in _orphans(known, events) if organiser.may_see(orphan.slug)),
        undelivered=undelivered.count(session, organiser),
        webhooks=webhooks.needing_attention(session, organiser, now),
        payments=0 if organiser.events else attention.payments_to_look_at(session),
        removals=tuple(
            one
            for one in privacy.expired(session, events, keep_days, now + SOON)
            if organiser.may_see(one.slug)
        ),
        untold=announcements.pending(session, [row.event for row in rows], told, now),
    )


def orphans(session: Session, events: Container[str]) -> list[Orphan]:
    """The events that people signed up for and whose slug is none of ``events``."""
    return _orphans(_known(session), events)


def _known(session: Session) -> Sequence[RowOf[str, str, str, int]]:
    """What the database knows of each event that people signed up for: slug, title, what was told, who comes."""
    confirmed = func.sum(TicketCount.confirmed)
    return session.execute(
        select(EventRecord.slug, EventRecord.title, EventRecord.told, confirmed)
        .join(TicketCount, TicketCount.event_slug == EventRecord.slug)
        .group_by(EventRecord.slug, EventRecord.title, EventRecord.told)
        .order_by(EventRecord.slug)
    ).all()


def _orphans(known: Sequence[RowOf[str, str, str, int]], events: Container[str]) -> list[Orphan]:
    return [
        Orphan(slug, title, int(confirmed)) for slug, title, _told, confirmed in known if slug not in events
    ]

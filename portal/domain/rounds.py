"""Letters that nobody writes at that moment: the reminder, what to take home, and what organisers want to be told.

A pass of the worker looks for them. What was written stands in the outbox, so nothing else has to be remembered.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, select
from sqlalchemy.orm import Session, selectinload

from portal.content.event import Event
from portal.content.site import Site
from portal.domain import taken
from portal.domain.letters import LetterWriter
from portal.storage.database import transaction
from portal.storage.models import Attendee, EventRecord, Letter, Registration

AT = time(9)
"""When reminders leave, in the site's zone."""
DIGEST_AT = time(8)
STILL_COMING = timedelta(minutes=3)
"""A form that was sent before the hour may get its turn after it; nobody's takes this long (each lock is waited for
for ``database.LOCK_TIMEOUT`` at most)."""
DAY = timedelta(days=1)
AFTER_FOR = timedelta(days=14)
"""How long after an event its materials are still sent: who adds them to the file later is in time."""
NOTICE_FOR = DAY
"""Sign-ups older than this are not told any more: ``notify: each`` begins with those to come."""
BATCH = 100
MOST_NAMES = 200


@dataclass(frozen=True)
class Due:
    """A kind of letter that it is time for, and who is to have it as long as they have none."""

    kind: str
    who: ColumnElement[bool]


def write_due(session: Session, event: Event, write: LetterWriter) -> int:
    """Write what is due about an event, each in a transaction of its own; returns how many letters that were."""
    written = 0
    for due in _due(event, write):
        while session.scalars(_without(due, event).limit(1)).first() is not None:
            with transaction(session):
                taken.lock(session, event.slug, event.title)
                someone = _without(due, event).limit(BATCH)
                what = selectinload(Registration.attendees), selectinload(Registration.payments)
                for registration in session.scalars(someone.options(*what)).all():
                    session.add(_letter(due.kind, registration, write))
                    written += 1
    return written + _digest(session, event, write)


def _due(event: Event, write: LetterWriter) -> Iterator[Due]:
    now = write.now
    if event.status != "published":
        return
    coming = and_(Registration.cancelled_at.is_(None), Registration.waiting_since.is_(None))
    if event.reminder is not None:
        day = event.starts.date() - timedelta(days=event.reminder)
        at = datetime.combine(day, AT, event.starts.tzinfo)
        if at <= now < event.starts:
            # Who heard when and where since then needs no reminder.
            yield Due("reminder", and_(coming, ~_has("confirmed", "promoted", "practical", since=at)))
    has_materials = any(material.available == "end" for material in event.materials)
    if has_materials and event.over_at <= now < event.over_at + AFTER_FOR:
        yield Due("after", coming)
    if event.notify == "each" and write.contact:
        yield Due("notice", Registration.created_at > now - NOTICE_FOR)


def _has(*kinds: str, since: datetime | None = None) -> ColumnElement[bool]:
    wanted = and_(Letter.registration_id == Registration.id, Letter.kind.in_(kinds))
    return exists().where(and_(wanted, Letter.created_at >= since) if since else wanted)


def _without(due: Due, event: Event) -> Select[Registration]:
    query = (
        select(Registration)
        .where(Registration.event_slug == event.slug, due.who, ~_has(due.kind))
        .order_by(Registration.id)
    )
    return query if due.kind == "notice" else query.where(Registration.email != "")


def _letter(kind: str, registration: Registration, write: LetterWriter) -> Letter:
    if kind != "notice":
        return write(registration, kind)
    return write.to_organisers(
        kind, registration, reply_to=registration.email, who=registration.attendees[0].full_name
    )


def _digest(session: Session, event: Event, write: LetterWriter) -> int:
    """Tell the organisers once a day who signed up since the last time."""
    if event.notify != "daily" or not write.contact:
        return 0
    until = _last(DIGEST_AT, write.now - STILL_COMING, write.site)
    told = session.scalar(select(EventRecord.digested_at).where(EventRecord.slug == event.slug))
    if (told and told >= until) or event.over_at < until - DAY:
        return 0
    with transaction(session):
        record = taken.lock(session, event.slug, event.title)
        since, record.digested_at = record.digested_at or until - DAY, until
        if since >= until:
            return 0
        new = session.execute(
            select(Attendee.first_name, Attendee.last_name, Registration.school, Attendee.status)
            .join(Registration, Registration.id == Attendee.registration_id)
            .where(
                Registration.event_slug == event.slug,
                Registration.created_at >= since,
                Registration.created_at < until,
            )
            .order_by(Registration.id, Attendee.position)
        ).all()
        if not new:
            return 0
        shown = [(f"{row.first_name} {row.last_name}", row.school, row.status) for row in new[:MOST_NAMES]]
        session.add(
            write.to_organisers(
                "digest",
                people=len(new),
                since=since.astimezone(write.site.timezone),
                new=shown,
                more=len(new) - len(shown),
            )
        )
    return 1


def _last(hour: time, now: datetime, site: Site) -> datetime:
    """The last time that it was this hour in the site's zone."""
    here = now.astimezone(site.timezone)
    today = datetime.combine(here.date(), hour, site.timezone)
    return today if today <= here else datetime.combine(here.date() - DAY, hour, site.timezone)

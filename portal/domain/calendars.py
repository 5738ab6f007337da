"""Which change of an event a calendar entry tells of (RFC 5545, SEQUENCE).

The file does not say how often it was changed. The database remembers a digest of the facts that calendars were
shown, so that every machine tells the same number after every restart.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import taken
from portal.formats.calendar import facts
from portal.storage.models import EventRecord


def revisions(session: Session, events: Iterable[Event]) -> Mapping[str, int]:
    """How often the facts that calendars show of each event had changed, by slug; without those of which they have
    changed since, or were never shown. One query."""
    shown = {event.slug: facts(event) for event in events}
    known = select(EventRecord.slug, EventRecord.revision, EventRecord.facts)
    rows = session.execute(known.where(EventRecord.slug.in_(shown)))
    return {slug: revision for slug, revision, told in rows if told == shown[slug]}


def note_changes(session: Session, events: Iterable[Event]) -> Mapping[str, int]:
    """Remember what calendars are shown now, and return the revision that it is, by slug; needs a transaction."""
    shown = {event.slug: event for event in events}
    noted = taken.lock_all(session, {slug: event.title for slug, event in shown.items()})
    for record in noted:
        told = facts(shown[record.slug])
        if record.facts and record.facts != told:
            record.revision += 1
        record.facts = told
    return {record.slug: record.revision for record in noted}

"""Which change of an event a calendar entry tells of (RFC 5545, SEQUENCE).

The file does not say how often it was changed. The database remembers a digest of what calendars were
shown, so that every machine tells the same number after every restart.
"""

from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import taken
from portal.formats.calendar import facts
from portal.storage.models import EventRecord


def revision(session: Session, event: Event) -> int | None:
    """How often what calendars show of the event had changed; None when it has changed since."""
    record = session.get(EventRecord, event.slug)
    return record.revision if record and record.facts == facts(event) else None


def note_change(session: Session, event: Event) -> int:
    """Remember what calendars are shown now, and return the revision that it is; needs a transaction."""
    record = taken.lock(session, event.slug, event.title)
    if record.facts and record.facts != facts(event):
        record.revision += 1
    record.facts = facts(event)
    return record.revision

"""An event as an iCalendar file (RFC 5545), made by the icalendar library."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256

from icalendar import Calendar
from icalendar import Event as CalendarEntry

from portal.content.event import Event

PRODUCT = "-//portal//events//EN"


@dataclass(frozen=True)
class Entry:
    """An event, the address of its page, the host that gives out its UID, and which change of it this is."""

    event: Event
    url: str
    host: str
    revision: int = 0


def facts(event: Event) -> str:
    """A digest of what a calendar shows of an event: when it changes, the entry's SEQUENCE goes up."""
    shown = (event.title, event.starts, event.ends, event.location, event.online, event.status)
    return sha256(repr(shown).encode()).hexdigest()


def calendar(entries: list[Entry], *, name: str, now: datetime) -> bytes:
    """The calendar file. Times are in UTC, so that every calendar shows the same moment without a VTIMEZONE;
    an event without hours takes whole days."""
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("x-wr-calname", name)
    for entry in entries:
        file.add_component(_entry(entry, now))
    return bytes(file.to_ical())


def _entry(entry: Entry, now: datetime) -> CalendarEntry:
    event = entry.event
    shown = CalendarEntry()
    shown.add("uid", f"{event.slug}@{entry.host}")
    shown.add("dtstamp", now.astimezone(UTC))
    shown.add("sequence", entry.revision)
    if event.starts.time() == time():
        shown.add("dtstart", event.starts.date())
        shown.add("dtend", event.last_day + timedelta(days=1))
    else:
        shown.add("dtstart", event.starts.astimezone(UTC))
        if event.ends is not None:
            shown.add("dtend", event.ends.astimezone(UTC))
    shown.add("summary", event.title)
    shown.add("status", "CANCELLED" if event.status == "cancelled" else "CONFIRMED")
    if place := event.location or ("Online" if event.online else ""):
        shown.add("location", place)
    if event.summary:
        shown.add("description", f"{event.summary}\n\n{entry.url}")
    shown.add("url", entry.url)
    return shown

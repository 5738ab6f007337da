"""An event as an iCalendar file (RFC 5545), made by the icalendar library."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Literal

from icalendar import Calendar, vCalAddress, vDuration
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


Method = Literal["REQUEST", "CANCEL"]


@dataclass(frozen=True)
class Somebody:
    """A name, which may be empty, and an e-mail address."""

    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class Invitation:
    """An entry for one calendar: ``uid`` is the registration's, ``sequence`` goes up each time it is sent.

    ``event`` is None when its file is gone; then only ``title`` is known.
    """

    method: Method
    uid: str
    sequence: int
    event: Event | None
    title: str
    url: str
    organizer: Somebody
    attendee: Somebody


def facts(event: Event) -> str:
    """A digest of when, where, whether and under which title an event is: when it changes, SEQUENCE goes up.

    Other words of the description are no new version of an appointment (RFC 5545, 3.8.7.4).
    """
    shown = (event.title, event.starts, event.ends, event.location, event.online, event.status)
    return sha256(repr(shown).encode()).hexdigest()


def calendar(entries: Sequence[Entry], *, name: str, now: datetime, again: timedelta | None = None) -> bytes:
    """The calendar file. Times are in UTC, so that every calendar shows the same moment without a VTIMEZONE;
    an event without hours takes whole days.

    ``again``: the file is subscribed to, and worth another look after so long (RFC 7986, 5.7; Outlook and older
    programs know it as X-PUBLISHED-TTL, and the name as X-WR-CALNAME).
    """
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", "PUBLISH")
    file.add("name", name)
    file.add("x-wr-calname", name)
    if again:
        file.add("refresh-interval", again, parameters={"VALUE": "DURATION"})
        file.add("x-published-ttl", vDuration(again).to_ical().decode())  # type: ignore[no-untyped-call]
    for entry in entries:
        file.add_component(_entry(entry, now))
    return bytes(file.to_ical())


def same_facts(file: bytes) -> str:
    """A digest that is the same for two files that say the same: all but the moment at which they were made."""
    lines = [line for line in file.splitlines() if not line.startswith(b"DTSTAMP")]
    return sha256(b"\n".join(lines)).hexdigest()[:32]


def _entry(entry: Entry, now: datetime) -> CalendarEntry:
    shown = _of_event(entry.event, entry.url)
    shown.add("uid", f"{entry.event.slug}@{entry.host}")
    shown.add("dtstamp", now.astimezone(UTC))
    shown.add("sequence", entry.revision)
    shown.add("status", "CANCELLED" if entry.event.status == "cancelled" else "CONFIRMED")
    return shown


def invitation(about: Invitation, now: datetime) -> str:
    """The calendar file of a letter (RFC 5546). No answer is asked for: the registration is the answer.

    Its only link is to the event's public page, for calendars are shared and the registrant's link is a key.
    """
    shown = _of_event(about.event, about.url) if about.event else CalendarEntry()
    if about.event is None:
        shown.add("summary", about.title)
    shown.add("uid", about.uid)
    shown.add("dtstamp", now.astimezone(UTC))
    shown.add("sequence", about.sequence)
    shown.add("status", "CANCELLED" if about.method == "CANCEL" else "CONFIRMED")
    shown.add("organizer", _address(about.organizer), encode=False)
    attendee = _address(about.attendee)
    for name, value in (("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "ACCEPTED"), ("RSVP", "FALSE")):
        attendee.params[name] = value
    shown.add("attendee", attendee, encode=False)
    file = Calendar()
    file.add("prodid", PRODUCT)
    file.add("version", "2.0")
    file.add("method", about.method)
    file.add_component(shown)
    return bytes(file.to_ical()).decode()


def method_of(file: str) -> str:
    """``REQUEST`` or ``CANCEL``: what a letter has to say of the calendar file that it carries (RFC 6047)."""
    found = re.search(r"^METHOD:(\w+)", file, re.MULTILINE)
    assert found, "ours say their method"  # noqa: S101
    return found[1]


def sent_to(file: str, address: str) -> str:
    """The calendar file of a letter for the same person at another address."""
    calendar_file = Calendar.from_ical(file)
    for shown in calendar_file.walk("VEVENT"):
        attendee = vCalAddress(f"mailto:{address}")
        attendee.params.update(shown["attendee"].params)
        shown["attendee"] = attendee
    return bytes(calendar_file.to_ical()).decode()


def _address(of: Somebody) -> vCalAddress:
    address = vCalAddress(f"mailto:{of.address}")
    if of.name:
        address.params["CN"] = of.name
    return address


def _of_event(event: Event, url: str) -> CalendarEntry:
    """An entry with what there is to say of the event, whoever gets it."""
    shown = CalendarEntry()
    if event.starts.time() == time():
        shown.add("dtstart", event.starts.date())
        shown.add("dtend", event.last_day + timedelta(days=1))
    else:
        shown.add("dtstart", event.starts.astimezone(UTC))
        if event.ends is not None:
            shown.add("dtend", event.ends.astimezone(UTC))
    shown.add("summary", event.title)
    if place := event.location or ("Online" if event.online else ""):
        shown.add("location", place)
    if event.summary:
        shown.add("description", f"{event.summary}\n\n{url}")
    shown.add("url", url)
    return shown

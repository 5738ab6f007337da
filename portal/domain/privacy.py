"""What is kept about people: given to them when they ask, and removed when it is no longer needed or wanted.

What is removed is what points to a person. What stays is what an organisation must be able to show or count: that
somebody came, with which ticket and at what price, and what was paid to whom, which the law on bookkeeping asks for.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session, selectinload

from portal.content.addresses import email_key
from portal.content.event import CHOSEN, Event
from portal.domain import changes, taken
from portal.domain.desk import Desk
from portal.domain.facts import Facts
from portal.domain.payments import shown_communication
from portal.domain.registration_link import token_hash
from portal.domain.registrations import history
from portal.storage.checkins import Checkin
from portal.storage.ledger import AddressChange, StatementEntry
from portal.storage.models import Attendee, EventRecord, Letter, Registration

PRIVACY_VERSION = "2026-11"
"""Kept with each registration; it changes with the text in ``templates/events/privacy.html``."""

NOBODY = "–"
"""The last name of who was removed."""


def data_of(session: Session, registration: Registration) -> dict[str, Any]:
    """All that is kept about a registration, ready for JSON (GDPR, articles 15 and 20). Times are ISO 8601 in UTC,
    amounts euro cents."""
    letters = session.scalars(
        select(Letter).where(Letter.registration_id == registration.id).order_by(Letter.id)
    )
    billing = registration.billing
    asked = session.get(AddressChange, registration.id)
    taps = _taps(session, registration.id)
    return {
        "event": {"slug": registration.event_slug, "title": registration.event_title},
        "reference": registration.reference,
        "status": registration.status,
        "email": registration.email,
        "email_to_confirm": asked and {"email": asked.email, "asked_at": asked.asked_at.isoformat()},
        "phone": registration.phone,
        "school": registration.school,
        "remarks": registration.remarks,
        "newsletter": registration.newsletter,
        "language": registration.language,
        "privacy_text": registration.privacy_version,
        "registered_at": registration.created_at.isoformat(),
        "people": [
            _person(person) | {"at_the_door": taps.get(person.position, [])}
            for person in registration.attendees
        ],
        "billing": billing
        and {
            column.key: getattr(billing, column.key)
            for column in type(billing).__table__.columns
            if column.key != "registration_id"
        },
        "payment_reference": shown_communication(registration.communication),
        "payments": [
            {"amount": payment.amount, "received_on": payment.received_on.isoformat(), "note": payment.note}
            for payment in registration.payments
        ],
        "transfers_to_be_looked_at": [
            {
                "amount": entry.amount,
                "currency": entry.currency,
                "received_on": entry.received_on.isoformat(),
                "name": entry.name,
                "text": entry.text,
            }
            for entry in session.scalars(_proposed(registration.id))
        ],
        "letters": [
            {
                "kind": letter.kind,
                "to": letter.recipient,
                "subject": letter.subject,
                "written_at": letter.created_at.isoformat(),
                "sent_at": letter.sent_at and letter.sent_at.isoformat(),
            }
            for letter in letters
        ],
        "history": [
            {"at": entry.at.isoformat(), "by": entry.actor, "what": entry.action, "note": entry.note}
            for entry in history(session, registration.id)
        ],
    }


def data_of_address(session: Session, address: str) -> list[dict[str, Any]]:
    """The same for every registration in which somebody's address stands, as contact or as one who comes."""
    key = email_key(address)
    ids = set(session.scalars(select(Registration.id).where(Registration.email_key == key)))
    ids |= {
        person.registration_id
        for person in session.scalars(select(Attendee).where(func.lower(Attendee.email) == address.lower()))
    }
    found = session.scalars(
        select(Registration)
        .where(Registration.id.in_(ids))
        .order_by(Registration.id)
        .options(
            selectinload(Registration.attendees).selectinload(Attendee.all_answers),
            selectinload(Registration.payments),
        )
    )
    return [data_of(session, registration) for registration in found]


def registrations_of(session: Session, address: str) -> Sequence[tuple[str, int]]:
    """The registrations of which an address is the contact: slug and id, in the order of the slugs."""
    rows = session.execute(
        select(Registration.event_slug, Registration.id)
        .where(Registration.email_key == email_key(address))
        .order_by(Registration.event_slug, Registration.id)
    )
    return [(slug, registration_id) for slug, registration_id in rows]


def erase(desk: Desk, registration_id: int) -> None:
    """Remove a registration's people because they ask: who still had a place gives it up, and no letter goes out.
    Who has been there, has been there."""
    if desk.event is None or desk.now < desk.event.over_at:
        changes.cancel(desk, registration_id, letter=False)
    registration = desk.registration(registration_id)
    anonymise(desk.session, registration, desk.now)


def anonymise(session: Session, registration: Registration, now: datetime) -> None:
    """Remove what points to a person; the link stops working, and letters that have not left do not leave."""
    registration.email = registration.phone = registration.school = registration.remarks = ""
    # That of an import is a digest of who it is: with the file at hand they could be told apart again.
    registration.email_key = registration.form_id = f"removed:{registration.id}"
    registration.newsletter = False
    registration.token_hash = token_hash(secrets.token_urlsafe(24))
    registration.anonymised_at = now
    for person in registration.attendees:
        person.first_name, person.last_name, person.email, person.search_text = "", NOBODY, "", ""
        for answer in person.all_answers:
            if answer.type not in CHOSEN:
                answer.value = ""
    for entry in history(session, registration.id):
        if entry.action == "noted":
            entry.note = ""
    session.execute(delete(Letter).where(Letter.registration_id == registration.id))
    session.execute(delete(AddressChange).where(AddressChange.registration_id == registration.id))
    for kept in session.scalars(_proposed(registration.id)):
        kept.name = kept.text = ""
    if registration.billing and not registration.payments:
        session.delete(registration.billing)


@dataclass(frozen=True)
class Expired:
    """An event whose registrations have been kept for long enough, and how many there are."""

    slug: str
    title: str
    over_at: datetime
    registrations: int


def expired(session: Session, events: Mapping[str, Event], days: int, now: datetime) -> Sequence[Expired]:
    """The events that were over ``days`` ago and of which somebody is still known by name, in two queries.

    Of an event whose file is gone the last known date counts, else the day of its last sign-up.
    """
    records = session.execute(select(EventRecord.slug, EventRecord.title, EventRecord.told)).all()
    known = {record.slug: _over_at(events.get(record.slug), record.told) for record in records}
    old = [slug for slug, at in known.items() if at is None or at + timedelta(days=days) <= now]
    rows = session.execute(
        select(Registration.event_slug, func.count(), func.max(Registration.created_at))
        .where(Registration.event_slug.in_(old), Registration.anonymised_at.is_(None))
        .group_by(Registration.event_slug)
        .order_by(Registration.event_slug)
    )
    titles = {record.slug: record.title for record in records}
    found = [Expired(slug, titles[slug], known[slug] or last, number) for slug, number, last in rows]
    return [one for one in found if one.over_at + timedelta(days=days) <= now]


def anonymise_event(session: Session, slug: str, now: datetime) -> int:
    """Remove the people of an event's registrations, in the caller's transaction; returns how many registrations."""
    taken.lock(session, slug, slug)
    number = 0
    for registration in _still_known(session, slug):
        anonymise(session, registration, now)
        number += 1
    return number


def _still_known(session: Session, slug: str) -> Iterator[Registration]:
    yield from session.scalars(
        select(Registration)
        .where(Registration.event_slug == slug, Registration.anonymised_at.is_(None))
        .order_by(Registration.id)
        .options(
            selectinload(Registration.attendees).selectinload(Attendee.all_answers),
            selectinload(Registration.payments),
            selectinload(Registration.billing),
        )
    )


def _over_at(event: Event | None, told: str) -> datetime | None:
    if event is not None:
        return event.over_at
    facts = Facts.read(told)
    return (facts.ends or facts.starts) if facts else None


def _proposed(registration_id: int) -> Select[StatementEntry]:
    """What came in by bank that may be for a registration."""
    return (
        select(StatementEntry)
        .where(StatementEntry.proposed_id == registration_id)
        .order_by(StatementEntry.received_on, StatementEntry.fingerprint)
    )


def _taps(session: Session, registration_id: int) -> dict[int, list[dict[str, str]]]:
    """What was pressed at the door, by the position of the person."""
    taps: dict[int, list[dict[str, str]]] = {}
    pressed = select(Checkin).where(Checkin.registration_id == registration_id).order_by(Checkin.at)
    for tap in session.scalars(pressed):
        taps.setdefault(tap.position, []).append({"at": tap.at.isoformat(), "what": tap.action})
    return taps


def _person(person: Attendee) -> dict[str, Any]:
    return {
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "status": person.status,
        "ticket": person.ticket_label or person.ticket,
        "price": person.price,
        "cancelled_at": person.cancelled_at and person.cancelled_at.isoformat(),
        "checked_in_at": person.checked_in_at and person.checked_in_at.isoformat(),
        "answers": {answer.label: answer.value for answer in person.all_answers},
    }

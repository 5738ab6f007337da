"""Letters that could not be delivered, and what an organiser can do about them: send them again, mend the address."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, joinedload

from portal.content.addresses import deliverable, email_key
from portal.domain.desk import Desk
from portal.domain.errors import ChangeRefused
from portal.domain.signup import search_text
from portal.formats import calendar
from portal.storage.models import Letter, Organiser, Registration

TO_OTHERS = frozenset({"welcome", "address", "notice"})
"""The kinds of letters about a registration that do not go to its own address."""

MOST = 200
"""So many failed letters stand on the page; when more fail, it is the mail server that needs a look."""


def count(session: Session, organiser: Organiser) -> int:
    """How many letters failed that are this organiser's to see; one query."""
    query = select(func.count()).where(Letter.state == "failed", _seen_by(organiser))
    return session.scalar(query) or 0


def failed(session: Session, organiser: Organiser) -> Sequence[Letter]:
    """The failed letters that are this organiser's to see, the newest first."""
    return session.scalars(
        select(Letter)
        .where(Letter.state == "failed", _seen_by(organiser))
        .order_by(Letter.id.desc())
        .limit(MOST)
        .options(joinedload(Letter.registration).selectinload(Registration.attendees))
    ).all()


def to_accounts(session: Session) -> Sequence[Letter]:
    """The failed letters to organisers about their accounts, the newest first."""
    return session.scalars(
        select(Letter)
        .where(Letter.state == "failed", Letter.event_slug.is_(None))
        .order_by(Letter.id.desc())
        .limit(MOST)
    ).all()


def of_registration(session: Session, registration_id: int) -> Sequence[Letter]:
    """All that was written about a registration, to whomever, the newest first."""
    return session.scalars(
        select(Letter).where(Letter.registration_id == registration_id).order_by(Letter.id.desc())
    ).all()


def send_again(session: Session, slug: str, letter_id: int, now: datetime) -> bool:
    """Put a failed letter of an event back in the outbox, to be tried for as long as a new one.

    False when it is not there, or has not failed (any more). Needs a transaction.
    """
    again = (
        update(Letter)
        .where(Letter.id == letter_id, Letter.event_slug == slug, Letter.state == "failed")
        .values(state="waiting", due_at=now, queued_at=now, attempts=0, error="")
    )
    return bool(session.execute(again).rowcount)  # type: ignore[attr-defined]  # a CursorResult


def send_all_again(session: Session, organiser: Organiser, now: datetime) -> int:
    """Put every failed letter that is this organiser's to see back in the outbox. Needs a transaction."""
    again = (
        update(Letter)
        .where(Letter.state == "failed", _seen_by(organiser))
        .values(state="waiting", due_at=now, queued_at=now, attempts=0, error="")
    )
    return int(session.execute(again).rowcount)  # type: ignore[attr-defined]


def mend_address(desk: Desk, registration_id: int, address: str) -> Registration:
    """Give a registration another e-mail address, and send its failed letters there.

    ``address`` has passed ``is_address``. Raises ChangeRefused ``known_address`` when another registration for the
    event stands on it: one address, one registration.
    """
    registration = change_address(desk, registration_id, address)
    failed_ones = select(Letter).where(Letter.registration_id == registration.id, Letter.state == "failed")
    for letter in desk.session.scalars(failed_ones):
        if letter.kind in TO_OTHERS:
            continue
        letter.recipient = deliverable(address)
        if letter.calendar:
            letter.calendar = calendar.sent_to(letter.calendar, letter.recipient)
        letter.state, letter.attempts, letter.error = "waiting", 0, ""
        letter.due_at = letter.queued_at = desk.now
    return registration


def change_address(desk: Desk, registration_id: int, address: str) -> Registration:
    """Give a registration another e-mail address, and write that down. Raises ChangeRefused as ``mend_address``."""
    registration = desk.registration(registration_id)
    key, before = email_key(address), registration.email_key
    taken = select(Registration.id).where(
        Registration.event_slug == desk.slug,
        Registration.email_key == key,
        Registration.cancelled_at.is_(None),
        Registration.id != registration.id,
    )
    if registration.cancelled_at is None and desk.session.scalars(taken).first() is not None:
        raise ChangeRefused("known_address")
    registration.email, registration.email_key = address, key
    contact = registration.attendees[0]
    if not contact.email or email_key(contact.email) == before:
        contact.email = address
    for person in registration.attendees:
        person.search_text = search_text(person, registration)
    desk.note(registration, "address")
    return registration


def _seen_by(organiser: Organiser) -> ColumnElement[bool]:
    if not organiser.events:
        # What is written to organisers about their accounts, owners find there.
        return Letter.event_slug.is_not(None)
    return Letter.event_slug.in_([bound.event_slug for bound in organiser.events])

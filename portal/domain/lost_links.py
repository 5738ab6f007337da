"""The link of one's own page, sent again to the address that asked for it."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, selectinload

from portal.content.event import Event
from portal.domain import link_requests
from portal.domain.letters import LetterWriter
from portal.storage.models import Letter, Registration

AGAIN_AFTER = timedelta(hours=1)
"""How long an address is left alone after its link was sent again, whoever asks."""


def answer_asked(
    session: Session, events: Mapping[str, Event], now: datetime, writer: Callable[[Event], LetterWriter]
) -> int:
    """Write to those who asked and are signed up for an event that is not over; returns how many letters.

    Needs a transaction.
    """
    asked: dict[str, set[str | None]] = {}
    for one in link_requests.taken_up(session, "registration"):
        asked.setdefault(one.email_key, set()).add(one.event_slug)
    lately = exists().where(
        Letter.registration_id == Registration.id,
        Letter.kind == "link",
        Letter.created_at > now - AGAIN_AFTER,
    )
    theirs = session.scalars(
        select(Registration)
        .where(
            Registration.email_key.in_(asked),
            Registration.cancelled_at.is_(None),
            Registration.anonymised_at.is_(None),
            ~lately,
        )
        .order_by(Registration.event_slug, Registration.id)
        .options(
            selectinload(Registration.attendees),
            selectinload(Registration.payments),
            selectinload(Registration.billing),
        )
    ).all()
    written = 0
    for registration in theirs:
        event = events.get(registration.event_slug)
        meant = asked[registration.email_key] & {None, registration.event_slug}
        if event is not None and meant and now < event.over_at:
            why = "again" if registration.event_slug in meant else "lost"
            session.add(writer(event)(registration, "link", why=why))
            written += 1
    return written

"""The link of one's own page, asked for again by address."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain.addresses import email_key
from portal.domain.desk import Desk
from portal.domain.signup import send_link_again
from portal.storage.models import Registration


def events_of(session: Session, address: str) -> Sequence[str]:
    """The events for which an address has a standing registration whose people are still known."""
    return session.scalars(
        select(Registration.event_slug)
        .where(
            Registration.email_key == email_key(address),
            Registration.cancelled_at.is_(None),
            Registration.anonymised_at.is_(None),
        )
        .order_by(Registration.event_slug)
    ).all()


def upcoming(slugs: Sequence[str], events: Mapping[str, Event], now: datetime) -> Iterator[tuple[str, Event]]:
    """Those of them that are not over."""
    for slug in slugs:
        event = events.get(slug)
        if event is not None and now < event.over_at:
            yield slug, event


def send(desk: Desk, address: str) -> None:
    """Send the link of this event's registration to the address, unless that was done a moment ago."""
    registration = desk.session.scalars(
        select(Registration).where(
            Registration.event_slug == desk.slug,
            Registration.email_key == email_key(address),
            Registration.cancelled_at.is_(None),
        )
    ).one_or_none()
    if registration is not None:
        send_link_again(desk, registration)

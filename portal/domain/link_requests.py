"""Somebody asks for the link that opens what stands on an address, whoever they are.

Nothing is looked up while they wait, so that the answer takes as long for any address; a worker looks whose it is
(``account_links.answer_asked``, ``lost_links.answer_asked``).
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, delete, select
from sqlalchemy.orm import Session

from portal.content.addresses import email_key, is_address
from portal.storage.identity import LinkRequest

BATCH = 500
"""So many are answered in one pass."""


def ask(
    session: Session,
    opens: str,
    address: str,
    now: datetime,
    *,
    event_slug: str | None = None,
    client: str = "",
) -> None:
    """Note the wish: for the link of an ``account``, or of a ``registration``, for one event or for all that are to
    come. Needs a transaction."""
    key = email_key(address) if is_address(address) else ""
    session.add(LinkRequest(opens=opens, email_key=key, event_slug=event_slug, client=client, asked_at=now))


def nobody_asked(session: Session) -> bool:
    """Whether there is nothing to answer."""
    return session.scalars(select(LinkRequest.id).limit(1)).first() is None


def taken_up(session: Session, opens: str) -> Sequence[Row[str, str | None, str]]:
    """Who asked for a link of this kind, as ``email_key``, ``event_slug`` and ``client``. They are gone with the
    transaction in which they are answered; of two workers each takes its own."""
    first = select(LinkRequest.id).where(LinkRequest.opens == opens).order_by(LinkRequest.id).limit(BATCH)
    asked = (
        delete(LinkRequest)
        .where(LinkRequest.id.in_(first.scalar_subquery()))
        .returning(LinkRequest.email_key, LinkRequest.event_slug, LinkRequest.client)
    )
    return session.execute(asked).all()

"""The log of what became of accounts: written in the transaction of the change, read by owners, edited by nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address, ip_network

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from portal.storage.identity import AuditEntry

PAGE_SIZE = 50


@dataclass(frozen=True)
class By:
    """Who does something to an account: an ``organiser``, the ``shell``, or ``nobody`` who has signed in; and from
    which network."""

    actor: str
    organiser_id: int | None = None
    client: str = ""


SHELL = By("shell")


@dataclass(frozen=True)
class Page:
    """A page of the log, the newest first; ``number`` counts from 1 and is never past the end."""

    entries: Sequence[AuditEntry]
    number: int
    pages: int


def network(address: str | None) -> str:
    """The network that a client's address is in; empty when it is no address.

    Enough to see that somebody signed in from another country, too little to say from whose house: who works for the
    organisation is not followed home.
    """
    try:
        known = ip_address(address or "")
    except ValueError:
        return ""
    if known.version == 6 and known.ipv4_mapped:
        known = known.ipv4_mapped
    return str(ip_network(f"{known}/{24 if known.version == 4 else 48}", strict=False))


def note(
    session: Session, now: datetime, by: By, action: str, subject_id: int | None, note: str = ""
) -> None:
    """Write down what was done; needs a transaction."""
    session.add(
        AuditEntry(
            at=now,
            actor=by.actor,
            organiser_id=by.organiser_id,
            action=action,
            subject_id=subject_id,
            note=note,
            client=by.client,
        )
    )


def page(session: Session, number: int, subject_id: int | None = None) -> Page:
    """A page of the log; of one account when ``subject_id`` names it."""
    asked = select(AuditEntry) if subject_id is None else select(AuditEntry).filter_by(subject_id=subject_id)
    total = session.scalar(select(func.count()).select_from(asked.subquery())) or 0
    pages = max(1, -(-total // PAGE_SIZE))
    number = min(max(1, number), pages)
    entries = session.scalars(
        asked.order_by(AuditEntry.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
        .options(joinedload(AuditEntry.organiser), joinedload(AuditEntry.subject))
    ).all()
    return Page(entries, number, pages)

"""Another e-mail address for a registration, once who reads it has said so: a link sent there proves that."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain import letter_keys
from portal.domain.desk import Desk
from portal.domain.undelivered import change_address
from portal.storage.ledger import AddressChange
from portal.storage.models import Registration

PROOF_HOLDS = timedelta(days=2)
OPENS = "address-link"


def ask(desk: Desk, registration_id: int, address: str) -> None:
    """Send the new address the question whether it is theirs; asking anew takes the place of what was asked before."""
    registration = desk.registration(registration_id)
    token = secrets.token_urlsafe(24)
    asked = desk.session.get(AddressChange, registration_id) or AddressChange(registration_id=registration_id)
    asked.email, asked.token_hash, asked.asked_at = address, letter_keys.stored(token), desk.now
    desk.session.add(asked)
    desk.write(registration, "address", recipient=address, confirm_url=letter_keys.mark(OPENS, token))


def asked_with(
    session: Session, secret_keys: tuple[str, ...], proof: str, now: datetime
) -> tuple[Registration, str] | None:
    """The registration and its new address that a proof is for; None when it proves nothing (any more)."""
    found = session.execute(
        select(Registration, AddressChange.email)
        .join(AddressChange, AddressChange.registration_id == Registration.id)
        .where(
            AddressChange.token_hash == letter_keys.hash_of(secret_keys, OPENS, proof),
            AddressChange.asked_at > now - PROOF_HOLDS,
        )
    ).one_or_none()
    return (found[0], found[1]) if found else None


def forget(session: Session, now: datetime) -> None:
    """Remove the addresses that nobody confirmed in time. Needs a transaction."""
    session.execute(delete(AddressChange).where(AddressChange.asked_at <= now - PROOF_HOLDS))


def confirm(desk: Desk, registration_id: int, address: str) -> Registration:
    """The address is theirs: letters go there from now on, and both addresses are told.

    Raises ChangeRefused ``known_address`` when another registration for the event stands on it.
    """
    before = desk.registration(registration_id).email
    registration = change_address(desk, registration_id, address)
    desk.session.execute(delete(AddressChange).where(AddressChange.registration_id == registration_id))
    if before:
        desk.write(registration, "changed", recipient=before)
    desk.write(registration, "changed")
    return registration

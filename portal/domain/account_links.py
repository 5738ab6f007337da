"""Links with which somebody chooses a password: an invitation, or a reset."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain import letter_keys, link_requests, passwords
from portal.domain.accounts import Office, end_sign_ins, new, words_about
from portal.domain.audit import By
from portal.domain.errors import AccountRefused
from portal.domain.letters import LetterWriter
from portal.storage.identity import AccountLink
from portal.storage.models import Organiser

HOLDS = timedelta(days=3)
AGAIN_AFTER = timedelta(minutes=5)
"""So often a stranger can have a letter sent to an account."""
OPENS = "account-link"


def invite(office: Office, email: str, role: str, events: Sequence[str]) -> Organiser:
    """A new account, and the letter with which its owner opens it. Raises AccountRefused as ``accounts.new``."""
    organiser = new(office, email, role, events)
    send(office, organiser, "invitation")
    return organiser


def remind(office: Office, organiser_id: int) -> Organiser:
    """Send a link once more: to whom was invited the invitation, to others one for another password.

    Raises AccountRefused ``gone``, also for an account that is closed.
    """
    organiser = office.account(organiser_id)
    if organiser.disabled_at is not None:
        raise AccountRefused("the account is closed", "gone")
    send(office, organiser, "reset" if organiser.password_hash else "invitation")
    office.note("reset_asked" if organiser.password_hash else "invited", organiser)
    return organiser


def send(office: Office, organiser: Organiser, purpose: str) -> None:
    """Write the letter; the link of before opens nothing any more."""
    token = secrets.token_urlsafe(24)
    link = office.session.get(AccountLink, organiser.id) or AccountLink(organiser_id=organiser.id)
    link.purpose, link.token_hash, link.made_at = purpose, letter_keys.stored(token), office.now
    office.session.add(link)
    if office.write:
        letter = office.write.to_account(
            purpose, organiser.email, role=organiser.role, account_link=letter_keys.mark(OPENS, token)
        )
        office.session.add(letter)


def answer_asked(session: Session, write: LetterWriter) -> int:
    """Write to those who asked and have an open account; returns how many letters. Needs a transaction."""
    written = 0
    for asked in link_requests.taken_up(session, "account"):
        organiser = session.scalars(
            select(Organiser).where(
                Organiser.email_key == asked.email_key,
                Organiser.email_key != "",
                Organiser.disabled_at.is_(None),
            )
        ).one_or_none()
        if organiser and not _has_a_fresh_one(session, organiser, write.now):
            office = Office(session, write.now, By("nobody", client=asked.client), write)
            send(office, organiser, "reset" if organiser.password_hash else "invitation")
            office.note("reset_asked", organiser)
            written += 1
    return written


def opened_with(
    session: Session, secret_keys: tuple[str, ...], proof: str, now: datetime
) -> Organiser | None:
    """The account that the last part of a link opens; None when it opens nothing (any more)."""
    return session.scalars(
        select(Organiser)
        .join(AccountLink, AccountLink.organiser_id == Organiser.id)
        .where(
            AccountLink.token_hash == letter_keys.hash_of(secret_keys, OPENS, proof),
            AccountLink.made_at > now - HOLDS,
            Organiser.disabled_at.is_(None),
        )
    ).one_or_none()


def use(office: Office, secret_keys: tuple[str, ...], proof: str, password: str) -> Organiser:
    """Choose the password, once; all sign-ins end. Raises PasswordRefused, and AccountRefused ``gone``."""
    organiser = opened_with(office.session, secret_keys, proof, office.now)
    if organiser is None:
        raise AccountRefused("the link opens nothing any more", "gone")
    invited = not organiser.password_hash
    organiser.password_hash = passwords.chosen(password, words_about(organiser))
    office.session.execute(delete(AccountLink).where(AccountLink.organiser_id == organiser.id))
    end_sign_ins(office, organiser)
    office.note("accepted" if invited else "password", organiser)
    if not invited:
        office.tell(organiser, "password")
    return organiser


def _has_a_fresh_one(session: Session, organiser: Organiser, now: datetime) -> bool:
    link = session.get(AccountLink, organiser.id)
    return link is not None and link.made_at > now - AGAIN_AFTER

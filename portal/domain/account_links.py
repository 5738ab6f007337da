"""Links with which somebody chooses a password: an invitation, or a reset.

What is random in the link stands in the letter, as a mark, and as a hash in the account's row. Only while sending the
mark becomes a link, with a proof by the secret key: who reads the database, letters included, cannot open an account.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from portal.domain import passwords
from portal.domain.accounts import Office, end_sign_ins, new, words_about
from portal.domain.addresses import email_key, is_address
from portal.domain.audit import By
from portal.domain.errors import AccountRefused
from portal.domain.letters import LetterWriter
from portal.storage.identity import AccountLink, ResetRequest
from portal.storage.models import Organiser

HOLDS = timedelta(days=3)
AGAIN_AFTER = timedelta(minutes=5)
"""So often a stranger can have a letter sent to an account."""
PROOF_BYTES = 24

_MARK = re.compile(r"\{account-link:([\w-]+)\}")


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
    link.purpose, link.token_hash, link.made_at = purpose, _hash(token), office.now
    office.session.add(link)
    if office.write:
        letter = office.write.to_account(
            purpose, organiser.email, role=organiser.role, account_link=f"{{account-link:{token}}}"
        )
        office.session.add(letter)


def ask(session: Session, email: str, client: str, now: datetime) -> None:
    """Somebody has forgotten the password of this address, whoever they are. Needs a transaction.

    Nothing is looked up here, so that the answer takes as long for any address; the worker does it (``answer_asked``).
    """
    key = email_key(email) if is_address(email) else ""
    session.add(ResetRequest(email_key=key, client=client, asked_at=now))


def answer_asked(session: Session, write: LetterWriter) -> int:
    """Write to those who asked and have an open account; returns how many letters. Needs a transaction."""
    written = 0
    for asked in session.scalars(select(ResetRequest).order_by(ResetRequest.id).with_for_update()).all():
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
        session.delete(asked)
    return written


def nobody_asked(session: Session) -> bool:
    """Whether there is nothing to answer."""
    return session.scalars(select(ResetRequest.id).limit(1)).first() is None


def opened_with(
    session: Session, secret_keys: tuple[str, ...], proof: str, now: datetime
) -> Organiser | None:
    """The account that the last part of a link opens; None when it opens nothing (any more)."""
    token, _, signature = proof.partition(".")
    proofs = [_proof(key, token).encode() for key in secret_keys]
    if not any(hmac.compare_digest(signature.encode(), one) for one in proofs):
        return None
    return session.scalars(
        select(Organiser)
        .join(AccountLink, AccountLink.organiser_id == Organiser.id)
        .where(
            AccountLink.token_hash == _hash(token),
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


def with_link(text: str, base_url: str, secret_key: str) -> str:
    """A letter's text as it is sent: the mark becomes the link."""
    return _MARK.sub(lambda mark: f"{base_url}/admin/link/{signed(secret_key, mark[1])}", text)


def signed(secret_key: str, token: str) -> str:
    """The last part of the link that a token stands for."""
    return f"{token}.{_proof(secret_key, token)}"


def _proof(secret_key: str, token: str) -> str:
    digest = hmac.digest(secret_key.encode(), f"account-link\0{token}".encode(), sha256)
    return urlsafe_b64encode(digest[:PROOF_BYTES]).decode()


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def _has_a_fresh_one(session: Session, organiser: Organiser, now: datetime) -> bool:
    link = session.get(AccountLink, organiser.id)
    return link is not None and link.made_at > now - AGAIN_AFTER

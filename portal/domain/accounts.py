"""Organisers' accounts: who they are, how they sign in, and where they are signed in."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.domain.addresses import email_key, is_address
from portal.domain.errors import AccountRefused
from portal.storage.models import DOOR, ORGANISER, OWNER, Organiser, OrganiserEvent, OrganiserSession

ROLES = (OWNER, ORGANISER, DOOR)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 128
IDLE = timedelta(hours=12)
"""A sign-in ends when it was not used for so long,"""
LONGEST = timedelta(days=7)
"""and in any case after so long (OWASP ASVS 5.0, 7.3)."""
SEEN_EVERY = timedelta(minutes=10)
"""How exactly it is kept when a sign-in was last used: a page view need not write each time."""

# RFC 9106's second recommended choice, the library's default.
_hasher = PasswordHasher()
# What an unknown address is compared with, so that it takes as long as a known one.
_nobody = _hasher.hash(secrets.token_urlsafe())


def add(
    session: Session, email: str, role: str, password: str, *, events: Sequence[str] = (), now: datetime
) -> Organiser:
    """A new account; ``events`` are the slugs to which it is bound, none for all. Raises AccountRefused."""
    if not is_address(email):
        raise AccountRefused(f"{email!r} is no e-mail address")
    if role not in ROLES:
        raise AccountRefused(f"{role!r} is no role: {', '.join(ROLES)}")
    if find(session, email) is not None:
        raise AccountRefused(
            f"there is an account for {email} already; `portal user reset {email}` gives a new password"
        )
    organiser = Organiser(
        email=email,
        email_key=email_key(email),
        password_hash=_hash(password),
        role=role,
        created_at=now,
        events=[OrganiserEvent(event_slug=slug) for slug in dict.fromkeys(events)],
    )
    session.add(organiser)
    session.flush()
    return organiser


def new_password() -> str:
    """A password that nobody guesses and that can be typed over: 80 bits in four groups."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4))


def find(session: Session, email: str) -> Organiser | None:
    """The account of an address."""
    if not is_address(email):
        return None
    return session.scalars(select(Organiser).where(Organiser.email_key == email_key(email))).one_or_none()


def everybody(session: Session) -> Sequence[Organiser]:
    """All accounts, by address."""
    return session.scalars(select(Organiser).order_by(Organiser.email_key)).all()


def exist(session: Session) -> bool:
    """Whether there is any account yet."""
    return bool(session.scalar(select(func.count()).select_from(Organiser)))


def authenticate(session: Session, email: str, password: str) -> Organiser | None:
    """The account whose password this is. An unknown address, a disabled account and a wrong password
    get the same answer after the same work."""
    organiser = find(session, email)
    usable = organiser is not None and organiser.disabled_at is None
    try:
        _hasher.verify(
            organiser.password_hash if organiser and usable else _nobody, password[:LONGEST_PASSWORD]
        )
    except (VerificationError, InvalidHashError):
        return None
    return organiser if usable else None


def sign_in(session: Session, organiser_id: int, now: datetime) -> str:
    """A new signed-in browser; the token is for its cookie."""
    token = secrets.token_urlsafe(32)
    session.add(
        OrganiserSession(
            token_hash=_token_hash(token), organiser_id=organiser_id, created_at=now, seen_at=now
        )
    )
    return token


def signed_in(session: Session, token: str, now: datetime) -> OrganiserSession | None:
    """The sign-in that a cookie's token stands for; None when it ended or the account was disabled."""
    found = session.get(OrganiserSession, _token_hash(token))
    if (
        found is None
        or found.organiser.disabled_at is not None
        or now >= found.created_at + LONGEST
        or now >= found.seen_at + IDLE
    ):
        return None
    return found


def used(session: Session, token: str, now: datetime) -> None:
    """Remember that a sign-in was used, so that it does not end as unused."""
    session.execute(
        update(OrganiserSession).where(OrganiserSession.token_hash == _token_hash(token)).values(seen_at=now)
    )


def sign_out(session: Session, token: str) -> None:
    """End this sign-in, wherever its cookie still lies."""
    session.execute(delete(OrganiserSession).where(OrganiserSession.token_hash == _token_hash(token)))


def disable(session: Session, email: str, now: datetime) -> Organiser:
    """Close an account and end its sign-ins. Raises AccountRefused when there is none."""
    organiser = _known(session, email)
    organiser.disabled_at = organiser.disabled_at or now
    _end_sign_ins(session, organiser)
    return organiser


def reset(session: Session, email: str, password: str) -> Organiser:
    """Give an account another password, open it again, and end its sign-ins. Raises AccountRefused."""
    organiser = _known(session, email)
    organiser.password_hash = _hash(password)
    organiser.disabled_at = None
    _end_sign_ins(session, organiser)
    return organiser


def _known(session: Session, email: str) -> Organiser:
    organiser = find(session, email)
    if organiser is None:
        raise AccountRefused(f"there is no account for {email}; `portal user list` shows all")
    return organiser


def _hash(password: str) -> str:
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise AccountRefused(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _hasher.hash(password)


def _end_sign_ins(session: Session, organiser: Organiser) -> None:
    session.execute(delete(OrganiserSession).where(OrganiserSession.organiser_id == organiser.id))


def _token_hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()

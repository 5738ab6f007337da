"""Where organisers are signed in, how they got there, and who tried.

A signed-in browser is a row with the hash of its cookie's token, so that it ends everywhere at once. It begins half way
where a second factor is still to come (``stage``); a step further it gets a new token.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload

from portal.domain import audit, passwords, second_factor
from portal.domain.accounts import Office, find
from portal.domain.audit import By
from portal.storage.identity import Attempt
from portal.storage.models import Organiser, OrganiserSession

IN, CODE, SET_UP = "in", "code", "set_up"
"""Signed in; the second factor is still to come; a second factor has to be set up first."""

IDLE = timedelta(hours=12)
"""A sign-in ends when it was not used for so long,"""
LONGEST = timedelta(days=7)
"""and in any case after so long (OWASP ASVS 5.0, 7.3)."""
HALF_WAY = timedelta(minutes=30)
"""So long it can wait for its second factor."""
SEEN_EVERY = timedelta(minutes=10)
"""How exactly it is kept when a sign-in was last used: a page view need not write each time."""
FRESH = timedelta(minutes=15)
"""So long after they showed that it is they, somebody may change how they sign in."""
HISTORY = timedelta(days=90)
FAILURES = 5
"""So many failed tries within the hour, and so many more, are worth a line in the log."""


@dataclass(frozen=True)
class Browser:
    """From where somebody comes: what device it calls itself, and the network it is in."""

    device: str = ""
    client: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of an address and a password: whose account it is, when it is anybody's, and whether it opens."""

    organiser_id: int | None
    opens: bool


def authenticate(session: Session, email: str, password: str) -> Answer:
    """Look whose password this is. An unknown address, a closed account and a wrong password take the same work."""
    organiser = find(session, email)
    usable = organiser is not None and organiser.disabled_at is None
    right = passwords.right(password, organiser.password_hash if organiser and usable else "")
    return Answer(organiser.id if organiser else None, right)


def begin(session: Session, organiser_id: int, browser: Browser, now: datetime) -> tuple[str, str]:
    """The password was right: the token for the cookie, and the stage that it opens. Needs a transaction."""
    organiser = session.get_one(Organiser, organiser_id)
    stage = IN
    if second_factor.has(session, organiser):
        stage = CODE
    elif second_factor.required(session):
        stage = SET_UP
    if stage == IN:
        return sign_in(session, organiser_id, browser, now), IN
    return _new(session, organiser_id, browser, now, stage), stage


def sign_in(session: Session, organiser_id: int, browser: Browser, now: datetime) -> str:
    """A new signed-in browser; the token is for its cookie. Needs a transaction."""
    session.execute(update(Organiser).where(Organiser.id == organiser_id).values(signed_in_at=now))
    _note(session, organiser_id, "in", browser, now)
    return _new(session, organiser_id, browser, now, IN)


def complete(session: Session, token: str, browser: Browser, now: datetime) -> str:
    """The rest was right too: signed in, under a new token. Needs a transaction."""
    row = session.get_one(OrganiserSession, token_hash(token))
    organiser_id = row.organiser_id
    session.delete(row)
    return sign_in(session, organiser_id, browser, now)


def failed(session: Session, organiser_id: int | None, what: str, browser: Browser, now: datetime) -> None:
    """Note a try that failed, with a wrong ``password``, ``code`` or ``passkey``; None for an account that is not
    there, which takes as much work. Needs a transaction."""
    _note(session, organiser_id, what, browser, now)
    session.flush()
    number = session.scalar(
        select(func.count()).where(
            Attempt.organiser_id == organiser_id
            if organiser_id is not None
            else Attempt.organiser_id.is_(None),
            Attempt.at > now - timedelta(hours=1),
            Attempt.outcome != "in",
        )
    )
    if organiser_id is not None and number and number % FAILURES == 0:
        audit.note(session, now, By("nobody", client=browser.client), "failed", organiser_id, str(number))


def current(session: Session, token: str, now: datetime) -> OrganiserSession | None:
    """The sign-in that a cookie's token stands for, whatever its stage, with its account; None when it ended or the
    account was closed. One query, and one for events."""
    found = session.scalars(
        select(OrganiserSession)
        .where(OrganiserSession.token_hash == token_hash(token))
        .options(joinedload(OrganiserSession.organiser))
    ).one_or_none()
    if found is None or found.organiser.disabled_at is not None or _is_over(found, now):
        return None
    return found


def used(session: Session, token: str, now: datetime) -> None:
    """Remember that a sign-in was used, so that it does not end as unused."""
    session.execute(
        update(OrganiserSession).where(OrganiserSession.token_hash == token_hash(token)).values(seen_at=now)
    )


def is_fresh(row: OrganiserSession, now: datetime) -> bool:
    """Whether they showed just now that it is they."""
    return now < (row.confirmed_at or row.created_at) + FRESH


def confirm(session: Session, token: str, now: datetime) -> None:
    """They showed once more that it is they."""
    session.execute(
        update(OrganiserSession)
        .where(OrganiserSession.token_hash == token_hash(token))
        .values(confirmed_at=now)
    )


def sign_out(session: Session, token: str) -> None:
    """End this sign-in, wherever its cookie still lies."""
    session.execute(delete(OrganiserSession).where(OrganiserSession.token_hash == token_hash(token)))


def of(session: Session, organiser_id: int, now: datetime) -> Sequence[OrganiserSession]:
    """Where somebody is signed in, the last used first."""
    rows = session.scalars(
        select(OrganiserSession)
        .where(OrganiserSession.organiser_id == organiser_id, OrganiserSession.stage == IN)
        .order_by(OrganiserSession.seen_at.desc(), OrganiserSession.created_at.desc())
    )
    return [row for row in rows if not _is_over(row, now)]


def end(office: Office, organiser_id: int, hashes: Sequence[str]) -> int:
    """End some of somebody's sign-ins, by the hashes of their tokens; returns how many."""
    ended = office.session.execute(
        delete(OrganiserSession).where(
            OrganiserSession.organiser_id == organiser_id, OrganiserSession.token_hash.in_(hashes)
        )
    )
    number = int(ended.rowcount)  # type: ignore[attr-defined]  # a CursorResult
    if number:
        office.note("signed_out", office.account(organiser_id), str(number))
    return number


def history(session: Session, organiser_id: int, now: datetime) -> Sequence[Attempt]:
    """Who tried to sign in to an account in the last ninety days, the newest first."""
    return session.scalars(
        select(Attempt)
        .where(Attempt.organiser_id == organiser_id, Attempt.at > now - HISTORY)
        .order_by(Attempt.id.desc())
        .limit(200)
    ).all()


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def _new(session: Session, organiser_id: int, browser: Browser, now: datetime, stage: str) -> str:
    token = secrets.token_urlsafe(32)
    over = or_(OrganiserSession.created_at <= now - LONGEST, OrganiserSession.seen_at <= now - IDLE)
    session.execute(delete(OrganiserSession).where(over))
    session.add(
        OrganiserSession(
            token_hash=token_hash(token),
            organiser_id=organiser_id,
            created_at=now,
            seen_at=now,
            stage=stage,
            device=browser.device,
        )
    )
    return token


def _is_over(row: OrganiserSession, now: datetime) -> bool:
    if row.stage != IN:
        return now >= row.created_at + HALF_WAY
    return now >= row.created_at + LONGEST or now >= row.seen_at + IDLE


def _note(session: Session, organiser_id: int | None, outcome: str, browser: Browser, now: datetime) -> None:
    session.execute(delete(Attempt).where(Attempt.at <= now - HISTORY))
    session.add(
        Attempt(
            organiser_id=organiser_id,
            at=now,
            outcome=outcome,
            device=browser.device if organiser_id is not None else "",
            client=browser.client if organiser_id is not None else "",
        )
    )

"""Tokens with which a program reads through the API what an organiser may see.

A token acts for the account that made it, and opens at most what that account may see at that moment: whoever is bound
to fewer events, gets another role, or has their account closed takes the token along. Only its SHA-256 is kept: it has
256 random bits, so nobody finds it back from that (ASVS 5.0, 11.4).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session, joinedload

from portal.domain.accounts import Office
from portal.domain.errors import AccountRefused
from portal.storage.models import DOOR, Organiser
from portal.storage.tokens import ApiToken

ATTENDEES, EVENTS = "attendees:read", "events:read"
SCOPES = (ATTENDEES, EVENTS)
"""Who comes; events that are still drafts."""

PREFIX = "portal_"
"""By which people, and programs that look for lost secrets, see what it is."""
START = len(PREFIX) + 6
LONGEST_NAME = 100
USED_EVERY = timedelta(minutes=10)
"""How exactly it is kept when a token was last used: a request need not write each time."""


@dataclass(frozen=True)
class Bearer:
    """What whoever has a token may read. ``events`` are slugs; None for all."""

    token_id: int
    scopes: frozenset[str]
    events: frozenset[str] | None

    def may(self, scope: str, slug: str) -> bool:
        """Whether this is theirs to read, of this event."""
        return scope in self.scopes and self.may_see(slug)

    def may_see(self, slug: str) -> bool:
        """Whether anything of this event is for them."""
        return self.events is None or slug in self.events


def make(
    office: Office,
    organiser_id: int,
    name: str,
    scopes: Sequence[str],
    events: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> str:
    """A new token for this account, to be shown once. Needs a transaction.

    Raises AccountRefused ``gone`` (closed, or its role reads no lists), ``name``, ``scopes``, ``events`` (one that
    the account may not see), ``expires`` (before now).
    """
    organiser = office.account(organiser_id)
    name = " ".join(name.split())
    if not _works(organiser):
        raise AccountRefused("a closed account, or one for the door, has no tokens", "gone")
    if not name or len(name) > LONGEST_NAME:
        raise AccountRefused(f"a token has a name of at most {LONGEST_NAME} characters", "name")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise AccountRefused(f"a token may one or more of {', '.join(SCOPES)}", "scopes")
    if not all(organiser.may_see(slug) for slug in events):
        raise AccountRefused("a token is for no event that its account may not see", "events")
    if expires_at is not None and expires_at <= office.now:
        raise AccountRefused("the day on which a token ends is still to come", "expires")
    token = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        organiser_id=organiser_id,
        name=name,
        start=token[:START],
        token_hash=token_hash(token),
        scopes=sorted(set(scopes)),
        events=sorted(set(events)),
        made_at=office.now,
        expires_at=expires_at,
    )
    office.session.add(row)
    office.note("token_made", organiser, _written(row))
    return token


def revoke(office: Office, token_id: int) -> None:
    """The token opens nothing from here on. Needs a transaction. Raises AccountRefused ``gone``."""
    row = office.session.get(ApiToken, token_id)
    if row is None:
        raise AccountRefused("there is no such token", "gone")
    office.note("token_revoked", row.organiser, _written(row))
    office.session.delete(row)


def all_of_them(session: Session) -> Sequence[ApiToken]:
    """Every token with its account, the newest first."""
    return session.scalars(
        select(ApiToken).options(joinedload(ApiToken.organiser)).order_by(ApiToken.id.desc())
    ).all()


def works(token: ApiToken, now: datetime) -> bool:
    """Whether a token opens anything: it has not ended, and neither has its account."""
    return _works(token.organiser) and not (token.expires_at and now >= token.expires_at)


def opened_with(session: Session, token: str, now: datetime) -> tuple[Bearer, bool] | None:
    """Who has this token, and whether it is time to write down that it was used; None when it opens nothing.

    It is looked for by its hash. How long the database compares tells at most something of a hash, and nobody can
    choose a token by its hash.
    """
    if not token.startswith(PREFIX):
        return None
    row = session.scalars(
        select(ApiToken)
        .where(ApiToken.token_hash == token_hash(token))
        .options(joinedload(ApiToken.organiser))
    ).one_or_none()
    if row is None or not works(row, now):
        return None
    bound = {event.event_slug for event in row.organiser.events}
    events = bound & set(row.events) if bound and row.events else bound or set(row.events)
    reach = frozenset(events) if bound or row.events else None
    unnoted = row.used_at is None or now >= row.used_at + USED_EVERY
    return Bearer(row.id, frozenset(row.scopes), reach), unnoted


def used(session: Session, token_id: int, now: datetime) -> None:
    """Remember that a token was used. Needs a transaction."""
    session.execute(update(ApiToken).where(ApiToken.id == token_id).values(used_at=now))


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return sha256(token.encode()).hexdigest()


def _works(organiser: Organiser) -> bool:
    return organiser.disabled_at is None and organiser.role != DOOR


def _written(row: ApiToken) -> str:
    """The token for the log, in which its name may be told but never more of its value than all may see."""
    return " · ".join([row.name, f"{row.start}…", " ".join(row.scopes), *row.events])

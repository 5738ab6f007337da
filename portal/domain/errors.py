"""Refusals: what the portal will not do, with what a page needs to say why."""

from datetime import datetime

from portal.domain.places import State


class Refused(Exception):
    """Something that was asked is not done. The page says so; nothing was stored."""


class SignupRefused(Refused):
    """Nobody can sign up (in this way, now). ``kind`` says why; the times are those of the event."""

    def __init__(self, kind: State, *, opens: datetime | None = None, closes: datetime | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.opens = opens
        self.closes = closes


class ChangeRefused(Refused):
    """A registration cannot be changed like that. ``kind`` says why: ``gone`` (cancelled meanwhile), ``no_place``,
    ``no_such_ticket``, ``too_late``, ``too_many``, ``fixed`` (an organiser settled it), ``meanwhile`` (something
    happened that who asks has not seen), ``known_address`` (which has a registration of its own)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class AccountRefused(Refused):
    """An organiser's account cannot be made or found; the message says why, for a developer's shell."""

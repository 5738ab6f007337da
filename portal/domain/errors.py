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


class PaymentRefused(Refused):
    """A payment cannot be written down like that. ``kind`` says why: ``amount``, ``day``, ``unknown`` (nobody has that
    reference), ``gone`` (somebody has decided already)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class ImportRefused(Refused):
    """People of a file cannot be added like that. ``kind`` says why: ``blocked`` (of some rows, and those are not left
    out), ``meanwhile`` (it would go otherwise now than who asks has seen)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class AccountRefused(Refused):
    """Something is not done to an organiser's account; the message says why, for a developer's shell.

    ``kind`` is for a page: ``address``, ``known`` (there is an account for it), ``events`` (an owner has all),
    ``last_owner``, ``gone`` (there is no such account), ``last_factor`` (everybody has to have one); of a token for
    the API also ``name``, ``scopes``, ``expires``.
    """

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class PasswordRefused(AccountRefused):
    """A password cannot be chosen: its ``length``, or it is ``common``."""

    def __init__(self, kind: str) -> None:
        why = {
            "length": "a password has 12 to 128 characters",
            "common": "this password is among those that are guessed first",
        }
        super().__init__(why[kind], kind)


class CodeRefused(Refused):
    """A code, or a passkey's answer, proves nothing (any more)."""


class WebhookRefused(Refused):
    """A webhook cannot be like that. ``kind`` says why: one of ``formats.post.UrlRefused``, ``types`` (it would be told
    of nothing), ``events`` (not all of them are this organiser's), ``off`` (nothing is sent while it is off), ``gone``
    (there is none any more), ``many`` (there are as many as there may be)."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind

"""Passwords: how they are kept, compared and made, and which are too easy to guess."""

import re
import secrets
from collections.abc import Iterable
from importlib.resources import files

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from portal.domain.errors import PasswordRefused

SHORTEST, LONGEST = 12, 128
FEW_CHARACTERS = 5
"""With fewer different ones a password is a pattern."""

COMMON = frozenset((files("portal.domain") / "common_passwords.txt").read_text(encoding="utf-8").split())
"""What the commonest passwords are made of, digits and signs around it aside: ``Welkom2024!!`` is ``welkom``."""

WALKS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "azertyuiop", "qwertzuiop", "asdfghjkl")
"""Along these fingers walk, there and back."""

# RFC 9106's second recommended choice, the library's default.
_hasher = PasswordHasher()
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$6hIvGO7C3fimEeQqWXv2gw$qM27HQm0pIKDjCNOVxsrx/zzlX2WSU0vOwPjGnxMA3c"
"""The hash of a password that was thrown away, made as ``_hasher`` makes them (a test holds them together): making one
at each start would take longer than the rest of it."""


def new() -> str:
    """A password that nobody guesses and that can be typed over: 80 bits in four groups."""
    return "-".join(secret_words(4, 4))


def secret_words(number: int, length: int) -> list[str]:
    """So many groups of letters and digits of which none is taken for another, five bits each less a little."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return ["".join(secrets.choice(alphabet) for _ in range(length)) for _ in range(number)]


def chosen(password: str, about: Iterable[str] = ()) -> str:
    """The hash of a password that somebody chose. ``about`` are words that anybody would try for this person.

    Raises PasswordRefused. What it is made of is free (NIST SP 800-63B, 3.1.1.2).
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordRefused("length")
    if guessable(password, about):
        raise PasswordRefused("common")
    return _hasher.hash(password)


def right(password: str, password_hash: str) -> bool:
    """Whether the password is the one of the hash; as much work for an empty hash, which no password has."""
    try:
        _hasher.verify(password_hash or NOBODYS, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(password_hash)


def guessable(password: str, about: Iterable[str] = ()) -> bool:
    """Whether it is among those that are tried first."""
    plain = password.casefold()
    if len(set(plain)) < FEW_CHARACTERS or _is_repeated(plain):
        return True
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain)
    known = COMMON | {word.casefold() for word in about if word}
    return not core or core in known or plain in known or any(_walked(plain, walk) for walk in WALKS)


def _is_repeated(text: str) -> bool:
    """``abc1abc1abc1``, of which only the first four count."""
    return text in (text + text)[1:-1] and len(text[: (text + text).find(text, 1)]) < SHORTEST // 2


def _walked(text: str, walk: str) -> bool:
    """Whether nearly all of it is one walk: ``abcdefghijkl1``."""
    rows = walk * 2, walk[::-1] * 2
    return len(text) >= SHORTEST and any(text[: SHORTEST - 2] in row for row in rows)

"""What people type, or bring in a file: how it is cleaned, how long it may be, and how it is searched."""

import unicodedata

LONGEST_NAME = 100
LONGEST_PHONE = 50
LONGEST_LINE = 200
LONGEST_TEXT = 2000
LONGEST_SEARCH = 200
LARGEST_NUMBER = 1_000_000
LARGEST_KEY = 2**31 - 1
"""The highest number that a row can have."""


def clean(text: str | None) -> str:
    """One line as typed, without what cannot be seen or means nothing: control and format characters, with them those
    that turn the direction of what follows, and characters that nobody has given a meaning. White space is single.
    Empty when nothing of it can be seen."""
    line = " ".join(unicodedata.normalize("NFC", _meant(text or "")).split())
    return "" if _BLANK.issuperset(line) else line


def clean_lines(text: str | None) -> str:
    """The same for text of several lines."""
    return "\n".join(clean(line) for line in (text or "").splitlines()).strip()


def clean_markdown(text: str | None) -> str:
    """The same for Markdown, in which spaces mean something: they stay as they are."""
    return "\n".join(_meant(line) for line in (text or "").splitlines()).strip()


def folded(*parts: str) -> str:
    """Text as it is searched and sorted: no accents, no case, single spaces."""
    decomposed = unicodedata.normalize("NFKD", " ".join(parts).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def whole_number(text: str | None) -> int | None:
    """The number of a row or a page that somebody asks for; None when no row and no page has such a one."""
    digits = text if text and text.isascii() and text.isdecimal() and len(text) <= 10 else ""
    return int(digits) if digits and int(digits) <= LARGEST_KEY else None


def _meant(text: str) -> str:
    return "".join(c for c in text if c.isspace() or c in _JOINERS or _means_something(c))


def _means_something(character: str) -> bool:
    number = ord(character)
    # Control, format, private use, half of a pair; the last are those that will never be a character.
    return unicodedata.category(character) not in {"Cc", "Cf", "Co", "Cs"} and not (
        0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE
    )


_JOINERS = frozenset("\u200c\u200d")
"""Persian, Indian scripts and pictures need them between other characters."""

_BLANK = _JOINERS | frozenset(" \u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufe0e\ufe0f")
"""Of what is left: a text of these alone shows nothing."""

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
    """One line as typed, without what cannot be seen: control characters, and marks that turn the direction
    of what follows; white space is single."""
    visible = (c for c in text or "" if unicodedata.category(c) != "Cc" or c.isspace())
    return " ".join(unicodedata.normalize("NFC", "".join(visible).translate(_TURNERS)).split())


def clean_lines(text: str | None) -> str:
    """The same for text of several lines."""
    return "\n".join(clean(line) for line in (text or "").splitlines()).strip()


def clean_markdown(text: str | None) -> str:
    """The same for Markdown, in which spaces mean something: they stay as they are."""
    lines = (
        "".join(c for c in line if c == "\t" or unicodedata.category(c) != "Cc")
        for line in (text or "").splitlines()
    )
    return "\n".join(lines).translate(_TURNERS).strip()


def folded(*parts: str) -> str:
    """Text as it is searched and sorted: no accents, no case, single spaces."""
    decomposed = unicodedata.normalize("NFKD", " ".join(parts).casefold())
    return " ".join("".join(c for c in decomposed if not unicodedata.combining(c)).split())


def whole_number(text: str | None) -> int | None:
    """The number of a row or a page that somebody asks for; None when no row and no page has such a one."""
    digits = text if text and text.isascii() and text.isdecimal() and len(text) <= 10 else ""
    return int(digits) if digits and int(digits) <= LARGEST_KEY else None


# Explicit bidirectional overrides and isolates (Unicode Annex 9): they would turn the rest of a list.
_TURNERS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])

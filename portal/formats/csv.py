"""CSV in the two dialects that are asked for: RFC 4180, and what a Belgian Excel opens by a double click."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from io import StringIO
from itertools import islice
from zoneinfo import ZoneInfo

Cell = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True)
class Dialect:
    """How cells are parted, how a decimal is written, what stands before the first byte, and whether who opens it takes
    all digits for a number."""

    delimiter: str
    decimal_mark: str
    start: str = ""
    digits_count: bool = False


DIALECTS = {
    "rfc4180": Dialect(",", "."),
    # The mark tells Excel that it is UTF-8; semicolons and decimal commas are those of a Belgian Windows.
    "excel": Dialect(";", ",", "\N{ZERO WIDTH NO-BREAK SPACE}", digits_count=True),
}

# What spreadsheets take for a formula or skip to find one (OWASP, "CSV Injection"), full-width forms too.
_FORMULA_STARTS = frozenset(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))

LINES = 250
"""How many are sent at once: each piece is a call of the system's, and a chunk on the wire."""


def write(
    header: Sequence[str], rows: Iterable[Sequence[Cell]], dialect: Dialect, zone: ZoneInfo
) -> Iterator[bytes]:
    """The file in UTF-8, some lines at a time; times are shown in ``zone`` with their offset (ISO 8601)."""
    piece = StringIO(newline="")
    writer = csv.writer(piece, delimiter=dialect.delimiter, lineterminator="\r\n")
    piece.write(dialect.start)
    writer.writerow(header)
    # Most cells are text: they are spared a call each.
    text_of = _digits_kept if dialect.digits_count else defused
    texts = (
        [text_of(cell) if cell.__class__ is str else _text(cell, dialect, zone) for cell in row]
        for row in rows
    )
    while lines := list(islice(texts, LINES)):
        writer.writerows(lines)
        yield piece.getvalue().encode()
        piece.seek(0)
        piece.truncate()
    if piece.tell():
        yield piece.getvalue().encode()


def defused(text: str) -> str:
    """The text with a ``'`` before it where a spreadsheet would run it."""
    return f"'{text}" if text[:1] in _FORMULA_STARTS else text


def as_typed(text: str) -> str:
    """What was typed, from a cell that may have a ``'`` of ours before it."""
    guarded = text[:1] == "'" and (text[1:2] in _FORMULA_STARTS or _spoilt_as_number(text[1:]))
    return text[1:] if guarded else text


def _digits_kept(text: str) -> str:
    return f"'{text}" if _spoilt_as_number(text) else defused(text)


def _spoilt_as_number(text: str) -> bool:
    """Whether a spreadsheet would make another number of these digits, such as a telephone's: it drops zeros before
    them, and what is after the fifteenth."""
    return text.isdigit() and text.isascii() and (len(text) > 15 or (text[0] == "0" and len(text) > 1))


@lru_cache(1_000)  # a list has few prices and many people
def _amount(euro: Decimal, decimal_mark: str) -> str:
    return f"{euro:.2f}".replace(".", decimal_mark)


def _text(cell: Cell, dialect: Dialect, zone: ZoneInfo) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else "no"
        case Decimal():
            return _amount(cell, dialect.decimal_mark)
        case datetime():
            return cell.astimezone(zone).isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
        case int():
            return str(cell)
    return defused(cell)

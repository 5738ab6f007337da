"""Tables that people bring along: CSV, cells that were pasted, XLSX; all become rows of text.

What is in a file is not trusted: it may be huge, broken, or made to do harm.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Literal, NamedTuple

from portal.content.addresses import LONGEST
from portal.formats.csv import as_typed

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes, before unpacking."""

MOST_ROWS = 5_000
MOST_COLUMNS = 100
HEAD_WITHIN = 20
"""Rows at the top among which the head is looked for: above it stand titles and explanations."""

DELIMITERS = (",", ";", "\t", "|")
SAMPLE = 200

Kind = Literal[
    "too_large", "too_many_rows", "too_many_columns", "empty", "not_a_table", "old_excel", "open_document",
    "damaged", "unpacks_too_large", "open_quote",
]  # fmt: skip


class TableRefused(Exception):
    """A file that cannot be read as a table. ``kind`` says why, ``row`` where, counted from 1, if that is known."""

    def __init__(self, kind: Kind, row: int | None = None) -> None:
        super().__init__(kind)
        self.kind = kind
        self.row = row


class Row(NamedTuple):
    """A row and its number in the file, as a spreadsheet counts; as many cells as the head has."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """What each column is called, empty where nothing is said, and the rows that say something."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]


def read(data: bytes) -> Table:
    """The table in a file, whatever its name says it is; of a workbook, the first sheet with something in it.

    Raises TableRefused.
    """
    if len(data) > LARGEST_FILE:
        raise TableRefused("too_large")
    if data.startswith(b"PK"):
        from portal.formats.workbooks import read_rows  # openpyxl takes its time to load

        return _table(read_rows(data))
    if data.startswith(b"\xd0\xcf\x11\xe0"):  # old Excel's container, and that of a workbook with a password
        raise TableRefused("old_excel")
    if data.startswith(b"%PDF"):
        raise TableRefused("not_a_table")
    return read_text(decode(data))


def read_text(text: str) -> Table:
    """The table in text: comma, semicolon, tab or bar between cells, whichever fits. Raises TableRefused."""
    if re.search(r"[\x00-\x08\x0e-\x19\x1b-\x1f]", text):
        raise TableRefused("not_a_table")
    lead = re.match(r"\ufeff?sep=(.)\r?\n", text)  # what Excel itself obeys
    body = text[lead.end() :] if lead else text
    delimiter = lead.group(1) if lead else sniff(body)
    records = _records(body, delimiter)
    first = 2 if lead else 1
    return _table(
        (number, [as_typed(_cleaned(cell)) for cell in row]) for number, row in enumerate(records, first)
    )


# What stands in names of people and schools here, with the quotes, dashes and the euro that word processors make.
_AT_HOME = frozenset("àâäçéèêëîïíìôöóòùûüúÿœæáãñßÀÂÄÇÉÈÊËÎÏÍÔÖÓÙÛÜŸŒ’‘“”–—…€°«»\N{NO-BREAK SPACE}")
_OLD = ("cp1252", "cp850", "mac_roman")


def decode(data: bytes) -> str:
    """Bytes as text: UTF-8 or UTF-16, with a mark or without; else the old encoding of Windows, DOS or Macintosh in
    which most of it is what people write here. Raises TableRefused."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return _decoded(data, encoding)
    start = data[:SAMPLE]
    for half, encoding in ((start[1::2], "utf-16-le"), (start[::2], "utf-16-be")):
        if half.count(0) > len(half) // 2:
            return _decoded(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        texts = [data.decode(encoding, errors="replace") for encoding in _OLD]
        return max(texts, key=lambda text: sum(c in _AT_HOME for c in text if not c.isascii()))


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise TableRefused("damaged") from None


def sniff(text: str) -> str:
    """What stands between the cells: that by which most rows have as many cells as the first."""

    def fit(delimiter: str) -> tuple[float, int]:
        lengths = [
            len(row) for row in islice(csv.reader(StringIO(text, newline=""), delimiter=delimiter), SAMPLE)
        ]
        lengths = [number for number in lengths if number]
        widest = max(lengths[:HEAD_WITHIN], default=1)
        return (sum(number == widest for number in lengths) / len(lengths), widest) if widest > 1 else (0, 0)

    try:
        return max(DELIMITERS, key=fit)
    except csv.Error:
        raise TableRefused("open_quote") from None


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records; a quote that is never closed is told, other liberties with quotes are taken as they come."""
    try:
        yield from _parsed(text, delimiter, strict=True)
    except _Liberties:
        yield from _parsed(text, delimiter, strict=False)


class _Liberties(Exception):
    """Quotes that no standard allows."""


def _parsed(text: str, delimiter: str, *, strict: bool) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(StringIO(text, newline=""), delimiter=delimiter, strict=strict):
            records.append(record)
            if len(records) > 50 * MOST_ROWS:
                raise TableRefused("too_many_rows")
    except csv.Error as error:
        if strict and "end of data" not in str(error) and "limit" not in str(error):
            raise _Liberties from None
        raise TableRefused("open_quote", len(records) + 1) from None
    return records


def _cleaned(cell: str) -> str:
    return cell.replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n").strip()


def _table(numbered: Iterable[tuple[int, Sequence[str]]]) -> Table:
    said: list[Row] = []
    for number, cells in numbered:
        if any(cells):
            last = max(at for at, cell in enumerate(cells) if cell)
            if last >= MOST_COLUMNS:
                raise TableRefused("too_many_columns", number)
            said.append(Row(number, tuple(cells[: last + 1])))
        if len(said) > MOST_ROWS + HEAD_WITHIN:
            raise TableRefused("too_many_rows")
    if not said:
        raise TableRefused("empty")
    at = _head(said)
    header, rows = said[at].cells, said[at + 1 :]
    # People, not names of columns. What is longer is no address, and would take its time to be found none.
    if any(len(cell) <= LONGEST and _ADDRESS.fullmatch(cell) for cell in header):
        header, rows = (), said[at:]
    if not rows:
        raise TableRefused("empty")
    if len(rows) > MOST_ROWS:
        raise TableRefused("too_many_rows")
    width = max(len(header), *(len(row.cells) for row in rows))
    return Table(
        _padded(header, width),
        tuple(Row(number, _padded(cells, width)) for number, cells in rows),
    )


_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _head(rows: Sequence[Row]) -> int:
    """Which row says what the columns are: the first in which two cells differ; a title stands alone."""
    for at, row in enumerate(rows[:HEAD_WITHIN]):
        if len({cell for cell in row.cells if cell}) > 1:
            return at
    return 0


def _padded(cells: Sequence[str], width: int) -> tuple[str, ...]:
    return (*cells, *[""] * (width - len(cells)))

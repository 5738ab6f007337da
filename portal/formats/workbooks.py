"""XLSX workbooks that people bring along, read a row at a time.

An XLSX file is a ZIP archive: a few kilobytes can claim to be gigabytes. Python's ``zipfile`` never unpacks more of
a part than the archive's list says, so that list decides before anything is unpacked.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date, datetime, time
from io import BytesIO
from itertools import islice
from typing import Any, NamedTuple
from zipfile import ZipFile

from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.cell import range_boundaries

from portal.formats.tables import HEAD_WITHIN, MOST_COLUMNS, MOST_ROWS, TableRefused

LARGEST_UNPACKED = 64 * 1024 * 1024
"""Bytes of all that is read: sheets and their text."""

LARGEST_PART = 4 * 1024 * 1024
"""Bytes of a part that is read whole, such as the list of styles."""

MOST_PARTS = 2_000
LAST_ROW = 1_048_576
MOST_MERGED = 10_000

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')
_STREAMED = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_PASSED_OVER = re.compile(r"xl/(media|embeddings)/|.*\.(png|jpe?g|bin)$", re.IGNORECASE)


class _Merged(NamedTuple):
    """Cells that are one: the column and rows in which its text counts."""

    column: int
    first: int
    last: int


def read_rows(data: bytes) -> list[tuple[int, list[str]]]:
    """The rows with something in them of the first sheet that has any, each with its number.

    Days are ISO 8601; whole numbers have no decimals; a cell that spans rows counts in each of them. Raises
    TableRefused.
    """
    try:
        with ZipFile(BytesIO(data)) as archive:
            _refuse_bomb(archive)
            return _first_sheet(data, archive)
    except TableRefused:
        raise
    except MemoryError:
        raise TableRefused("unpacks_too_large") from None
    except Exception:  # whatever a library meets in a file that is not as it should be
        raise TableRefused("damaged") from None


def _refuse_bomb(archive: ZipFile) -> None:
    names = set(archive.namelist())
    if "content.xml" in names:
        raise TableRefused("open_document")
    if not any(name.startswith("xl/") for name in names):
        raise TableRefused("not_a_table")
    parts = [part for part in archive.infolist() if not _PASSED_OVER.match(part.filename)]
    whole = [part for part in parts if not _STREAMED.fullmatch(part.filename)]
    if (
        len(parts) > MOST_PARTS
        or sum(part.file_size for part in parts) > LARGEST_UNPACKED
        or any(part.file_size > LARGEST_PART for part in whole)
    ):
        raise TableRefused("unpacks_too_large")


def _first_sheet(data: bytes, archive: ZipFile) -> list[tuple[int, list[str]]]:
    reader = ExcelReader(BytesIO(data), read_only=True, data_only=True, keep_links=False)
    reader.read()
    parts = {sheet.name: rel.target for sheet, rel in reader.parser.find_sheets()}
    # What is hidden is looked at last: lists to choose from, and notes of the program that made the file.
    for sheet in sorted(reader.wb.worksheets, key=lambda sheet: sheet.sheet_state != "visible"):
        rows = dict(_said(sheet))
        if rows:
            _fill_down(rows, archive.read(parts[sheet.title].lstrip("/")))
            return list(rows.items())
    raise TableRefused("empty")


def _said(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # programs write wrong ones, and cells outside them would be lost
    said = 0
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if number > LAST_ROW:
            raise TableRefused("damaged")
        row = ["" if cell.data_type == "e" else _text(cell.value) for cell in cells]
        if any(row):
            if any(row[MOST_COLUMNS:]):
                raise TableRefused("too_many_columns", number)
            said += 1
            yield number, row[:MOST_COLUMNS]
        if said > MOST_ROWS + HEAD_WITHIN:
            raise TableRefused("too_many_rows")


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer():
            return str(int(value))
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "minutes")
        case date():
            return value.isoformat()
        case time():
            return value.isoformat("minutes")
    return str(value).replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n").strip()


def _fill_down(rows: dict[int, list[str]], part: bytes) -> None:
    """Give each row of a cell that spans several its text. Across columns it stands in the first alone."""
    numbers = sorted(rows)
    for merged in islice(_merged(part), MOST_MERGED):
        spanned = numbers[bisect_left(numbers, merged.first) : bisect_right(numbers, merged.last)]
        if not spanned or spanned[0] != merged.first or merged.column >= len(rows[merged.first]):
            continue
        text = rows[merged.first][merged.column]
        for number in spanned[1:]:
            row = rows[number]
            row.extend([""] * (merged.column + 1 - len(row)))
            row[merged.column] = row[merged.column] or text


def _merged(part: bytes) -> Iterator[_Merged]:
    for found in _MERGED.finditer(part):
        column, first, _last_column, last = range_boundaries(found.group(1).decode())
        if first is not None and last is not None and last > first and column is not None:
            yield _Merged(column - 1, first, last)

"""XLSX workbooks that people bring along, read a row at a time.

An XLSX file is a ZIP archive: a few kilobytes can claim to be gigabytes, and its own parts say which of them is a
sheet. Python's ``zipfile`` never unpacks more of a part than the archive's list says, so that list decides, for each
part that is read, before it is unpacked.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from io import BytesIO
from typing import IO, Any, NamedTuple
from zipfile import ZipFile, ZipInfo

from defusedxml.ElementTree import iterparse
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet._reader import ROW_TAG, WorkSheetParser
from openpyxl.xml.constants import SHEET_MAIN_NS

from portal.formats.tables import HEAD_WITHIN, MOST_COLUMNS, MOST_ROWS, TableRefused

LARGEST_UNPACKED = 64 * 1024 * 1024
"""Bytes of all that is read: sheets and their text."""

MOST_ELEMENTS = 2_500_000
"""Of all that is read: the largest table that is taken has two million, if each of its cells says something else."""

LARGEST_PART, MOST_IN_PART = 4 * 1024 * 1024, 150_000
"""Bytes and elements of a part that is read whole, such as the list of styles."""

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
MOST_MERGED = 10_000

_STREAMED = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_MERGED_TAG = f"{{{SHEET_MAIN_NS}}}mergeCell"
_PIECE = 1024 * 1024


class _Merged(NamedTuple):
    """Cells that are one: the column and rows in which its text counts."""

    column: int
    first: int
    last: int


class _Archive(ZipFile):
    """An archive of which no more is read than a list of people needs, whatever its parts are called."""

    def __init__(self, data: bytes) -> None:
        super().__init__(BytesIO(data))
        self._bytes = self._elements = 0

    def open(
        self, name: str | ZipInfo, mode: Any = "r", pwd: bytes | None = None, *, force_zip64: bool = False
    ) -> IO[bytes]:
        part = name if isinstance(name, ZipInfo) else self.getinfo(name)
        whole = not _STREAMED.fullmatch(part.filename)
        self._bytes += part.file_size
        if self._bytes > LARGEST_UNPACKED or (whole and part.file_size > LARGEST_PART):
            raise TableRefused("unpacks_too_large")
        most = min(MOST_ELEMENTS, self._elements + MOST_IN_PART) if whole else MOST_ELEMENTS
        with super().open(part) as unpacked:
            while piece := unpacked.read(_PIECE):
                self._elements += piece.count(b"<") - piece.count(b"</")
                if self._elements > most:
                    raise TableRefused("unpacks_too_large")
        return super().open(part, mode, pwd, force_zip64=force_zip64)


def read_rows(data: bytes) -> list[tuple[int, list[str]]]:
    """The rows with something in them of the first sheet that has any, each with its number.

    Days are ISO 8601; whole numbers have no decimals; a cell that spans rows counts in each of them. Raises
    TableRefused.
    """
    try:
        with _Archive(data) as archive:
            names = archive.namelist()
            if "content.xml" in names:
                raise TableRefused("open_document")
            if not any(name.startswith("xl/") for name in names):
                raise TableRefused("not_a_table")
            return _first_sheet(_opened(data, archive))
    except TableRefused:
        raise
    except MemoryError:
        raise TableRefused("unpacks_too_large") from None
    except Exception:  # whatever a library meets in a file that is not as it should be
        raise TableRefused("damaged") from None


def _opened(data: bytes, archive: _Archive) -> ExcelReader:
    """The workbook's list of sheets, its texts, and which numbers are days; no sheet is read yet."""
    reader = ExcelReader(BytesIO(data), keep_links=False)
    reader.archive = archive
    reader.read_manifest()
    reader.read_strings()
    reader.read_workbook()
    apply_stylesheet(archive, reader.wb)
    return reader


def _first_sheet(reader: ExcelReader) -> list[tuple[int, list[str]]]:
    # What is hidden is looked at last: lists to choose from, and notes of the program that made the file.
    for _sheet, part in sorted(reader.parser.find_sheets(), key=lambda found: found[0].state != "visible"):
        if "chartsheet" not in part.Type and part.target in reader.valid_files:
            rows = _rows(reader, part.target)
            if rows:
                return list(rows.items())
    raise TableRefused("empty")


def _rows(reader: ExcelReader, part: str) -> dict[int, list[str]]:
    rows: dict[int, list[str]] = {}
    merged: list[str] = []
    with reader.archive.open(part) as sheet:
        parser = _cells(reader, sheet)
        for _, element in iterparse(sheet):
            if element.tag == ROW_TAG:
                number, said = _row(parser, element)
                if said:
                    rows.setdefault(number, said)
                if len(rows) > MOST_ROWS + HEAD_WITHIN:
                    raise TableRefused("too_many_rows")
            elif element.tag == _MERGED_TAG:
                merged.append(element.get("ref", ""))
    _fill_down(rows, _merged(merged[:MOST_MERGED]))
    return rows


def _cells(reader: ExcelReader, sheet: IO[bytes]) -> WorkSheetParser:
    """openpyxl's reader of cells, without what it builds around them: a row that says something in its last column
    alone would be sixteen thousand cells."""
    book: Any = reader.wb
    return WorkSheetParser(
        sheet,
        reader.shared_strings,
        data_only=True,
        epoch=book.epoch,
        date_formats=book._date_formats,  # noqa: SLF001
        timedelta_formats=book._timedelta_formats,  # noqa: SLF001
    )


def _row(parser: WorkSheetParser, element: Any) -> tuple[int, list[str]]:
    """The number of a row, and what it says: nothing, or a text for each column."""
    if len(element) > LAST_COLUMN:
        raise TableRefused("damaged")
    number, cells = parser.parse_row(element)
    element.clear()  # else the whole sheet stays in memory
    if not 0 < number <= LAST_ROW:
        raise TableRefused("damaged")
    said: dict[Any, str] = {
        cell["column"]: text for cell in cells if cell["data_type"] != "e" and (text := _text(cell["value"]))
    }
    last = max(said, default=0)
    if last > MOST_COLUMNS:
        raise TableRefused("too_many_columns", number)
    return number, [said.get(column, "") for column in range(1, last + 1)]


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


def _fill_down(rows: dict[int, list[str]], merged_cells: Iterable[_Merged]) -> None:
    """Give each row of a cell that spans several its text. Across columns it stands in the first alone."""
    numbers = sorted(rows)
    for merged in merged_cells:
        spanned = numbers[bisect_left(numbers, merged.first) : bisect_right(numbers, merged.last)]
        if not spanned or spanned[0] != merged.first or merged.column >= len(rows[merged.first]):
            continue
        text = rows[merged.first][merged.column]
        for number in spanned[1:]:
            row = rows[number]
            row.extend([""] * (merged.column + 1 - len(row)))
            row[merged.column] = row[merged.column] or text


def _merged(ranges: Iterable[str]) -> Iterator[_Merged]:
    for cells in ranges:
        column, first, _last_column, last = range_boundaries(cells)
        if first is not None and last is not None and last > first and column is not None:
            yield _Merged(column - 1, first, last)

"""XLSX for people who work on in a spreadsheet: times and amounts that can be calculated with, text that stays text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from portal.formats.csv import Cell

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LONGEST_TEXT = 32_767
"""Characters in a cell; Excel calls a file with more damaged."""

NARROWEST, WIDEST = 8, 48
"""Of a column, in characters."""

# Written into each file, so that the same list is the same bytes.
_MADE = datetime(1980, 1, 1)  # noqa: DTZ001  # the library takes no zone here


@dataclass(frozen=True)
class Sheet:
    """One sheet: a head that stays in sight and can be filtered, and rows that are read while they are written."""

    name: str
    header: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def write(to: BinaryIO, sheets: Iterable[Sheet], zone: ZoneInfo) -> None:
    """Write the file; times are those on the clocks of ``zone``. Rows go to disk one by one: memory does not grow."""
    from xlsxwriter import Workbook

    # constant_memory writes text into its cell; nothing is ever taken for a formula, a number or a link.
    with Workbook(to, {"constant_memory": True}) as book:
        book.set_properties({"created": _MADE})
        for sheet in sheets:
            _write_sheet(book, sheet, zone)


def _write_sheet(book: "Workbook", sheet: Sheet, zone: ZoneInfo) -> None:
    page = book.add_worksheet(sheet.name)
    formats = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    head = book.add_format({"bold": True, "bottom": 1})
    widths = [_width(name) + 3 for name in sheet.header]  # the arrow of the filter
    for column, name in enumerate(sheet.header):
        page.write_string(0, column, name, head)
    last = 0
    for last, cells in enumerate(sheet.rows, 1):
        for column, cell in enumerate(cells):
            _write_cell(page, last, column, cell, formats, zone)
            widths[column] = max(widths[column], _width(cell))
    for column, width in enumerate(widths):
        page.set_column(column, column, min(max(width + 1, NARROWEST), WIDEST))
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, last, len(sheet.header) - 1)


def _write_cell(
    page: "Worksheet", row: int, column: int, cell: Cell, formats: dict[type, "Format"], zone: ZoneInfo
) -> None:
    match cell:
        case None | "":
            return
        case bool():
            page.write_string(row, column, "yes" if cell else "no")
        case int():
            page.write_number(row, column, cell)
        case Decimal():
            page.write_number(row, column, float(cell), formats[Decimal])
        case datetime():
            # A spreadsheet knows no zones: what the clock on the wall said.
            page.write_datetime(row, column, cell.astimezone(zone).replace(tzinfo=None), formats[datetime])
        case date():
            page.write_datetime(row, column, cell, formats[date])
        case str():
            page.write_string(row, column, cell[:LONGEST_TEXT])


def _width(cell: Cell) -> int:
    match cell:
        case datetime():
            return 16
        case Decimal():
            return 10
    return max(map(len, str(cell or "").splitlines()), default=0)

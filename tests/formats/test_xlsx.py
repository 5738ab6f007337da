"""XLSX as another program reads it: real dates and numbers, and nothing that runs."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryFile
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from portal.formats.csv import Cell
from portal.formats.xlsx import LONGEST_TEXT, Sheet, write

BRUSSELS = ZoneInfo("Europe/Brussels")


def file(*rows: list[Cell], header: tuple[str, ...] = ("a", "b")) -> bytes:
    to = BytesIO()
    write(to, [Sheet("attendees", header, rows)], BRUSSELS)
    return to.getvalue()


def sheet(*rows: list[Cell], header: tuple[str, ...] = ("a", "b")) -> Worksheet:
    return load_workbook(BytesIO(file(*rows, header=header)))["attendees"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+32 470",
        "-1",
        "@SUM(A1)",
        "{=1}",
        "http://x.example",
        "0470",
        "é\nx",
        " x ",
    ],
)
def test_text_stays_the_text_that_it_is(text: str) -> None:
    cell = sheet([text, ""])["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.hyperlink is None


def test_times_are_those_of_the_clocks_in_the_zone() -> None:
    page = sheet([datetime(2027, 7, 1, 10, tzinfo=UTC), datetime(2027, 1, 1, 10, tzinfo=UTC)])
    assert [page["A2"].value, page["B2"].value] == [datetime(2027, 7, 1, 12), datetime(2027, 1, 1, 11)]  # noqa: DTZ001
    assert page["A2"].is_date


def test_days_and_numbers_can_be_calculated_with() -> None:
    page = sheet([date(2027, 3, 14), Decimal("7.50")], [12, True], [None, ""])
    assert page["A2"].value.date() == date(2027, 3, 14)
    assert (page["B2"].value, page["B2"].number_format) == (7.5, "#,##0.00")
    assert (page["A3"].value, page["B3"].value) == (12, "yes")
    assert (page["A4"].value, page["B4"].value) == (None, None)


def test_the_head_stays_in_sight_and_filters_what_is_below_it() -> None:
    page = sheet(["x", "y"], ["z", "w"])
    assert page.freeze_panes == "A2"
    assert page.auto_filter.ref == "A1:B3"
    assert page["A1"].font.bold


def test_columns_are_as_wide_as_what_stands_in_them_within_reason() -> None:
    page = sheet(["x" * 30, "y" * 300])
    assert page.column_dimensions["A"].width == pytest.approx(31, abs=1)
    assert page.column_dimensions["B"].width == pytest.approx(48, abs=1)


def test_a_text_that_excel_would_call_damage_is_cut() -> None:
    assert len(sheet(["x" * 40_000, ""])["A2"].value) == LONGEST_TEXT


def test_the_same_list_is_the_same_bytes() -> None:
    assert file(["x", Decimal(1)]) == file(["x", Decimal(1)])


def test_memory_does_not_grow_with_the_rows() -> None:
    def peak(rows: int) -> int:
        with TemporaryFile() as to:
            tracemalloc.start()
            write(to, [Sheet("a", ["n"], ([f"tekst {n}"] for n in range(rows)))], BRUSSELS)
            _now, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    peak(10)
    assert peak(20_000) < 2 * peak(1_000)

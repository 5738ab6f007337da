"""CSV as the contract has it, down to the bytes."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from portal.formats.csv import DIALECTS, LINES, Cell, as_typed, defused, write

BRUSSELS = ZoneInfo("Europe/Brussels")


def file(dialect: str, *rows: list[Cell]) -> bytes:
    return b"".join(write(["a", "b"], rows, DIALECTS[dialect], BRUSSELS))


def test_rfc_4180_is_utf_8_with_commas_and_crlf() -> None:
    assert file("rfc4180", ["één, twee", 'zei "ja"']) == 'a,b\r\n"één, twee","zei ""ja"""\r\n'.encode()


def test_a_belgian_excel_gets_a_mark_semicolons_and_decimal_commas() -> None:
    assert file("excel", [Decimal("65.00"), "x;y"]) == b'\xef\xbb\xbfa;b\r\n65,00;"x;y"\r\n'


def test_times_have_the_offset_of_the_zone() -> None:
    at = datetime(2027, 7, 1, 10, tzinfo=UTC), datetime(2027, 1, 1, 10, tzinfo=UTC)
    assert (
        file("rfc4180", list(at)).decode() == "a,b\r\n2027-07-01T12:00:00+02:00,2027-01-01T11:00:00+01:00\r\n"
    )


def test_nothing_yes_and_no_are_written_as_such() -> None:
    assert file("rfc4180", [None, True], ["", False]).decode() == "a,b\r\n,yes\r\n,no\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+32 470", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1+1"])
def test_what_a_spreadsheet_would_run_is_defused(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Emma", "1", "'s Gravenwezel", "a=b", ""])
def test_other_text_is_left_alone(text: str) -> None:
    assert defused(text) == text


@pytest.mark.parametrize("digits", ["0470123456", "00", "1234567890123456"])
def test_excel_does_not_make_another_number_of_digits(digits: str) -> None:
    assert file("excel", [digits, ""]).decode().endswith(f"\r\n'{digits};\r\n")
    assert file("rfc4180", [digits, ""]).decode().endswith(f"\r\n{digits},\r\n")
    assert as_typed(f"'{digits}") == digits


@pytest.mark.parametrize("text", ["0", "9300", "0470 12 34 56", "²³", "٠٤٧٠"])
def test_what_excel_leaves_alone_is_left_alone(text: str) -> None:
    assert file("excel", [text, ""]).decode().endswith(f"\r\n{text};\r\n")


@pytest.mark.parametrize("number", [0, 1, LINES - 1, LINES, LINES + 1])
def test_a_file_in_pieces_is_whole(number: int) -> None:
    lines = file("rfc4180", *([str(n), "x"] for n in range(number))).decode().split("\r\n")
    assert lines == ["a,b", *(f"{n},x" for n in range(number)), ""]


def test_python_reads_back_what_was_written() -> None:
    rows = [["regel\neen", "x,y"], ['"', "é"]]
    read = list(csv.reader(StringIO(file("rfc4180", *rows).decode(), newline="")))
    assert read == [["a", "b"], *rows]

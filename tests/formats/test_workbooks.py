"""XLSX as people bring it, and as nobody should."""

import resource
import zipfile
from datetime import date, datetime, time
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import SHEET_MAIN_NS

from portal.formats import workbooks
from portal.formats.tables import MOST_ROWS, Table, TableRefused, read


def book(*rows: list[Any], **sheets: list[list[Any]]) -> Workbook:
    made = Workbook()
    first = made.active
    assert isinstance(first, Worksheet)
    for row in rows:
        first.append(row)
    for name, below in sheets.items():
        sheet = made.create_sheet(name)
        for row in below:
            sheet.append(row)
    return made


def saved(made: Workbook) -> bytes:
    to = BytesIO()
    made.save(to)
    return to.getvalue()


def cells(table: Table) -> list[tuple[str, ...]]:
    return [table.header, *(row.cells for row in table.rows)]


def refused(data: bytes) -> str:
    with pytest.raises(TableRefused) as caught:
        read(data)
    return caught.value.kind


def changed(data: bytes, part: str, content: bytes) -> bytes:
    """The workbook with another part in the place of one of its own."""
    to = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            target.writestr(info.filename, content if info.filename == part else source.read(info))
    return to.getvalue()


def test_cells_become_the_text_that_people_see() -> None:
    made = book(
        ["naam", "dag", "uur", "tijdstip", "gsm", "prijs", "ja"],
        ["Emma", date(2027, 3, 14), time(9, 30), datetime(2027, 3, 14, 9, 30), 32470123456, 65.5, True],  # noqa: DTZ001
    )
    row = ("Emma", "2027-03-14", "09:30", "2027-03-14 09:30", "32470123456", "65.5", "yes")
    assert cells(read(saved(made)))[1] == row


def test_a_serial_number_in_a_cell_that_is_a_day_is_that_day() -> None:
    made = book(["naam", "dag"], ["Emma", 46460])
    made.active["B2"].number_format = "dd/mm/yyyy"
    assert cells(read(saved(made)))[1] == ("Emma", "2027-03-14")


def test_a_whole_number_has_no_decimals_and_an_error_is_nothing() -> None:
    made = book(["naam", "getal", "fout"], ["Emma", 12.0, "#N/A"])
    assert cells(read(saved(made)))[1] == ("Emma", "12", "")


def test_the_first_sheet_with_people_in_it_counts_hidden_ones_last() -> None:
    made = book(empty=[], notes=[["hidden", "x"], ["1", "2"]], people=[["naam", "school"], ["Emma", "A"]])
    made["notes"].sheet_state = "hidden"
    assert cells(read(saved(made))) == [("naam", "school"), ("Emma", "A")]


def test_merged_cells_count_in_each_of_their_rows_and_in_their_first_column() -> None:
    made = book(
        ["Deelnemers", "", ""],
        ["school", "naam", "mail"],
        ["Sint-Jozef", "Emma", "e@x.example"],
        [None, "Noor", "n@x.example"],
        ["GO!", "Lies", None],
    )
    for merged in ("A1:C1", "A3:A4", "B5:C5"):
        made.active.merge_cells(merged)
    assert cells(read(saved(made))) == [
        ("school", "naam", "mail"),
        ("Sint-Jozef", "Emma", "e@x.example"),
        ("Sint-Jozef", "Noor", "n@x.example"),
        ("GO!", "Lies", ""),
    ]


def test_rows_keep_the_numbers_that_the_spreadsheet_shows() -> None:
    made = book(["naam", "school"])
    made.active["A5"] = "Emma"
    assert [row.number for row in read(saved(made)).rows] == [5]


def test_a_wrong_note_of_its_size_hides_nobody() -> None:
    data = saved(book(["naam", "school"], ["Emma", "A"], ["Noor", "B"]))
    sheet = zipfile.ZipFile(BytesIO(data)).read("xl/worksheets/sheet1.xml")
    lied = changed(data, "xl/worksheets/sheet1.xml", sheet.replace(b'ref="A1:B3"', b'ref="A1"'))
    assert len(read(lied).rows) == 2


def test_too_many_rows_and_columns_are_refused() -> None:
    many = book(["a", "b"], *(["x", "y"] for _ in range(MOST_ROWS + 1)))
    assert refused(saved(many)) == "too_many_rows"
    assert refused(saved(book(["a", "b"], ["x"] * 101))) == "too_many_columns"


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    data = saved(book(["a", "b"], ["x", "y"]))
    bomb = changed(data, "xl/worksheets/sheet1.xml", b" " * (workbooks.LARGEST_UNPACKED + 1))
    assert len(bomb) < 100_000
    assert refused(bomb) == "unpacks_too_large"
    assert refused(changed(data, "xl/styles.xml", b" " * (workbooks.LARGEST_PART + 1))) == "unpacks_too_large"


def renamed(data: bytes, part: str, name: str) -> bytes:
    """The workbook with a part under another name, which its other parts tell too."""
    to = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as target:
        for info in source.infolist():
            content = source.read(info).replace(part.encode(), name.encode())
            target.writestr(name if info.filename == part else info.filename, content)
    return to.getvalue()


@pytest.mark.parametrize("name", ["xl/media/sheet1.xml", "xl/worksheets/sheet1.bin"])
def test_a_bomb_is_a_bomb_under_any_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = renamed(saved(book(["a", "b"], ["x", "y"])), "xl/worksheets/sheet1.xml", name)
    assert cells(read(data)) == [("a", "b"), ("x", "y")]
    bomb = changed(data, name, b" " * 1_000_000)
    monkeypatch.setattr(workbooks, "LARGEST_UNPACKED", 900_000)
    assert refused(bomb) == "unpacks_too_large"


def with_sheet(body: str) -> bytes:
    """A workbook whose sheet is this XML."""
    sheet = f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData>{body}</sheetData></worksheet>'
    return changed(saved(book(["a", "b"], ["x", "y"])), "xl/worksheets/sheet1.xml", sheet.encode())


def test_more_elements_than_a_list_has_are_refused_before_they_are_read() -> None:
    few_bytes = with_sheet("<row>" + "<c/>" * (workbooks.MOST_ELEMENTS + 1) + "</row>")
    assert refused(few_bytes) == "unpacks_too_large"
    assert refused(with_sheet("<row>" + "<c/>" * (workbooks.LAST_COLUMN + 1) + "</row>")) == "damaged"


def test_styles_of_more_elements_than_any_program_writes_are_refused() -> None:
    styles = b"<styleSheet>" + b"<xf/>" * workbooks.MOST_IN_PART + b"</styleSheet>"
    assert (
        refused(changed(saved(book(["a", "b"], ["x", "y"])), "xl/styles.xml", styles)) == "unpacks_too_large"
    )


def test_a_formatted_cell_far_to_the_right_costs_no_cells_between(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Any] = []
    monkeypatch.setattr(workbooks, "_text", lambda value: shown.append(value) or str(value or ""))
    rows = "".join(
        f'<row r="{row}"><c r="A{row}"><v>1</v></c><c r="XFD{row}" s="1"/></row>' for row in (1, 2)
    )
    assert cells(read(with_sheet(rows))) == [("1",), ("1",)]
    assert len(shown) == 4


def test_a_bomb_that_lies_about_its_size_unpacks_no_further_than_it_says() -> None:
    data = saved(book(["a", "b"], ["x", "y"]))
    size = workbooks.LARGEST_UNPACKED + 1
    bomb = bytearray(changed(data, "xl/worksheets/sheet1.xml", b" " * size))
    told = size.to_bytes(4, "little")
    assert bomb.count(told) == 2
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(bytes(bomb.replace(told, (1000).to_bytes(4, "little")))) == "damaged"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 32 * 1024


def test_entities_that_multiply_are_refused() -> None:
    data = saved(book(["a", "b"], ["x", "y"]))
    laughs = b'<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;">]><worksheet>&c;</worksheet>'
    assert refused(changed(data, "xl/worksheets/sheet1.xml", laughs)) == "damaged"


def test_two_cells_at_the_ends_of_the_sheet_take_no_memory_between_them() -> None:
    made = book(["naam", "school"])
    made.active["A1048576"] = "Emma"
    assert cells(read(saved(made))) == [("naam", "school"), ("Emma", "")]
    made.active["XFD2"] = "x"
    assert refused(saved(made)) == "too_many_columns"


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["content.xml", "mimetype"], "open_document"),
        (["a.txt"], "not_a_table"),
        (["xl/workbook.xml"], "damaged"),
    ],
)
def test_other_archives_are_told_as_what_they_are(names: list[str], kind: str) -> None:
    to = BytesIO()
    with zipfile.ZipFile(to, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    assert refused(to.getvalue()) == kind


def test_a_workbook_that_was_cut_off_is_damaged() -> None:
    data = saved(book(["a", "b"], ["x", "y"]))
    assert refused(data[: len(data) // 2]) == "damaged"

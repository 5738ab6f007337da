"""Lists as people really bring them: any encoding, any delimiter, titles on top, and what is no list at all."""

import csv
from io import StringIO
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.formats import tables
from portal.formats.tables import MOST_COLUMNS, MOST_ROWS, Table, TableRefused, decode, read, read_text

NAMES = "Voornaam;Naam;School\nÉlodie;Dubois;Collège Saint-Michel\nZoë;D’Hondt;GO! Atheneum\n"


def cells(table: Table) -> list[tuple[str, ...]]:
    return [table.header, *(row.cells for row in table.rows)]


def refusal(data: bytes | str) -> TableRefused:
    with pytest.raises(TableRefused) as refused:
        read_text(data) if isinstance(data, str) else read(data)
    return refused.value


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"]
)
def test_the_encoding_is_found(encoding: str) -> None:
    assert decode(NAMES.encode(encoding)).lstrip("\ufeff") == NAMES


def test_a_list_from_dos_is_read_with_its_accents() -> None:
    text = NAMES.replace("’", "'")
    assert decode(text.encode("cp850")) == text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    text = NAMES.replace(";", delimiter)
    assert cells(read_text(text))[1] == ("Élodie", "Dubois", "Collège Saint-Michel")


def test_commas_in_the_text_do_not_hide_the_semicolons() -> None:
    text = "naam;bedrag;opmerking\nEmma;65,00;\nNoor;65,00;vegan, geen noten\nLies;65,00;\n"
    assert cells(read_text(text))[2] == ("Noor", "65,00", "vegan, geen noten")


def test_excel_says_its_delimiter_itself() -> None:
    assert cells(read_text("sep=|\r\na|b;c;d\r\n1|2;3;4\r\n")) == [("a", "b;c;d"), ("1", "2;3;4")]


def test_quotes_line_breaks_and_liberties_are_read() -> None:
    assert cells(read_text('a,b\n"x\ny","zei ""ja"""\n')) == [("a", "b"), ("x\ny", 'zei "ja"')]
    assert cells(read_text('a,b\n"x"y,z\n'))[1] == ("xy", "z")


def test_a_quote_that_never_closes_is_told_with_its_row() -> None:
    refused = refusal('a,b\n1,2\n3,"4\n5,6\n')
    assert (refused.kind, refused.row) == ("open_quote", 3)


def test_titles_above_the_head_and_blank_rows_are_passed_over() -> None:
    table = read_text("Deelnemers nascholing\n\nvoornaam,naam\n\nEmma,Peeters\n,\nNoor,Aerts\n")
    assert table.header == ("voornaam", "naam")
    assert [(row.number, row.cells[0]) for row in table.rows] == [(5, "Emma"), (7, "Noor")]


def test_a_list_without_a_head_keeps_its_first_person() -> None:
    table = read_text("Emma,emma@school.example\nNoor,noor@school.example\n")
    assert cells(table) == [("", ""), ("Emma", "emma@school.example"), ("Noor", "noor@school.example")]


def test_a_head_that_only_looks_like_an_address_costs_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    address = tables._ADDRESS
    monkeypatch.setattr(
        tables, "_ADDRESS", Mock(fullmatch=lambda cell: looked_at.append(cell) or address.fullmatch(cell))
    )
    endless = "a@" + "." * 500 + "@"
    assert cells(read_text(f"{endless},naam\n1,2\n")) == [(endless, "naam"), ("1", "2")]
    assert looked_at == ["naam"]


def test_rows_may_be_shorter_and_longer_than_the_head() -> None:
    assert cells(read_text("a,b\n1\n1,2,3\n")) == [("a", "b", ""), ("1", "", ""), ("1", "2", "3")]


def test_what_our_own_export_defused_is_as_it_was() -> None:
    assert cells(read_text("tel,naam\n'+32 470,'s Gravenwezel\n"))[1] == ("+32 470", "'s Gravenwezel")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b" \r\n;;\r\n", "empty"),
        (b"naam;school\r\n", "empty"),
        (b"%PDF-1.7 ...", "not_a_table"),
        (b"\x89PNG\r\n\x1a\n\x00\x01", "not_a_table"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old_excel"),
        (b"\xff\xfea\x00b", "damaged"),
        (b"PK\x03\x04 not really", "damaged"),
    ],
)
def test_what_is_no_list_is_told_as_what_it_is(data: bytes, kind: str) -> None:
    assert refusal(data).kind == kind


def test_too_much_is_refused_at_each_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(read_text("a,b\n" + "1,2\n" * MOST_ROWS).rows) == MOST_ROWS
    assert refusal("a,b\n" + "1,2\n" * (MOST_ROWS + 1)).kind == "too_many_rows"
    assert refusal("a,b\n" + "1,2\n" * 50_000).kind == "too_many_rows"
    wide = ",".join("x" * (MOST_COLUMNS + 1))
    assert (refusal(f"a,b\n{wide}\n").kind, refusal(f"a,b\n{wide}\n").row) == ("too_many_columns", 2)
    monkeypatch.setattr(tables, "LARGEST_FILE", 10)
    assert refusal(b"a,b\n1,2\n3,4\n").kind == "too_large"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), max_size=8)
ROWS = st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=6)


@given(ROWS, st.sampled_from([",", ";", "\t"]), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_python_writes_is_read_back(rows: list[list[str]], delimiter: str, encoding: str) -> None:
    file = StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(
        [["voornaam", "naam", "mail"], *rows]
    )
    said = [tuple(row) for row in rows if any(row)]
    if not said:
        return
    read_back = read(file.getvalue().encode(encoding))
    plain = [tuple(tables.as_typed(cell) for cell in row) for row in said]
    assert [row.cells for row in read_back.rows] == plain


@given(st.binary(max_size=400))
def test_whatever_the_bytes_it_is_a_table_or_refused(data: bytes) -> None:
    try:
        table = read(data)
    except TableRefused:
        return
    assert all(len(row.cells) == len(table.header) for row in table.rows)

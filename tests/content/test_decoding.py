import pytest

from portal.content.mend import mended
from tests.content.writing import event_of, event_text, only_problem, reading_of

TEXT = event_text("Eén café.", title='"Café"')


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        (b"\xef\xbb\xbf" + TEXT.encode(), 1, "byte order mark"),
        (TEXT.replace("\n", "\r\n").encode(), 1, "CRLF"),
        (TEXT.replace("\n", "\r").encode(), 1, "CRLF"),
        (TEXT.encode("latin-1"), 2, "Latin-1"),
        (TEXT.replace("title: ", "title:\t").encode(), 2, "tab"),
        (TEXT.replace("date:", "date:\t\t").encode(), 3, "tab"),
        (TEXT.replace("Eén", "E\x08én").encode(), 6, "invisible"),
    ],
)
def test_what_editors_put_in_is_read_with_one_warning(source: bytes, line: int, says: str) -> None:
    problem = only_problem(source)
    assert (problem.severity, problem.line) == ("warning", line)
    assert says in problem.what
    event = event_of(source)
    assert (event.title, event.text) == ("Café", "Eén café.")


def test_tabs_that_set_out_a_list_are_spaces() -> None:
    event = event_of(
        "---\ntitle: x\ndate: 2027-01-31\nsessions:\n\t- id: am\n\t  label: A\n---\nTekst\t\tmet\ttabs"
    )
    assert event.sessions[0].label == "A"
    assert event.text == "Tekst\t\tmet\ttabs"


def test_a_tab_inside_a_value_stays() -> None:
    reading = reading_of('---\ntitle: "a\tb"\ndate: 2027-01-31\n---\n\tcode\t\n')
    assert reading.problems == ()
    assert "a\tb" in reading.text


def test_windows_quotes_come_out_right() -> None:
    assert event_of(event_text("‘Ja’ – zei ze").encode("cp1252")).text == "‘Ja’ – zei ze"


@pytest.mark.parametrize(
    "source",
    [
        event_text("Café…\nvoor leerlingen uit Li?ge").encode().replace(b"?", b"\xe8"),
        event_text("Café…\nvoor élèves").encode().removesuffix(b"\xa8ves\n"),
    ],
    ids=["a letter pasted in", "cut off within a letter"],
)
def test_one_byte_that_is_not_utf8_never_spoils_the_letters_around_it(source: bytes) -> None:
    problem = only_problem(source)
    assert (problem.severity, problem.line) == ("error", 7)
    assert "write that letter again" in problem.mend
    assert mended(source, reading_of) == source

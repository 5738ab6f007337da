import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.mend import applied, apply, mended
from portal.content.problems import Edit
from portal.content.reader import Reading
from tests.content.writing import event_text, reading_of

FILE = """---
# Onze robots
title: {title}   # met opmerking
date: {date}
end_date: '{end}'
{more}
location:   "Zaal 1"
tags: [a,   b]
---

Tekst  met   spaties.

{body}
"""


def file(**parts: str) -> str:
    given = {"title": '"Robots"', "date": "2026-03-05T09:30:00", "end": "2026-03-05T16:30:00", "more": "layout: event",
             "body": "Klaar."}  # fmt: skip
    return FILE.format(**{**given, **parts})


def read_again(source: bytes) -> Reading:
    return reading_of(source)


def lines_changed(before: str, after: str) -> tuple[list[str], list[str]]:
    difference = list(difflib.ndiff(before.splitlines(), after.splitlines()))
    return [row[2:] for row in difference if row[:2] == "- "], [
        row[2:] for row in difference if row[:2] == "+ "
    ]


@pytest.mark.parametrize(
    ("parts", "gone", "come"),
    [
        ({"date": "2026-03-05T09:30"}, ["date: 2026-03-05T09:30"], ["date: 2026-03-05T09:30:00"]),
        ({"date": "2026-03-05T009:30:00"}, ["date: 2026-03-05T009:30:00"], ["date: 2026-03-05T09:30:00"]),
        ({"end": "2025-03-05T16:30:00"}, ["end_date: '2025-03-05T16:30:00'"], ["end_date: '2026-03-05T16:30:00'"]),
        ({"end": "2025-03-05T016:30"}, ["end_date: '2025-03-05T016:30'"], ["end_date: '2026-03-05T16:30:00'"]),
        ({"end": "2026-03-05T24:00:00"}, ["end_date: '2026-03-05T24:00:00'"], ["end_date: '2026-03-06T00:00:00'"]),
        ({"more": "capacty: 4 # x"}, ["capacty: 4 # x"], ["capacity: 4 # x"]),
        ({"more": 'location:   "Zaal 1"'}, ['location:   "Zaal 1"'], []),
        ({"more": "language: 'NL' # x"}, ["language: 'NL' # x"], ["language: 'nl' # x"]),
        ({"more": "anchor: a b # x"}, ["anchor: a b # x"], ["anchor: a-b # x"]),
        ({"more": 'price: "€ 65"'}, ['price: "€ 65"'], ['price: "65"']),
        ({"more": "registration_link: www.example.org"}, ["registration_link: www.example.org"],
         ["registration_link: https://www.example.org"]),
        ({"body": "**Prijs:** €65"}, [], ["price: 65"]),
        ({"body": "[x](www.example.org) é [y](<www.example.org>)"}, ["[x](www.example.org) é [y](<www.example.org>)"],
         ["[x](https://www.example.org) é [y](<https://www.example.org>)"]),
        ({"title": '"VOLZET - Robots"'}, ['title: "VOLZET - Robots"   # met opmerking'],
         ['title: "Robots"   # met opmerking', "status: full"]),
        ({"title": "AI: robots"}, ["title: AI: robots   # met opmerking"], ['title: "AI: robots   # met opmerking"']),
        ({"more": "location:"}, ["location:"], []),
    ],
)  # fmt: skip
def test_a_mend_touches_its_own_line_only_and_the_next_check_is_silent(
    parts: dict[str, str], gone: list[str], come: list[str]
) -> None:
    before = file(**parts)
    after = mended(before.encode(), read_again).decode()
    assert lines_changed(before, after) == (gone, come)
    left = reading_of(after)
    assert left.event is not None
    assert left.problems == ()


def test_a_file_in_which_nothing_can_be_mended_stays_the_same_bytes() -> None:
    for source in (file().encode(), b"", b"\xff\xfe", b"no event\r\n", b"x" * 2_000_000):
        assert mended(source, read_again) in (source, source.replace(b"\r\n", b"\n"))


def test_what_editors_put_in_is_written_away() -> None:
    source = b"\xef\xbb\xbf" + file(title='"Caf\xe9"').replace("\n", "\r\n").encode()
    assert mended(source, read_again) == file(title='"Café"').encode()
    assert mended(file(title='"Café"').encode("latin-1"), read_again) == file(title='"Café"').encode()


def test_a_mend_that_would_break_the_file_is_not_made_and_the_others_are() -> None:
    """Without the word before it, the title would be a list."""
    source = file(title="GEANNULEERD - [robots]", date="2026-3-05 09:30").encode()
    assert mended(source, read_again).decode() == file(title="GEANNULEERD - [robots]")


def test_a_mend_is_not_made_in_exchange_for_another_error() -> None:
    """As the date, that day would come after the end."""
    keys = {"date": None, "datum": "2027-03-10", "end_date": "2027-03-01"}
    after = mended(event_text(**keys, language="NL").encode(), read_again).decode()
    assert after == event_text(**keys, language="nl")


def test_a_line_that_is_added_stands_below_keys_that_are_set_in() -> None:
    text = event_text(title='"VOLZET: Robots"').replace("\ntitle", "\n  title").replace("\ndate", "\n  date")
    after = mended(text.encode(), read_again).decode()
    assert after == text.replace("VOLZET: ", "").replace("\n---", "\n  status: full\n---")
    assert reading_of(after).problems == ()


def test_what_is_said_below_a_list_that_is_given_twice_stays() -> None:
    twice = (
        "sessions:\n  - id: am\nsessions:\n  - id: am   # zaal 1\n\n# keep me: about the room\ncapacity: 5"
    )
    once = "sessions:\n  - id: am\n\n# keep me: about the room\ncapacity: 5"
    assert mended(file(more=twice).encode(), read_again).decode() == file(more=once)


def test_of_two_edits_that_overlap_the_first_is_made() -> None:
    assert applied("abcdef", [Edit(2, 4, "X"), Edit(1, 3, "Y"), Edit(6, 6, "!")]) == "aYdef!"


pieces = st.tuples(st.text(min_size=1, max_size=9), st.text(max_size=5), st.text(max_size=5))


@given(st.lists(pieces, max_size=6), st.text(max_size=9))
def test_all_that_lies_outside_the_edits_stays(parts: list[tuple[str, str, str]], rest: str) -> None:
    text, expected, edits = "", "", []
    for kept, old, new in parts:
        start = len(text) + len(kept)
        edits.append(Edit(start, start + len(old), new))
        text += kept + old
        expected += kept + new
    assert applied(text + rest, reversed(edits)) == expected + rest


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), max_size=80))
def test_a_text_below_the_front_matter_is_never_touched_without_a_reason(body: str) -> None:
    source = event_text(body).encode()
    reading = reading_of(source)
    if not reading.problems:
        assert apply(reading) == source


@given(st.text(max_size=120))
def test_mending_comes_to_rest(body: str) -> None:
    once = mended(event_text(body, date="2026-03-05T09:30").encode(), read_again)
    assert mended(once, read_again) == once

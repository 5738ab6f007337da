"""What people type, as it is kept."""

import pytest

from portal.domain.typed import clean, clean_lines


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Jan \t Peeters\r\n", "Jan Peeters"),
        ("Jan\u202egnaj\x00\ufeff\u200b\u2060", "Jangnaj"),
        ("Zoe\u0308", "Zoë"),
        ("\ue000Jan\uf8ff\U0010fffd", "Jan"),
        ("\ufdd0Jan\uffff\U0001ffff", "Jan"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d🏫", "👩\u200d🏫"),
    ],
)
def test_what_cannot_be_seen_is_not_kept(typed: str, kept: str) -> None:
    assert clean(typed) == kept
    assert clean_lines(f"a\n{typed}").splitlines() == ["a", kept]


@pytest.mark.parametrize(
    "typed", ["\u200b", "\u2060", "\u200c \u200d", "\u3164", "\u2800", "\ue000", "\u00ad"]
)
def test_what_shows_nothing_is_nothing(typed: str) -> None:
    assert clean(typed) == clean_lines(typed) == ""

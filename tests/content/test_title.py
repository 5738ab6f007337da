import pytest

from portal.content.title import read_title
from tests.content.writing import event_of, event_text, only_problem, reading_of


@pytest.mark.parametrize(
    ("written", "title", "says"),
    [
        ("GEANNULEERD - Robots", "Robots", "cancelled"),
        ("GEANNULEERD: Robots", "Robots", "cancelled"),
        ("GEANNULEERD Robots", "Robots", "cancelled"),
        ("Geannuleerd - Robots", "Robots", "cancelled"),
        ("[geannuleerd] Robots", "Robots", "cancelled"),
        ("(Afgelast) Robots", "Robots", "cancelled"),
        ("ANNULEERD! Robots", "Robots", "cancelled"),
        ("CANCELLED – Robots", "Robots", "cancelled"),
        ("ANNULÉ : Robots", "Robots", "cancelled"),
        ("Annulé : Robots", "Robots", "cancelled"),
        ("ABGESAGT – Robots", "Robots", "cancelled"),
        ("VOLZET - Robots", "Robots", "full"),
        ("Volzet: Robots", "Robots", "full"),
        ("**VOLZET** Robots", "Robots", "full"),
        ("SOLD OUT Robots", "Robots", "full"),
        ("COMPLET | Robots", "Robots", "full"),
        ("AUSGEBUCHT: Robots", "Robots", "full"),
        ("VOLZET - GEANNULEERD - Robots", "Robots", "cancelled"),
        ("Complet en un jour", "Complet en un jour", ""),
        ("Volzet bord lezen", "Volzet bord lezen", ""),
        ("COMPLETE gids", "COMPLETE gids", ""),
        ("Robots (VOLZET)", "Robots (VOLZET)", ""),
        ("VOLZET", "VOLZET", ""),
        ("VOLZET - ", "VOLZET - ", ""),
        ("", "", ""),
    ],
)
def test_a_word_before_a_title_says_how_it_stands(written: str, title: str, says: str) -> None:
    heading = read_title(written)
    assert (heading.title, heading.says) == (title, says)


def test_a_cancelled_event_is_mended_with_a_status() -> None:
    text = event_text(title='"GEANNULEERD - Robots"')
    event = event_of(text)
    assert (event.title, event.status, event.sold_out) == ("Robots", "cancelled", False)
    assert [edit.replacement for edit in only_problem(text).edits] == ["", "status: cancelled\n"]


def test_a_full_event_stays_published() -> None:
    event = event_of(event_text(title="VOLZET - Robots"))
    assert (event.title, event.status, event.sold_out) == ("Robots", "published", True)


def test_full_is_a_status_that_a_file_may_say() -> None:
    event = event_of(event_text(status="full"))
    assert (event.status, event.sold_out) == ("published", True)
    assert reading_of(event_text(status="full")).problems == ()


def test_a_draft_that_says_full_stays_a_draft_and_keeps_its_title() -> None:
    text = event_text(title="VOLZET - Robots", status="draft")
    event = event_of(text)
    assert (event.status, event.sold_out, event.title) == ("draft", True, "Robots")
    assert only_problem(text).edits == ()


def test_a_status_that_is_there_is_rewritten() -> None:
    edits = only_problem(event_text(title="VOLZET - Robots", status="published")).edits
    assert [edit.replacement for edit in edits] == ["", "full"]
    edits = only_problem(event_text(title="VOLZET - Robots", status="cancelled")).edits
    assert [edit.replacement for edit in edits] == [""]

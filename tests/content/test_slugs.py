from datetime import UTC, datetime

import pytest

from portal.content.event import Event
from portal.content.slugs import Naming, from_name, safe, settle


def named(path: str, slug: str, source: str = "anchor") -> tuple[Event, Naming]:
    event = Event(slug=slug, title="x", starts=datetime(2027, 1, 31, tzinfo=UTC), path=path)
    return event, Naming(source, 5, 40, 45)  # type: ignore[arg-type]


def slugs(*pairs: tuple[Event, Naming]) -> dict[str, str]:
    return {event.path: slug for slug, event in settle(pairs)[0].items()}


@pytest.mark.parametrize(
    ("written", "slug"),
    [("al_goed-1", "al_goed-1"), ("Één twee", "Een-twee"), ("a//b??c", "a-b-c"),
     ("Straße & Œuvre", "Strasse-en-Oeuvre"),
     ("½ dag", "1-2-dag"), ("--x--", "x"), ("日本", ""), ("a" * 300, "a" * 100)],
)  # fmt: skip
def test_a_name_is_made_safe(written: str, slug: str) -> None:
    assert safe(written) == slug


def test_a_file_without_a_usable_name_still_has_a_slug() -> None:
    assert from_name("events/日本.md") == "event"


def test_an_explicit_slug_is_given_once() -> None:
    events, (problem,) = settle([named("b.md", "x", "slug"), named("a.md", "X", "slug")])
    assert [event.path for event in events.values()] == ["a.md"]
    assert (problem.severity, problem.path, problem.line) == ("error", "b.md", 5)
    assert "a.md" in problem.what


def test_the_second_of_two_anchors_gets_the_name_of_its_file() -> None:
    pairs = [named("events/b.md", "robots"), named("events/a.md", "Robots")]
    assert slugs(*pairs) == {"events/a.md": "Robots", "events/b.md": "b"}
    (problem,) = settle(pairs)[1]
    assert problem.severity == "warning"
    assert [(edit.start, edit.end, edit.replacement) for edit in problem.edits] == [(40, 45, "b")]


def test_an_explicit_slug_comes_before_an_anchor_wherever_its_file_stands() -> None:
    assert slugs(named("z.md", "x", "slug"), named("a.md", "x")) == {"z.md": "x", "a.md": "a"}


def test_files_of_one_name_in_two_folders_both_get_a_slug() -> None:
    found = slugs(
        named("e/2026/dag.md", "dag", "name"),
        named("e/2027/dag.md", "dag", "name"),
        named("e/2027/x/2027/dag.md", "dag"),
    )
    assert found == {"e/2027/x/2027/dag.md": "dag", "e/2026/dag.md": "2026-dag", "e/2027/dag.md": "2027-dag"}


def test_a_name_is_numbered_when_nothing_else_is_left() -> None:
    pairs = [
        named("a/dag.md", "dag", "slug"),
        named("b/a/dag.md", "a-dag", "slug"),
        named("c/a/dag.md", "dag", "name"),
    ]
    assert slugs(*pairs)["c/a/dag.md"] == "dag-2"


def test_events_come_in_the_order_of_their_paths() -> None:
    events, _ = settle([named("c.md", "1", "name"), named("a.md", "2"), named("b.md", "3", "slug")])
    assert [event.path for event in events.values()] == ["a.md", "b.md", "c.md"]

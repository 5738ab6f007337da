"""What an event's file says about letters."""

import pytest

from portal.content.event import Event
from portal.content.problems import Problem
from portal.content.reader import read
from portal.content.site import Site, read_site

SITE = Site(name="X", contact="a@b.example")


def reading(*lines: str, site: Site = SITE) -> tuple[Event | None, tuple[Problem, ...]]:
    front = "\n".join(["---", "title: Robots", "date: 2027-03-10T13:30:00", *lines, "---", "Tekst."])
    found = read(front.encode(), "events/x.md", site)
    return found.event, found.problems


def test_an_event_adds_its_own_words_to_a_letter() -> None:
    event, problems = reading(
        "letters:", "  confirmed: |", "    Breng een **laptop** mee.", "  after: Tot later!"
    )
    assert event
    assert not problems
    assert event.words_of("confirmed") == "Breng een **laptop** mee."
    assert event.words_of("after") == "Tot later!"
    assert event.words_of("reminder") == ""


@pytest.mark.parametrize(
    ("lines", "line", "severity", "what"),
    [
        (["letters:", "  confirmd: Hallo"], 5, "warning", "`confirmd` of letters is not known"),
        (["letters:", "  link: Hallo"], 5, "warning", "`link` of letters is not known"),
        (["letters: Hallo"], 4, "error", "`letters` is not a group of keys"),
        (["letters:", "  confirmed: [a, b]"], 5, "error", "`confirmed` of letters is a list"),
        (["letters:", "  reminder: false"], 5, "error", "`reminder` of letters is 'false'"),
        (["letters:", "  after: '" + "a" * 5001 + "'"], 5, "error", "5001 characters long"),
        (["reminder: often"], 4, "error", "`reminder` is 'often'"),
        (["reminder: 61"], 4, "error", "`reminder` is '61'"),
        (["reminder: -1"], 4, "error", "`reminder` is '-1'"),
        (["reminder: [1, 2]"], 4, "error", "`reminder` is a list"),
        (["notify: weekly"], 4, "error", "`notify` is 'weekly'"),
        (["notfy: daily"], 4, "warning", "the key `notfy` is not known"),
    ],
)
def test_what_is_no_word_of_these_keys_is_said_with_its_line(
    lines: list[str], line: int, severity: str, what: str
) -> None:
    event, problems = reading(*lines)
    (problem,) = problems
    assert (problem.line, problem.severity) == (line, severity)
    assert what in problem.what.replace("“", "'").replace("”", "'")
    assert problem.mend
    assert (event is None) == (severity == "error")


@pytest.mark.parametrize(
    ("said", "days"),
    [
        ("", 2),
        ("reminder:", 2),
        ("reminder: 7", 7),
        ("reminder: 0", None),
        ("reminder: false", None),
        ("reminder: off", None),
    ],
)
def test_the_reminder_is_two_days_before_unless_the_file_says_else(said: str, days: int | None) -> None:
    event, problems = reading(said)
    assert event
    assert not problems
    assert event.reminder == days


@pytest.mark.parametrize(
    ("of_site", "of_event", "told"),
    [("", "", "none"), ("daily", "", "daily"), ("daily", "none", "none"), ("", "each", "each")],
)
def test_an_event_hears_of_sign_ups_as_it_says_else_as_the_site_says(
    of_site: str, of_event: str, told: str
) -> None:
    site, problems = read_site(f"name: X\nnotify: {of_site}\n".encode(), "x")
    assert site
    assert not problems
    event, _ = reading(f"notify: {of_event}", site=site)
    assert event
    assert event.notify == told

"""Event files as a test writes them."""

from pathlib import Path

from portal.content.event import Event
from portal.content.problems import Problem
from portal.content.reader import Reading, read
from portal.content.site import Site

SITE = Site(name="Maakplaats", languages=("nl", "en"), replaces_registration_hosts=("tickets.example.org",))

BASICS = {"title": "Solderen voor beginners", "date": "2027-01-31T13:00:00"}


def event_text(body: str = "Kom solderen.", **keys: str | None) -> str:
    """A file with a title and a date, and these keys; None takes a key away."""
    lines = [f"{key}: {value}\n" for key, value in {**BASICS, **keys}.items() if value is not None]
    return f"---\n{''.join(lines)}---\n\n{body}\n"


def reading_of(
    text: str | bytes, path: str = "events/solderen.md", site: Site = SITE, **how: object
) -> Reading:
    source = text.encode() if isinstance(text, str) else text
    return read(source, path, site, **how)  # type: ignore[arg-type]


def event_of(text: str | bytes, **how: object) -> Event:
    """The event of a file in which nothing is wrong enough to refuse it."""
    reading = reading_of(text, **how)  # type: ignore[arg-type]
    assert reading.event is not None, "\n".join(map(str, reading.problems))
    return reading.event


def only_problem(text: str | bytes, **how: object) -> Problem:
    (problem,) = reading_of(text, **how).problems  # type: ignore[arg-type]
    return problem


def told(text: str | bytes, **how: object) -> str:
    """Everything that is said about a file."""
    return "\n".join(map(str, reading_of(text, **how).problems))  # type: ignore[arg-type]


def write_content(folder: Path, **files: str) -> Path:
    """A content folder with these event files, each named by its key."""
    (folder / "events").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "events" / f"{name}.md").write_text(text)
    return folder

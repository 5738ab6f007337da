"""The permanent names of events: made safe for an address, and each given to one event only."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from portal.content.event import Event
from portal.content.findings import shown
from portal.content.problems import Edit, Problem

LONGEST = 100

_SPELLED = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "Æ": "Ae",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "Œ": "Oe",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "&": "-en-",
    }
)


def safe(text: str) -> str:
    """``text`` with letters, digits, - and _ only; may be empty."""
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    return re.sub(r"-{2,}", "-", re.sub(r"[^A-Za-z0-9_-]+", "-", plain)).strip("-")[:LONGEST].strip("-")


def from_name(path: str) -> str:
    """The slug that a file's name gives."""
    return safe(PurePosixPath(path).stem) or "event"


@dataclass(frozen=True)
class Naming:
    """Where an event's slug comes from; ``start`` and ``end`` are the place of the anchor's text."""

    source: Literal["slug", "anchor", "name"] = "name"
    line: int = 1
    start: int = 0
    end: int = 0


def settle(named: Iterable[tuple[Event, Naming]]) -> tuple[dict[str, Event], list[Problem]]:
    """The events by slug, each under a slug of its own, ordered by path; compared without regard to case.

    An explicit ``slug`` is never changed: of two that are the same the second is refused. An anchor or a
    file's name gives way, so that what was shared before goes on leading to the first.
    """
    order = {"slug": 0, "anchor": 1, "name": 2}
    taken: dict[str, Event] = {}
    problems = []
    for event, naming in sorted(named, key=lambda pair: (order[pair[1].source], pair[0].path)):
        other = taken.get(event.slug.casefold())
        if other is None:
            taken[event.slug.casefold()] = event
            continue
        if naming.source == "slug":
            what = f"`slug` {shown(event.slug)} is also the slug of {other.path}"
            problems.append(Problem(event.path, naming.line, "error", what, "give each event its own"))
            continue
        given = _free(event.path, taken)
        taken[given.casefold()] = replace(event, slug=given)
        if naming.source == "anchor":
            what = f"`anchor` {shown(event.slug)} is also that of {other.path}"
            edits: tuple[Edit, ...] = (Edit(naming.start, naming.end, given),) if naming.start else ()
        else:
            what, edits = f"the name {shown(event.slug)} is also that of {other.path}", ()
        mend = f"write another; until then this one is called {given}"
        problems.append(Problem(event.path, naming.line, "warning", what, mend, edits))
    events = sorted(taken.values(), key=lambda event: event.path)
    return {event.slug: event for event in events}, problems


def _free(path: str, taken: dict[str, Event]) -> str:
    name = from_name(path)
    folder = safe(PurePosixPath(path).parent.name)
    candidates = [name, f"{folder}-{name}"[:LONGEST] if folder else name]
    number = 2
    while candidates[0].casefold() in taken:
        candidates.pop(0)
        if not candidates:
            candidates.append(f"{name[: LONGEST - 8]}-{number}")
            number += 1
    return candidates[0]

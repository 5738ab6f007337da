"""What is wrong in a content file: where, what, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, order=True)
class Edit:
    """Replace ``text[start:end]`` by ``replacement``; offsets are characters of the file's text."""

    start: int
    end: int
    replacement: str


@dataclass(frozen=True)
class Problem:
    """One finding. An error refuses the file; a warning says how something unusual was read.

    ``path`` is relative to the content folder, ``line`` counts from 1. ``edits`` are what
    ``portal check --fix`` does about it; empty where a person has to decide.
    """

    path: str
    line: int
    severity: Literal["error", "warning"]
    what: str
    mend: str
    edits: tuple[Edit, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.severity}: {self.what}, {self.mend}"


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Those that refuse the file."""
    return tuple(problem for problem in problems if problem.severity == "error")

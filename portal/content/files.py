"""The content file by file: what each gives, and what is wrong with it."""

from dataclasses import dataclass
from typing import Literal

from portal.content.catalogue import Snapshot
from portal.content.event import Event
from portal.content.problems import Problem, errors

Standing = Literal["refused", "earlier", "draft", "cancelled", "published", "other"]


@dataclass(frozen=True)
class ContentFile:
    """A file, or a folder that could not be read: ``path`` is relative to the content folder.

    ``event`` is what is served of it, None when nothing is; ``problems`` are in the order of its lines.
    """

    path: str
    event: Event | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        return len(errors(self.problems))

    @property
    def standing(self) -> Standing:
        """``refused``: no event is shown of it; ``earlier``: the event is shown as it was before the file was wrong;
        ``other``: a file that is no event; else the event's status."""
        if self.event is None:
            return "refused" if self.errors else "other"
        return "earlier" if self.errors else self.event.status


def files(snapshot: Snapshot) -> tuple[ContentFile, ...]:
    """Every event file, and whatever else there is something to say about: errors first, then warnings, then by
    path."""
    events = {event.path: event for event in snapshot.events.values()}
    problems: dict[str, list[Problem]] = {path: [] for path in events}
    for problem in snapshot.problems:
        problems.setdefault(problem.path, []).append(problem)
    found = (ContentFile(path, events.get(path), tuple(told)) for path, told in problems.items())
    return tuple(sorted(found, key=lambda one: (not one.errors, not one.problems, one.path)))

"""A folder of event files, scanned again and again: only what changed is read."""

import os
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from portal.content.event import Event
from portal.content.images import Images, Signature, signature
from portal.content.problems import Problem
from portal.content.reader import Reading, read
from portal.content.site import Site
from portal.content.slugs import Naming, settle
from portal.content.source import read_source

EVENT_FOLDERS = ("events", "_events")
NO_EVENTS = Problem(
    ".", 1, "error", "there is no folder events/ (or _events/)", "make it, with a file for each event"
)
DEEPEST = 30
TICK = 50_000_000
"""Nanoseconds within which a file system may give two writes the same time."""


@dataclass
class EventFile:
    """One file: what it says now, and the last event that it gave."""

    signature: Signature
    problems: tuple[Problem, ...] = ()
    naming: Naming = field(default_factory=Naming)
    last_good: Event | None = None
    asked: tuple[tuple[str, Signature | None], ...] = ()
    """The images that the text speaks of, as they were."""


@dataclass(frozen=True)
class _Found:
    path: str
    file: str
    status: os.stat_result


class EventFolder:
    """The event files below ``folder``, which is ``content`` itself or a folder in it.

    ``images`` None: nothing is known about images, and none is called missing.
    """

    def __init__(self, content: Path, folder: Path, images: Images | None) -> None:
        self.content, self.folder, self._images = content, folder, images
        self.files: dict[str, EventFile] = {}
        self._stray: tuple[Problem, ...] = ()
        self._site: Site | None = None

    def scan(self, site: Site, only: Path | None = None) -> bool:
        """Reads what is new or changed since the last scan; whether anything was, or is gone."""
        afresh = site != self._site
        self._site = site
        stray: list[Problem] = []
        found = {item.path: item for item in self._found(stray, only)}
        changed = afresh or tuple(stray) != self._stray or bool(self.files.keys() - found.keys())
        images: dict[str, Signature | None] = {}
        files: dict[str, EventFile] = {}
        for path, item in sorted(found.items()):
            known = self.files.get(path)
            if (
                known
                and not afresh
                and known.signature == signature(item.status)
                and self._as_before(known, images)
            ):
                files[path] = known
                continue
            file = self._read(item, site, known, images)
            if file and known and replace(file, signature=known.signature) == known:
                # The same events, so that whoever keeps something with them may go on.
                file.last_good = known.last_good
            else:
                changed = True
            if file:
                files[path] = file
        self.files, self._stray = files, tuple(stray)
        return changed

    def settled(self) -> tuple[dict[str, Event], tuple[Problem, ...]]:
        """The events by slug, ordered by path, and every problem, ordered by path and line."""
        named = [(file.last_good, file.naming) for file in self.files.values() if file.last_good]
        events, clashes = settle(named)
        problems = [
            *self._stray,
            *clashes,
            *(problem for file in self.files.values() for problem in file.problems),
        ]
        return events, tuple(sorted(problems, key=lambda problem: (problem.path, problem.line)))

    def reader(self, path: str, site: Site) -> Callable[[bytes], Reading]:
        """Reads bytes as the file at ``path``."""
        has_image = self._images.has if self._images else lambda _: True
        return lambda source: read(source, path, site, has_image)

    def _as_before(self, known: EventFile, seen: dict[str, Signature | None]) -> bool:
        if self._images is None:
            return True
        for path, before in known.asked:
            if path not in seen:
                seen[path] = self._images.signature(path)
            if seen[path] != before:
                return False
        return True

    def _read(
        self, item: _Found, site: Site, known: EventFile | None, images: dict[str, Signature | None]
    ) -> EventFile | None:
        last_good = known.last_good if known else None
        naming = known.naming if known else Naming()
        file = EventFile(signature(item.status), naming=naming, last_good=last_good)
        if abs(time.time_ns() - item.status.st_mtime_ns) < TICK:
            # It may be written once more without its times showing it: look again.
            file.signature = (0, 0, 0, 0)
        try:
            source = read_source(Path(item.file))
        except FileNotFoundError:
            return None
        except OSError as error:
            what = f"the file cannot be read ({error.strerror})"
            file.problems = (Problem(item.path, 1, "error", what, "check its rights"),)
            return file
        asked: dict[str, Signature | None] = {}

        def has_image(path: str) -> bool:
            if self._images is None:
                return True
            if path not in images:
                images[path] = self._images.signature(path)
            asked[path] = images[path]
            return asked[path] is not None

        reading = read(source, item.path, site, has_image)
        file.problems, file.asked = reading.problems, tuple(asked.items())
        if reading.event is not None:
            file.last_good, file.naming = reading.event, reading.naming
        return file

    def _found(self, stray: list[Problem], only: Path | None) -> Iterator[_Found]:
        if only is not None:
            yield _Found(only.relative_to(self.content).as_posix(), str(only), only.stat())
            return
        where = self.folder.relative_to(self.content).as_posix()
        yield from _Walk(self.content, stray).below(str(self.folder), "" if where == "." else where)


class _Walk:
    """One walk through a folder: yields the event files, and notes in ``stray`` what is none but looks like one."""

    def __init__(self, content: Path, stray: list[Problem]) -> None:
        self._stray = stray
        self._root = content.resolve()
        self._seen: set[tuple[int, int]] = set()

    def below(self, folder: str, path: str, depth: int = 0) -> Iterator[_Found]:
        """The files in ``folder``, which is at ``path`` in the content. Plain strings: this runs every second."""
        if os.path.islink(folder) and not self._stays_within(folder, path):  # noqa: PTH114
            return
        try:
            status = os.stat(folder)  # noqa: PTH116
            with os.scandir(folder) as scan:
                entries = list(scan)
        except OSError as error:
            self._refuse(path, f"the folder cannot be read ({error.strerror})", "check its rights")
            return
        # A link may lead to a folder above itself.
        if (status.st_dev, status.st_ino) in self._seen or depth > DEEPEST:
            return
        self._seen.add((status.st_dev, status.st_ino))
        for entry in entries:
            if not entry.name.startswith("."):
                try:
                    yield from self._at(entry, f"{path}/{entry.name}" if path else entry.name, depth)
                except FileNotFoundError:
                    continue

    def _at(self, entry: os.DirEntry[str], path: str, depth: int) -> Iterator[_Found]:
        if entry.name != readable(entry.name):
            # No page, address or message could say it.
            if entry.is_dir() or entry.name.lower().endswith(".md"):
                self._refuse(readable(path), "its name is not in UTF-8", "rename it")
        elif entry.is_dir():
            yield from self.below(entry.path, path, depth + 1)
        elif entry.is_symlink() and not self._stays_within(entry.path, path):
            return
        elif entry.name.lower().endswith(".md"):
            status = entry.stat()
            if stat.S_ISREG(status.st_mode):
                yield _Found(path, entry.path, status)
        elif "." not in entry.name and entry.is_file() and _begins_as_an_event(entry.path):
            what = "the file is not read, because its name does not end in .md"
            self._stray.append(Problem(path, 1, "warning", what, "rename it, or take it out of the folder"))

    def _stays_within(self, link: str, path: str) -> bool:
        try:
            target = Path(link).resolve(strict=True)
        except (OSError, RuntimeError):
            self._refuse(path, "the link leads nowhere", "take it away")
            return False
        if target.is_relative_to(self._root):
            return True
        self._refuse(path, "the link leads out of the content folder", "put the file itself here")
        return False

    def _refuse(self, path: str, what: str, mend: str) -> None:
        self._stray.append(Problem(path or ".", 1, "error", what, mend))


def events_folder(content: Path) -> Path | None:
    """Where a content folder keeps its events."""
    return next((content / name for name in EVENT_FOLDERS if (content / name).is_dir()), None)


def readable(path: str) -> str:
    """A path as it can be written: with ``?`` for what is not UTF-8."""
    return path.encode(errors="replace").decode()


def _begins_as_an_event(file: str) -> bool:
    try:
        with Path(file).open("rb") as opened:
            return opened.read(4).startswith(b"---")
    except OSError:
        return False

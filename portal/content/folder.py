"""A folder of event files, scanned again and again: only what changed is read."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from portal.content.event import Event
from portal.content.images import Images, Signature, signature
from portal.content.problems import Problem
from portal.content.reader import Reading, read
from portal.content.site import Site
from portal.content.slugs import Naming, settle

EVENT_FOLDERS = ("events", "_events")
DEEPEST = 30


@dataclass
class EventFile:
    """One file: what it says now, and the last event that it gave."""

    signature: Signature
    problems: tuple[Problem, ...] = ()
    naming: Naming = field(default_factory=Naming)
    last_good: Event | None = None
    asked: tuple[tuple[str, Signature | None], ...] = ()
    """The images that the text speaks of, as they were."""
    refused: bool = False


@dataclass(frozen=True)
class _Found:
    path: str
    file: Path
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
            changed = True
            if file := self._read(item, site, known):
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

    def _read(self, item: _Found, site: Site, known: EventFile | None) -> EventFile | None:
        last_good = known.last_good if known else None
        naming = known.naming if known else Naming()
        file = EventFile(signature(item.status), naming=naming, last_good=last_good, refused=True)
        try:
            source = item.file.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            file.problems = (
                self._problem(item.path, f"the file cannot be read ({error.strerror})", "check its rights"),
            )
            file.signature = (0, 0, 0, 0)
            return file
        asked: dict[str, Signature | None] = {}

        def has_image(path: str) -> bool:
            if self._images is None:
                return True
            asked[path] = self._images.signature(path)
            return asked[path] is not None

        reading = read(source, item.path, site, has_image)
        file.problems, file.asked = reading.problems, tuple(asked.items())
        if reading.event is not None:
            file.last_good, file.naming, file.refused = reading.event, reading.naming, False
        return file

    def _found(self, stray: list[Problem], only: Path | None) -> Iterator[_Found]:
        if only is not None:
            yield _Found(self._relative(only), only, only.stat())
            return
        root = self.content.resolve()
        yield from self._below(self.folder, root, stray, {}, 0)

    def _below(
        self, folder: Path, root: Path, stray: list[Problem], seen: dict[tuple[int, int], bool], depth: int
    ) -> Iterator[_Found]:
        try:
            status = folder.stat()
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            stray.append(
                self._problem(
                    self._relative(folder),
                    f"the folder cannot be read ({error.strerror})",
                    "check its rights",
                )
            )
            return
        if seen.setdefault((status.st_dev, status.st_ino), False) or depth > DEEPEST:
            return
        seen[status.st_dev, status.st_ino] = True
        for entry in entries:
            if entry.name.startswith("."):
                continue
            file = Path(entry.path)
            try:
                if entry.is_symlink() and not self._stays_within(file, root, stray):
                    continue
                if entry.is_dir():
                    yield from self._below(file, root, stray, seen, depth + 1)
                elif entry.name.lower().endswith(".md"):
                    status = entry.stat()
                    if stat.S_ISREG(status.st_mode):
                        yield _Found(self._relative(file), file, status)
                elif "." not in entry.name and entry.is_file() and _begins_as_an_event(file):
                    what = "the file is not read, because its name does not end in .md"
                    stray.append(
                        Problem(
                            self._relative(file),
                            1,
                            "warning",
                            what,
                            "rename it, or take it out of the folder",
                        )
                    )
            except FileNotFoundError:
                continue

    def _stays_within(self, link: Path, root: Path, stray: list[Problem]) -> bool:
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError):
            stray.append(self._problem(self._relative(link), "the link leads nowhere", "take it away"))
            return False
        if target.is_relative_to(root):
            return True
        what = "the link leads out of the content folder"
        stray.append(self._problem(self._relative(link), what, "put the file itself here"))
        return False

    def _relative(self, file: Path) -> str:
        return file.relative_to(self.content).as_posix()

    def _problem(self, path: str, what: str, mend: str) -> Problem:
        return Problem(path, 1, "error", what, mend)


def events_folder(content: Path) -> Path | None:
    """Where a content folder keeps its events."""
    return next((content / name for name in EVENT_FOLDERS if (content / name).is_dir()), None)


def _begins_as_an_event(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return opened.read(4).startswith(b"---")
    except OSError:
        return False

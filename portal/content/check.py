"""``portal check``: the problems of a folder or a file as a person would click them, and their mends."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from portal.content.folder import EVENT_FOLDERS, NO_EVENTS, EventFolder, events_folder, readable
from portal.content.images import Images
from portal.content.mend import applied, mended
from portal.content.problems import Problem, errors
from portal.content.site import FILE_NAME, Site, site_in
from portal.content.source import read_source


@dataclass(frozen=True)
class CheckResult:
    """``problems`` are those that are left, ordered by path and line; their paths are relative to the
    working directory. ``fixed`` are those that were mended in the files, ``files`` how many were looked at."""

    problems: tuple[Problem, ...]
    files: int
    fixed: tuple[Problem, ...] = ()

    @property
    def errors(self) -> int:
        """How many of the problems keep an event from being served."""
        return len(errors(self.problems))


def check(target: Path, fix: bool = False) -> CheckResult:
    """Reads every event file of ``target`` and says what is wrong; with ``fix`` mends what can be mended.

    ``target`` is a content folder, its folder of events, any other folder of ``*.md`` files, or one file.
    Raises ``FileNotFoundError`` when it is not there.
    """
    if not target.exists():
        raise FileNotFoundError(target)
    scope = _Scope.of(Path(os.path.abspath(target)))  # noqa: PTH100 - links are to be seen, not followed
    before = scope.problems()
    unwritten = scope.mend() if fix else []
    after = [*scope.problems(), *unwritten] if fix else before
    left = {_told(problem) for problem in after}
    return CheckResult(
        scope.shown(after),
        scope.files(),
        scope.shown([problem for problem in before if fix and _told(problem) not in left]),
    )


def format_problem(problem: Problem, form: Literal["text", "github"] = "text") -> str:
    """The problem on one line: ``path:line: severity: what, mend``, or a command that GitHub shows in the diff."""
    if form == "text":
        return str(problem)
    where = f"file={_property(problem.path)},line={problem.line}"
    return f"::{problem.severity} {where}::{_escaped(f'{problem.what}, {problem.mend}')}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _told(problem: Problem) -> tuple[str, str, str]:
    """What makes two problems the same one; the line may move when another is mended."""
    return problem.path, problem.what, problem.mend


class _Scope:
    """What is looked at, and the site and images that belong to it where these are known."""

    def __init__(
        self, content: Path, folder: Path | None, only: Path | None = None, *, whole: bool = True
    ) -> None:
        self._content, self._only = content, only
        self._images = Images(content) if whole else None
        self._folder = EventFolder(content, folder, self._images) if folder else None
        self._in_force = Site(name=content.name)

    @classmethod
    def of(cls, target: Path) -> "_Scope":
        if target.is_dir():
            if target.name in EVENT_FOLDERS:
                return cls(target.parent, target)
            folder = events_folder(target)
            if folder or (target / FILE_NAME).is_file():
                return cls(target, folder)
            return cls(target, target, whole=False)
        if target.name == FILE_NAME:
            return cls(target.parent, None, target)
        above = next((parent for parent in target.parents if parent.name in EVENT_FOLDERS), None)
        if above:
            return cls(above.parent, above, target)
        return cls(target.parent, target.parent, target, whole=False)

    def problems(self) -> list[Problem]:
        site, found = self._site()
        # Without its site.yaml a folder can still be checked, as one that says nothing special.
        self._in_force = site or Site(name=self._content.name)
        if self._folder is None:
            return list(found) if self._only else [*found, NO_EVENTS]
        self._folder.scan(self._in_force, self._only)
        of_events = self._folder.settled()[1]
        return list(of_events) if self._only else [*found, *of_events]

    def _site(self) -> tuple[Site | None, tuple[Problem, ...]]:
        if self._images is None:
            return None, ()
        try:
            return site_in(self._content, self._images)
        except FileNotFoundError:
            return None, ()

    def files(self) -> int:
        return len(self._folder.files) if self._folder else 0

    def mend(self) -> list[Problem]:
        """Writes each file that can be mended; what could not be written comes back as a problem."""
        if self._folder is None:
            return []
        failed = [self._rewrite(path, self._mended_alone) for path in self._folder.files]
        # An anchor that two files share shows only beside its namesake, and where it stands may have moved.
        self._folder.scan(self._in_force, self._only)
        clashing = {problem.path for problem in self._folder.settled()[1] if problem.edits}
        failed += [
            self._rewrite(path, self._mended_among_others)
            for path in sorted(clashing & self._folder.files.keys())
        ]
        return [problem for problem in failed if problem]

    def _mended_alone(self, path: str, source: bytes) -> bytes:
        assert self._folder is not None  # noqa: S101 - only called for its files
        return mended(source, self._folder.reader(path, self._in_force))

    def _mended_among_others(self, path: str, source: bytes) -> bytes:
        assert self._folder is not None  # noqa: S101 - only called for its files
        reading = self._folder.reader(path, self._in_force)(source)
        edits = [
            edit for problem in self._folder.settled()[1] if problem.path == path for edit in problem.edits
        ]
        return applied(reading.text, edits).encode() if reading.text else source

    def _rewrite(self, path: str, mend: Callable[[str, bytes], bytes]) -> Problem | None:
        file = self._content / path
        try:
            source = read_source(file)
            better = mend(path, source)
            if better != source:
                _replace(file.resolve(), better)
        except OSError as error:
            return Problem(
                path, 1, "error", f"the file could not be mended ({error.strerror})", "check its rights"
            )
        return None

    def shown(self, problems: list[Problem]) -> tuple[Problem, ...]:
        here = Path.cwd()
        moved = [replace(p, path=readable(os.path.relpath(self._content / p.path, here))) for p in problems]
        return tuple(sorted(moved, key=lambda problem: (problem.path, problem.line)))


def _replace(file: Path, content: bytes) -> None:
    """Writes the whole file or nothing; whoever reads it meanwhile sees the old one or the new one."""
    mode = file.stat().st_mode
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=".portal-")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
        written.chmod(mode & 0o7777)
        written.replace(file)
    except BaseException:
        written.unlink(missing_ok=True)
        raise

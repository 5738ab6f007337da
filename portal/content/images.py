"""The files below ``images/``: which there are, and how large the pictures are."""

import os
import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

import imagesize

Signature = tuple[int, int, int, int]

_UNKNOWN_SIZE = (0, 0)
_LARGEST = 1_000_000
"""Pixels: whoever says more says nothing, and no proportion can be reckoned from it."""
_VIEW_BOX = re.compile(
    rb"<svg[^>]{0,2000}\bviewBox\s*=\s*[\"']\s*[-\d.eE]+[\s,]+[-\d.eE]+[\s,]+([\d.]+)[\s,]+([\d.]+)"
)


def signature(status: os.stat_result) -> Signature:
    """What changes when a file is written, replaced or renamed."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


class Images:
    """Paths are below ``images/``: ``a.png``, not its address ``/images/a.png``."""

    def __init__(self, content: Path) -> None:
        self._content = content
        self._sizes: dict[str, tuple[Signature, tuple[int, int]]] = {}

    def file(self, path: str) -> Path | None:
        """The file to serve for a path; None when there is none, or when it lies outside ``images/``."""
        parts = path.split("/")
        if (
            not path
            or "\\" in path
            or "\0" in path
            or any(part in ("", ".", "..") or part[0] == "." for part in parts)
        ):
            return None
        try:
            content = self._content.resolve(strict=True)
            root = (content / "images").resolve(strict=True)
            found = root.joinpath(*parts).resolve(strict=True)
            if not root.is_relative_to(content) or not found.is_relative_to(root) or not found.is_file():
                return None
        except (OSError, RuntimeError, ValueError):
            return None
        return found

    def signature(self, path: str) -> Signature | None:
        found = self.file(path)
        try:
            return signature(found.stat()) if found else None
        except OSError:
            return None

    def has(self, path: str) -> bool:
        return self.file(path) is not None

    def size(self, path: str) -> tuple[int, int] | None:
        """Width and height in pixels; None when it is not there, (0, 0) when they cannot be told."""
        found = self.file(path)
        if found is None:
            return None
        try:
            status = found.stat()
            known = self._sizes.get(path)
            if known is None or known[0] != signature(status):
                known = signature(status), _measured(found) if stat.S_ISREG(status.st_mode) else _UNKNOWN_SIZE
                self._sizes[path] = known
        except OSError:
            return None
        return known[1]


def _measured(file: Path) -> tuple[int, int]:
    size = _tried(imagesize.get, file)
    return _tried(_view_box, file) if size == _UNKNOWN_SIZE and file.suffix.lower() == ".svg" else size


def _tried(measure: Callable[[Path], Iterable[float]], file: Path) -> tuple[int, int]:
    try:
        width, height = map(round, measure(file))
    except Exception:  # whatever the bytes of a broken picture make the library and the arithmetic raise
        return _UNKNOWN_SIZE
    return (width, height) if 0 < width <= _LARGEST and 0 < height <= _LARGEST else _UNKNOWN_SIZE


def _view_box(file: Path) -> list[float]:
    with file.open("rb") as opened:
        found = _VIEW_BOX.search(opened.read(8192))
    return [float(side) for side in found.groups()] if found else [*_UNKNOWN_SIZE]

"""The files below ``images/``: which there are, and how large the pictures are."""

import os
import re
import stat
from pathlib import Path
from urllib.parse import unquote

import imagesize

Signature = tuple[int, int, int, int]

_UNKNOWN_SIZE = (0, 0)
_VIEW_BOX = re.compile(
    rb"<svg[^>]{0,2000}\bviewBox\s*=\s*[\"']\s*[-\d.eE]+[\s,]+[-\d.eE]+[\s,]+([\d.]+)[\s,]+([\d.]+)"
)


def signature(status: os.stat_result) -> Signature:
    """What changes when a file is written, replaced or renamed."""
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


class Images:
    """Paths are below ``images/``; an address like ``/images/a.png`` is taken too, except by ``file``."""

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
        found = self._find(path)
        try:
            return signature(found.stat()) if found else None
        except OSError:
            return None

    def has(self, path: str) -> bool:
        return self._find(path) is not None

    def size(self, path: str) -> tuple[int, int] | None:
        """Width and height in pixels; None when it is not there, (0, 0) when they cannot be told."""
        found = self._find(path)
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

    def _find(self, path: str) -> Path | None:
        return self.file(
            unquote(path.removeprefix("/").removeprefix("images/")) if path.startswith("/") else path
        )


def _measured(file: Path) -> tuple[int, int]:
    try:
        width, height = imagesize.get(file)
    except Exception:  # the library raises whatever the bytes of a broken picture make it raise
        width, height = -1, -1
    if width > 0 and height > 0:
        return round(width), round(height)
    if file.suffix.lower() == ".svg":
        with file.open("rb") as opened:
            found = _VIEW_BOX.search(opened.read(8192))
        if found:
            width, height = (round(float(side)) for side in found.groups())
            return (width, height) if width > 0 and height > 0 else _UNKNOWN_SIZE
    return _UNKNOWN_SIZE

"""The style sheet of every page, made once from the organisation's accent, and that of the organisers' figures, each
with a name that tells its content."""

import gzip
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from flask import url_for

from portal.web import theme
from portal.web.extensions import site


@dataclass(frozen=True)
class Stylesheet:
    """The sheet as it goes over the wire."""

    text: bytes
    gzip: bytes
    digest: str


def stylesheet() -> Stylesheet:
    """The sheet in the colours of the site as they are now."""
    return _made(site().accent)


def stylesheet_url() -> str:
    """Where the sheet is."""
    return url_for("ops.style", digest=stylesheet().digest)


def desk_stylesheet_url() -> str:
    """Where the sheet is that organisers' figures need beside it."""
    return url_for("ops.style", digest=desk_stylesheet().digest)


@lru_cache(maxsize=1)
def desk_stylesheet() -> Stylesheet:
    """The sheet of the organisers' figures."""
    return _named(theme.desk_stylesheet().encode())


def by_digest(digest: str) -> Stylesheet | None:
    """The sheet of that name; None when there is none now."""
    return next((sheet for sheet in (stylesheet(), desk_stylesheet()) if sheet.digest == digest), None)


@lru_cache(maxsize=4)
def _made(accent: str) -> Stylesheet:
    return _named(theme.stylesheet(accent).encode())


def _named(text: bytes) -> Stylesheet:
    return Stylesheet(text, gzip.compress(text, 9, mtime=0), sha256(text).hexdigest()[:12])

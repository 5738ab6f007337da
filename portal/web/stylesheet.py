"""The one style sheet, made once from the organisation's accent, with a name that tells its content."""

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


@lru_cache(maxsize=4)
def _made(accent: str) -> Stylesheet:
    text = theme.stylesheet(accent).encode()
    return Stylesheet(text, gzip.compress(text, 9, mtime=0), sha256(text).hexdigest()[:12])

"""The style sheet of every page, made once from the organisation's accent, and that of the organisers' figures, each
under a name that tells its content."""

from functools import lru_cache

from flask import url_for

from portal.web import theme
from portal.web.extensions import site
from portal.web.wire import Body


def stylesheet() -> Body:
    """The sheet in the colours of the site as they are now."""
    return _made(site().accent)


def stylesheet_url() -> str:
    """Where the sheet is."""
    return url_for("ops.style", digest=stylesheet().digest)


def desk_stylesheet_url() -> str:
    """Where the sheet is that organisers' figures need beside it."""
    return url_for("ops.style", digest=desk_stylesheet().digest)


@lru_cache(maxsize=1)
def desk_stylesheet() -> Body:
    """The sheet of the organisers' figures."""
    return Body(theme.desk_stylesheet().encode(), dense=True)


def by_digest(digest: str) -> Body | None:
    """The sheet of that name; None when there is none now."""
    return next((sheet for sheet in (stylesheet(), desk_stylesheet()) if sheet.digest == digest), None)


@lru_cache(maxsize=4)
def _made(accent: str) -> Body:
    return Body(theme.stylesheet(accent).encode(), dense=True)

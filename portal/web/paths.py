"""Ways on that somebody else named, and what stands in an address."""

import re
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Request, abort, current_app, request
from werkzeug.routing import IntegerConverter, Map

from portal.domain.typed import LARGEST_KEY
from portal.web.problems import asked_by_program

BEYOND_ASCII = re.compile(rb"[\x80-\xff]")


class AnyRequest(Request):
    """A request whose query can be read whatever bytes a program has put there; browsers write them as ``%E9``."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.query_string = BEYOND_ASCII.sub(lambda byte: b"%%%02X" % ord(byte[0]), self.query_string)


class RowNumber(IntegerConverter):
    """The number of a row in an address; a higher one than a row can have is no address (404)."""

    def __init__(self, url_map: Map, *arguments: Any, **options: Any) -> None:
        super().__init__(url_map, *arguments, **{"max": LARGEST_KEY, **options})


def refuse_nul() -> None:
    """Before each view: no address of ours has the character NUL (404), and no query (400). PostgreSQL takes none, and
    a list that is on its way to somebody would break off there."""
    if "\0" in request.path:
        abort(404)
    # The API says itself which of its parameters is wrong.
    if b"\0" in unquote_to_bytes(request.query_string) and not asked_by_program():
        abort(400)


def way_back() -> str:
    """Where this page is found again, in another language: at its own address, or above one that is only sent to."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    known, path = current_app.create_url_adapter(request), request.path
    assert known is not None, "there is a request"  # noqa: S101
    while path and not known.test(path, "GET"):
        path = path.rpartition("/")[0]
    return request.full_path.rstrip("?") if path == request.path else path or "/"


def local_path(path: str, otherwise: str) -> str:
    """``path`` when it surely stays on this site, else ``otherwise``: no link of ours leads elsewhere."""
    stays = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if stays else otherwise

"""Public pages in which nothing is personal, kept for as long as what they show is true.

A page is made from the content, the places taken, the time and the visitor's language. It is shown again while the
content is the same, as many people have and want places as when it was made (one query asks, each time), and the
moment has not come at which something opens, closes or ends. Whoever carries a session is answered afresh.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import request
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.http import parse_cookie, parse_etags

from portal import logs
from portal.content.event import Event
from portal.domain import places, taken
from portal.web import watch
from portal.web.extensions import Portal, now
from portal.web.languages import cookie_name
from portal.web.shelf import Recipe, Shelf
from portal.web.wire import Body

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

RECIPE, VERSION = "portal.kept", "portal.version"

Headers = list[tuple[str, str]]


def recipe(events: Iterable[Event], slug: str | None = None, counted: Sequence[Any] = ()) -> Recipe:
    """That of a page which this request makes from these events, and what ``taken.counted`` gave for ``slug``; from no
    counts where the page has holes for what is said of places."""
    moments = [moment for event in events if (moment := places.next_change(event, now()))]
    version = request.environ[VERSION]
    return Recipe(str(request.url_rule), version, slug, counted, now(), min(moments, default=None))


def may_show(made_by: Recipe) -> bool:
    """Whether what was made by this recipe is true for this request, if the places are."""
    return made_by.may_hold(request.environ[VERSION], now())


def keep(events: Iterable[Event], slug: str | None, counted: Sequence[Any]) -> None:
    """Say of this request's page that nothing in it is personal, and what it is made from, as for ``recipe``."""
    request.environ[RECIPE] = recipe(events, slug, counted)


@dataclass(frozen=True)
class Page:
    """An answer that may be given again."""

    recipe: Recipe
    headers: Headers
    body: Body


class Kept:
    """A WSGI application that answers with pages that ``inner`` made before, as long as they are true."""

    def __init__(self, inner: "WSGIApplication", portal: Portal, engine: Engine, session_cookie: str) -> None:
        self._inner, self._portal, self._engine = inner, portal, engine
        self._session_cookie, self._language_cookie = session_cookie, cookie_name(portal.settings.secure)
        self._pages: Shelf[Page] = Shelf()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        # Before anything of it is read: what changes meanwhile makes a page too old, never too new.
        environ[VERSION] = version = self._portal.catalogue.snapshot.version
        key = self._key(environ)
        if key is None:
            return self._inner(environ, start_response)
        began = time.perf_counter()
        page = self._pages.get(key)
        if page is not None and self._is_true(page.recipe, version):
            number = watch.number_of(environ.get("HTTP_X_REQUEST_ID", ""), self._portal.settings)
            logs.request_id.set(number)
            status, body = _answer(page, number, environ, start_response)
            watch.answered(page.recipe.route, "GET", status, time.perf_counter() - began)
            logs.request_id.set("")
            return body
        return self._made(key, environ, start_response)

    def _key(self, environ: "WSGIEnvironment") -> tuple[str, ...] | None:
        """What decides on a page beside its recipe; None for a request that has to be answered afresh."""
        if environ["REQUEST_METHOD"] != "GET" or environ.get("QUERY_STRING"):
            return None
        chosen = ""
        if sent := environ.get("HTTP_COOKIE"):
            cookies = parse_cookie(sent)
            if self._session_cookie in cookies:
                return None
            chosen = cookies.get(self._language_cookie, "")
        return (environ["PATH_INFO"], chosen, environ.get("HTTP_ACCEPT_LANGUAGE", ""))

    def _is_true(self, recipe: Recipe, version: int) -> bool:
        if not recipe.may_hold(version, self._portal.clock()):
            return False
        try:
            with self._engine.connect() as connection:
                return taken.counted(connection, recipe.slug) == recipe.counted
        except SQLAlchemyError:
            return False

    def _made(
        self,
        key: tuple[str, ...],
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
    ) -> Iterable[bytes]:
        """The answer of ``inner``, kept when it says that it may be."""
        started: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
            started.append((status, headers))
            return start_response(status, headers, exc_info) if RECIPE not in environ else _no_write

        answer = self._inner(environ, start)
        recipe: Recipe | None = environ.get(RECIPE)
        if recipe is None:
            return answer
        try:
            text = b"".join(answer)
        finally:
            if close := getattr(answer, "close", None):
                close()
        status, headers = started[-1]
        if not status.startswith("200") or any(name.lower() == "set-cookie" for name, _value in headers):
            start_response(status, headers)
            return [text]
        number = dict(headers)[watch.HEADER]
        own = [(name, value) for name, value in headers if name not in ("Content-Length", watch.HEADER)]
        page = Page(recipe, own, Body(text))
        self._pages.put(key, page)
        return _answer(page, number, environ, start_response)[1]


def _answer(
    page: Page, number: str, environ: "WSGIEnvironment", start_response: "StartResponse"
) -> tuple[int, list[bytes]]:
    tag = f'W/"{page.body.digest}"'
    if (known := environ.get("HTTP_IF_NONE_MATCH")) and parse_etags(known).contains_weak(page.body.digest):
        start_response(_line(HTTPStatus.NOT_MODIFIED), [*page.headers, ("ETag", tag), (watch.HEADER, number)])
        return HTTPStatus.NOT_MODIFIED, []
    body, coding = page.body.as_asked(environ.get("HTTP_ACCEPT_ENCODING", ""))
    coded = [("Content-Encoding", coding)] if coding else []
    about = [
        (watch.HEADER, number),
        ("ETag", tag),
        ("Vary", "Accept-Encoding"),
        ("Content-Length", str(len(body))),
    ]
    start_response(_line(HTTPStatus.OK), [*page.headers, *coded, *about])
    return HTTPStatus.OK, [body]


def _line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"


def _no_write(_data: bytes) -> object:
    raise RuntimeError("pages are returned, not written (PEP 3333)")

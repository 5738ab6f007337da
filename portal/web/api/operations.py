"""What can be asked of the API. An operation is declared once, at its view: from that come its route, the reading of
its query, its answer, its limits, and its part of the OpenAPI description."""

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, request

from portal.web.api import bearer, shapes
from portal.web.extensions import limiter, portal
from portal.web.problems import problem

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")

PER_CLIENT, PER_TOKEN, WRONG_TOKENS = "300 per minute", "120 per minute", "30 per 15 minutes"
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""What lets the scripts of any site read an answer."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    # Not Authorization: no script of another site has a token to send.
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}

View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """Something that can be asked. ``scope``: of the token that it takes; empty for what anybody may ask."""

    path: str
    view: View
    answers: Any
    query: type | None
    scope: str
    media: str

    @property
    def about(self) -> tuple[str, str]:
        """What it gives: in a line, and all that is to be known."""
        line, _, more = (self.view.__doc__ or "").partition("\n\n")
        return " ".join(line.split()), " ".join(more.split())

    @property
    def errors(self) -> tuple[int, ...]:
        """With which statuses it may refuse, or fail."""
        one_event = (404,) if "<" in self.path else ()
        return (*((400,) if self.query else ()), 401, *((403,) if self.scope else ()), *one_event, 429, 503)


@dataclass(frozen=True)
class Found:
    """An answer, with the addresses of what is next to it (RFC 8288)."""

    value: Any
    links: dict[str, str]


OPERATIONS: list[Operation] = []


def operation(
    path: str, *, answers: Any, query: type | None = None, scope: str = "", media: str = "application/json"
) -> Callable[[View], View]:
    """Declare a view as an operation: it takes the query as a value of the type ``query`` and the parts of the path,
    and gives a value of the type ``answers``, or a whole Response."""

    def declare(view: View) -> View:
        @functools.wraps(view)
        def ask(**parts: str) -> Response:
            if scope:
                bearer.require(scope)
            else:
                bearer.bearer()
            asked = [] if query is None else [_query(query)]
            found = view(*asked, **parts)
            return found if isinstance(found, Response) else answer(found)

        OPERATIONS.append(Operation(path, view, answers, query, scope, media))
        blueprint.get(path, endpoint=view.__name__)(limited(ask))
        return view

    return declare


def limited(view: View) -> View:
    """A view that each client, each token, and each client with wrong tokens, may ask only so often."""
    anonymous: dict[str, Any] = {"exempt_when": lambda: not bearer.is_private()}
    view = limiter.limit(PER_TOKEN, key_func=bearer.presented, **anonymous)(view)
    view = limiter.limit(WRONG_TOKENS, deduct_when=lambda said: said.status_code == 401, **anonymous)(view)
    limited_view: View = limiter.limit(PER_CLIENT)(view)
    return limited_view


def answer(found: Any) -> Response:
    """A value as JSON, with a tag: who has it already gets 304."""
    value, links = (found.value, found.links) if isinstance(found, Found) else (found, {})
    said = Response(
        json.dumps(shapes.as_json(value), ensure_ascii=False) + "\n", content_type="application/json"
    )
    if links:
        said.headers["Link"] = ", ".join(f'<{url}>; rel="{name}"' for name, url in links.items())
    said.add_etag()
    said.cache_control.no_cache = True
    said.make_conditional(request)
    return said


def here(**changes: Any) -> str:
    """The address of this request with another query, as the outside knows it; None leaves a parameter out."""
    query = {name: value for name, value in (request.args.to_dict() | changes).items() if value is not None}
    return portal().settings.base_url + request.path + (f"?{urlencode(query)}" if query else "")


@blueprint.after_request
def who_may_read(said: Response) -> Response:
    """Anybody's script what is public; with a token, or where one is needed, nobody else and nothing that keeps it."""
    said.vary.add("Authorization")
    if bearer.is_private() or request.endpoint in _private():
        said.headers["Cache-Control"] = "no-store"
        return said
    said.headers.update(OPEN)
    if request.method == "OPTIONS":
        said.headers.update(PREFLIGHT)
    return said


def _private() -> set[str]:
    return {f"{blueprint.name}.{one.view.__name__}" for one in OPERATIONS if one.scope}


def _query(kind: type) -> Any:
    try:
        return shapes.read(kind, request.args)
    except shapes.Unreadable as wrong:
        abort(problem(400, wrong.what, wrong.mend))

"""What machines ask: whether the portal is alive, whether it can serve, and the style sheets and the scripts."""

import hmac
import ipaddress
from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, request
from sqlalchemy.exc import SQLAlchemyError

from portal.storage.migrate import is_current
from portal.web import meters, scripts
from portal.web.extensions import db, limiter, now, portal
from portal.web.stylesheet import by_digest
from portal.web.wire import Body

blueprint = Blueprint("ops", __name__)
limiter.exempt(blueprint)

FOR_EVER = timedelta(days=365)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Able to serve, and if not, which part is not."""
    try:
        tables = "ready" if is_current(db.engine) else "not this version's: portal db upgrade"
        database = "ready"
    except SQLAlchemyError:
        database, tables = "does not answer", "unknown"
    worker = current_app.extensions.get("worker")
    parts = {
        "database": database,
        "tables": tables,
        # Another server than `portal serve` has none, and no letter waits for it.
        "worker": "none here" if worker is None else "ready" if worker.is_alive() else "not at work",
    }
    ready = all(state in ("ready", "none here") for state in parts.values())
    lines = ["ready" if ready else "not ready", *(f"{part}: {state}" for part, state in parts.items())]
    text = "".join(f"{line}\n" for line in lines)
    return Response(text, content_type="text/plain; charset=utf-8"), 200 if ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """What monitoring reads; for who has the token, and without one for who sits at a machine that serves nobody else.

    Behind a reverse proxy on the same machine everybody comes from this machine, so that alone proves nothing.
    """
    settings = portal().settings
    if settings.metrics_token:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(sent.encode(), settings.metrics_token.encode()):
            return Response(
                "PORTAL_METRICS_TOKEN\n",
                401,
                {"WWW-Authenticate": "Bearer"},
                content_type="text/plain; charset=utf-8",
            )
    elif not (_is_here(urlsplit(settings.base_url).hostname) and _is_here(request.remote_addr)):
        abort(404)
    text = meters.exposition(db.session(), portal().catalogue.snapshot.events, now())
    return Response(text, content_type="text/plain; version=0.0.4; charset=utf-8")


def _is_here(host: str | None) -> bool:
    """Whether this is an address of the machine itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


@blueprint.get("/style-<digest>.css")
def style(digest: str) -> Response:
    """A style sheet; its address changes with its content, so it may be kept for ever."""
    sheet = by_digest(digest)
    if sheet is None:
        abort(404)
    return _for_ever(sheet, "text/css; charset=utf-8")


@blueprint.get("/script-<digest>/<path:name>.js")
def script(digest: str, name: str) -> Response:
    """A script module; its address changes with the content of any of them, so it may be kept for ever."""
    module = scripts.script(name)
    if module is None or digest != scripts.digest():
        abort(404)
    return _for_ever(module, "text/javascript; charset=utf-8")


def _for_ever(file: Body, content_type: str) -> Response:
    """A file whose address tells its content."""
    sent, coding = file.as_asked(request.headers.get("Accept-Encoding", ""))
    answer = Response(sent, content_type=content_type)
    if coding:
        answer.content_encoding = coding
    answer.vary.add("Accept-Encoding")
    answer.cache_control.public = True
    answer.cache_control.max_age = int(FOR_EVER.total_seconds())
    answer.cache_control.immutable = True
    return answer

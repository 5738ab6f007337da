"""What machines ask: whether the portal is alive, whether it can serve, and the style sheets and the scripts."""

from datetime import timedelta

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError

from portal.storage.migrate import is_current
from portal.web import scripts
from portal.web.extensions import db, limiter
from portal.web.stylesheet import by_digest

blueprint = Blueprint("ops", __name__)
limiter.exempt(blueprint)

FOR_EVER = timedelta(days=365)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return Response("ok\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Able to serve: the database answers and has this version's tables."""
    try:
        ready = is_current(db.engine)
    except SQLAlchemyError:
        ready = False
    return Response(
        "ready\n" if ready else "not ready\n", content_type="text/plain; charset=utf-8"
    ), 200 if ready else 503


@blueprint.get("/style-<digest>.css")
def style(digest: str) -> Response:
    """A style sheet; its address changes with its content, so it may be kept for ever."""
    sheet = by_digest(digest)
    if sheet is None:
        abort(404)
    return _for_ever(sheet.text, sheet.gzip, "text/css; charset=utf-8")


@blueprint.get("/script-<digest>/<path:name>.js")
def script(digest: str, name: str) -> Response:
    """A script module; its address changes with the content of any of them, so it may be kept for ever."""
    module = scripts.script(name)
    if module is None or digest != scripts.digest():
        abort(404)
    return _for_ever(module.text, module.gzip, "text/javascript; charset=utf-8")


def _for_ever(text: bytes, zipped: bytes, content_type: str) -> Response:
    """A file whose address tells its content."""
    zips = request.accept_encodings["gzip"] > 0
    answer = Response(zipped if zips else text, content_type=content_type)
    if zips:
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.cache_control.public = True
    answer.cache_control.max_age = int(FOR_EVER.total_seconds())
    answer.cache_control.immutable = True
    return answer

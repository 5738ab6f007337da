"""What machines ask: whether the portal is alive, whether it can serve, and the style sheet."""

from datetime import timedelta

from flask import Blueprint, Response, abort, request
from sqlalchemy.exc import SQLAlchemyError

from portal.storage.migrate import is_current
from portal.web.extensions import db, limiter
from portal.web.stylesheet import stylesheet

blueprint = Blueprint("ops", __name__)
limiter.exempt(blueprint)

FOR_EVER = timedelta(days=365)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive."""
    return Response("ok\n", content_type="text/plain")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Able to serve: the database answers and has this version's tables."""
    try:
        ready = is_current(db.engine)
    except SQLAlchemyError:
        ready = False
    return Response("ready\n" if ready else "not ready\n", content_type="text/plain"), 200 if ready else 503


@blueprint.get("/style-<digest>.css")
def style(digest: str) -> Response:
    """The style sheet; its address changes with its content, so it may be kept for ever."""
    sheet = stylesheet()
    if digest != sheet.digest:
        abort(404)
    zipped = request.accept_encodings["gzip"] > 0
    answer = Response(sheet.gzip if zipped else sheet.text, content_type="text/css; charset=utf-8")
    if zipped:
        answer.content_encoding = "gzip"
    answer.vary.add("Accept-Encoding")
    answer.cache_control.public = True
    answer.cache_control.max_age = int(FOR_EVER.total_seconds())
    answer.cache_control.immutable = True
    return answer

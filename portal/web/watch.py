"""Each request watched: its number, its line in the log, and what is counted of it."""

import logging
import re
import secrets
import time

from flask import Flask, g, request
from werkzeug.wrappers import Response

from portal import logs
from portal.web import meters
from portal.web.extensions import portal

HEADER = "X-Request-ID"
HARMLESS = re.compile(r"[A-Za-z0-9_-]{8,64}")
access = logging.getLogger(logs.ACCESS)


def init_app(app: Flask) -> None:
    """Watch every request to ``app``. Registered first, it sees each answer last, as it leaves."""

    @app.before_request
    def begin() -> None:
        g.began = time.perf_counter()
        logs.request_id.set(_number())

    @app.after_request
    def end(answer: Response) -> Response:
        took = time.perf_counter() - g.began
        answer.headers[HEADER] = logs.request_id.get()
        # The rule, never the path: a path can be a key.
        route = request.url_rule.rule if request.url_rule else "none"
        meters.answered(route, request.method, answer.status_code, took)
        fields = {
            "route": route,
            "method": request.method,
            "status": answer.status_code,
            "ms": round(took * 1000, 1),
        }
        access.info("%s %s %d", request.method, route, answer.status_code, extra={"fields": fields})
        return answer

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        # The thread answers others after us.
        logs.request_id.set("")


def _number() -> str:
    """The one that a trusted proxy gave, else a new one; what strangers send would only mislead who reads the log."""
    sent = request.headers.get(HEADER, "")
    trusted = portal().settings.proxy_hops > 0 and HARMLESS.fullmatch(sent)
    return sent if trusted else secrets.token_hex(8)

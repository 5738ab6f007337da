"""Each request watched: its number, its line in the log, and what is counted of it."""

import logging
import re
import secrets
import time

from flask import Flask, g, request
from werkzeug.wrappers import Response

from portal import logs
from portal.settings import Settings
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
        logs.request_id.set(number_of(request.headers.get(HEADER, ""), portal().settings))

    @app.after_request
    def end(answer: Response) -> Response:
        took = time.perf_counter() - g.began
        answer.headers[HEADER] = logs.request_id.get()
        # The rule, never the path: a path can be a key.
        answered(
            request.url_rule.rule if request.url_rule else "none", request.method, answer.status_code, took
        )
        return answer

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        # The thread answers others after us.
        logs.request_id.set("")


def number_of(sent: str, settings: Settings) -> str:
    """The number that a trusted proxy gave, else a new one; what strangers send would mislead who reads the log."""
    return sent if settings.proxy_hops > 0 and HARMLESS.fullmatch(sent) else secrets.token_hex(8)


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answer, and write its line in the log."""
    meters.answered(route, method, status, seconds)
    fields = {"route": route, "method": method, "status": status, "ms": round(seconds * 1000, 1)}
    access.info("%s %s %d", method, route, status, extra={"fields": fields})

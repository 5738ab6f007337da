"""The headers that every answer carries."""

from flask import Flask, request, session
from werkzeug.wrappers import Response

from portal.web.extensions import portal

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
WITH_SCRIPTS = f"{CONTENT_SECURITY_POLICY}; script-src 'self'; connect-src 'self'"
"""For the pages that run scripts of our own."""
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Nobody else learns which of our pages somebody was on.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
TWO_YEARS = 63_072_000
PRIVATE = ("/admin", "/registrations/")


def init_app(app: Flask) -> None:
    """Give every answer of ``app`` its headers; a view that sets one itself keeps it."""

    @app.after_request
    def secure(answer: Response) -> Response:
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if portal().settings.secure:
            answer.headers.setdefault("Strict-Transport-Security", f"max-age={TWO_YEARS}")
        if request.path.startswith(PRIVATE) or (answer.mimetype == "text/html" and _is_personal(app)):
            answer.headers["Cache-Control"] = "no-store"
        elif answer.mimetype == "text/html":
            answer.headers.setdefault("Cache-Control", "no-cache")
            answer.vary.update(("Cookie", "Accept-Language"))
        return answer


def _is_personal(app: Flask) -> bool:
    """Whether the answer is, or may be, for this visitor alone."""
    return (
        request.method == "POST" or app.config["SESSION_COOKIE_NAME"] in request.cookies or session.modified
    )

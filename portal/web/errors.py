"""Each refusal and each failure: one status and one page, or what a program is told, decided here and nowhere else."""

from flask import Flask, current_app, g, make_response, render_template, request
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from portal import logs
from portal.domain import places, taken
from portal.domain.errors import SignupRefused
from portal.i18n import gettext as _
from portal.web import meters, problems
from portal.web.extensions import db, now, portal
from portal.web.languages import speak

RETRY_AFTER = 10
"""Seconds after which a database that was locked, full or away is worth another try."""

COUNTS_ONCE = {"signup", "embed", "registration"}
"""Whose forms may be sent again without a thought, and hold nothing that a page may not show."""


def init_app(app: Flask) -> None:
    """Answer what goes wrong in ``app`` with pages that lead on."""
    app.register_error_handler(SignupRefused, signup_refused)
    app.register_error_handler(CSRFError, stale_token)
    app.register_error_handler(HTTPException, http_error)
    for fault in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(fault, no_database)
    app.register_error_handler(Exception, failure)


def signup_refused(refusal: SignupRefused) -> tuple[str, int]:
    """409: why nobody can sign up, and what can be done."""
    if request.method == "POST":
        meters.signed_up(refusal.kind)
    event = portal().catalogue.snapshot.events[(request.view_args or {})["slug"]]
    speak(event.language)
    availability = places.availability(event, taken.of_event(db.session(), event.slug), now())
    page = render_template("signup/refused.html", event=event, availability=availability, refusal=refusal)
    return page, 409


def stale_token(_error: CSRFError) -> Response:
    """400: a form that was not given out by us, or too long ago."""
    return _page(
        400,
        _("This page was open for too long"),
        _(
            "For your safety the form is only valid for a while. Go back, load the page again and send it once more."
        ),
    )


def http_error(error: HTTPException) -> Response:
    """Any other answer that HTTP has a number for."""
    if error.code is None or error.code < 400:
        return error.get_response()
    title, explanation = _words(error.code)
    answer = _page(error.code, title, explanation, retry_after=_retry_after(error))
    for name, value in error.get_headers(request.environ):
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


def no_database(error: SQLAlchemyError) -> Response:
    """503: the database is locked, full or away. What was typed is on the page, to be sent again.

    Nobody can tell whether the transaction was kept when the connection broke in its commit; the number in the
    form sees to it that it counts once.
    """
    current_app.logger.error("the database did not serve a request: %s", logs.reason(error))
    db.session().invalidate()  # a broken connection cannot even be rolled back
    g.sign_in = None  # the page must not ask the database who looks at it
    if problems.asked_by_program():
        told = problems.problem(503)
        told.headers["Retry-After"] = str(RETRY_AFTER)
        return told
    sent = request.method == "POST" and request.blueprint in COUNTS_ONCE
    again = list(request.form.items(multi=True)) if sent else []
    answer = make_response(
        render_template("errors/no_database.html", again=again, number=logs.request_id.get()), 503
    )
    answer.headers["Retry-After"] = str(RETRY_AFTER)
    answer.cache_control.no_store = True
    return answer


def failure(error: Exception) -> Response:
    """500: our own fault; the log has it, the page says nothing of it."""
    current_app.logger.error("a request failed", exc_info=error)
    db.session.rollback()
    title, explanation = _words(500)
    return _page(500, title, explanation)


def _page(code: int, title: str, explanation: str, retry_after: int | None = None) -> Response:
    if problems.asked_by_program():
        answer = problems.problem(code)
    else:
        page = render_template(
            "errors/error.html",
            title=title,
            explanation=explanation,
            retry_after=retry_after,
            # With this one our failure is found in the log.
            number=logs.request_id.get() if code >= 500 else code,
        )
        answer = make_response(page, code)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def _retry_after(error: HTTPException) -> int | None:
    """Seconds until the limit lets through again."""
    if isinstance(error, RateLimitExceeded) and error.limit is not None:
        return int(error.limit.limit.get_expiry())
    return None


def _words(code: int) -> tuple[str, str]:
    known = {
        400: (
            _("That could not be read"),
            _("Something in the request was not as expected. Go back and try again."),
        ),
        403: (
            _("This is not for your account"),
            _("Ask an owner of this portal if you need to see this page."),
        ),
        404: (
            _("This page does not exist"),
            _("The link may be old, or a letter went missing while copying it."),
        ),
        405: (_("This page cannot be used like that"), _("Go back and use the buttons on the page.")),
        413: (
            _("That is too much at once"),
            _("The form was larger than we accept. Go back and shorten what you typed."),
        ),
        429: (
            _("Too many tries"),
            _("To keep everybody's data safe we let only so many through. Wait a moment and try again."),
        ),
        500: (
            _("Something went wrong on our side"),
            _("It was written down and will be looked at. Try again in a moment."),
        ),
    }
    return known.get(code, known[400] if code < 500 else known[500])

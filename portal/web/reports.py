"""Errors told to a server that speaks Sentry's protocol, when there is one; nothing about people goes there."""

import logging
from typing import TYPE_CHECKING, Any

from flask import Flask, has_request_context, request

from portal import __version__, logs
from portal.settings import SettingError

if TYPE_CHECKING:
    from sentry_sdk.types import Event, Hint

VARIABLE = "PORTAL_SENTRY_DSN"


def init_app(app: Flask) -> None:
    """Report what is logged as an error. Raises SettingError when the library is not there, or does not know the
    address for one of its own."""
    dsn = app.extensions["portal"].settings.sentry_dsn
    if not dsn:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.utils import BadDsn
    except ImportError:
        raise SettingError(
            VARIABLE, "takes effect only with the extra: pip install 'portal[sentry]'"
        ) from None
    try:
        sentry_sdk.init(
            dsn,
            release=__version__,
            send_default_pii=False,
            # What was typed stands in variables, headers, addresses and lines of before: none of these go along.
            include_local_variables=False,
            max_breadcrumbs=0,
            default_integrations=False,
            integrations=[
                LoggingIntegration(level=None, event_level=logging.ERROR),
                AtexitIntegration(callback=lambda _pending, _timeout: None),
            ],
            # It would start a thread, before the processes are made.
            auto_session_tracking=False,
            before_send=_without_people,
        )
    except BadDsn:
        raise SettingError(VARIABLE, "takes the address that Sentry gives, https://KEY@HOST/NUMBER") from None


def _without_people(event: "Event", hint: "Hint") -> "Event":
    """The last look at a report: no words that may be a person's, and where it happened only by the route."""
    told = event.get("logentry") or {}
    event["logentry"] = {"message": logs.scrubbed(str(told.get("formatted") or told.get("message") or ""))}
    for kept in ("request", "user", "extra", "breadcrumbs"):
        event.pop(kept, None)  # type: ignore[misc]  # a key of it
    reasons = {type(error).__name__: logs.reason(error) for error in _chain(hint.get("exc_info"))}
    for one in (event.get("exception") or {}).get("values", []):
        one["value"] = reasons.get(one.get("type", ""), "")
    tags = {"request": logs.request_id.get()}
    if has_request_context():
        tags["route"] = request.url_rule.rule if request.url_rule else "none"
    event["tags"] = tags
    return event


def _chain(exc_info: Any) -> list[BaseException]:
    error, found = exc_info[1] if exc_info else None, []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found

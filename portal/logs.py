"""The log: what a sysadmin reads of a portal that runs, as text or as JSON, and nothing about people.

Whatever is logged, by us or by a library, goes through one handler. It writes what went wrong and where, never the
words of an error that may repeat what somebody typed; and it takes out what looks like an address or like the key
in a link, should a library write one.
"""

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The number of the request that is being answered; empty outside of one."""

ACCESS = "portal.access"
"""The logger with one line for each request; its records have ``fields``."""

ADDRESS = re.compile(r"[^\s@<>\"'(),:;/]+@[^\s@<>\"'(),:;/]+")
KEY = re.compile(r"(?<=/)[\w.~=-]{24,}")
OF_THE_DATABASE = {
    "OperationalError",
    "InterfaceError",
    "IntegrityError",
    "ProgrammingError",
    "InternalError",
}
"""Errors (PEP 249) whose first line names tables, constraints and servers; of a DataError it repeats values."""
OF_THE_CODE = (AttributeError, ImportError, NameError, TypeError)

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(form: Literal["text", "json"], stream: TextIO | None = None) -> None:
    """From now on this process logs in that form, to standard error when there is no ``stream``.

    May be called again; handlers of others on the root logger go.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # The web server in front has a line for each request; in JSON they are ours, since only we know the route.
    logging.getLogger(ACCESS).setLevel(logging.INFO if form == "json" else logging.WARNING)
    logging.captureWarnings(capture=True)


def reason(error: BaseException) -> str:
    """An error in one line: its kind, and its words where these cannot be what somebody typed."""
    kind = type(error).__name__
    words = ""
    if isinstance(error, OSError):
        words = error.strerror or ""
    elif isinstance(error, OF_THE_CODE):
        words = str(error)
    elif OF_THE_DATABASE & {one.__name__ for one in type(error).__mro__}:
        words = str(getattr(error, "orig", None) or error)
    line = words.strip().partition("\n")[0]
    return scrubbed(f"{kind}: {line}" if line else kind)


def scrubbed(text: str) -> str:
    """Without e-mail addresses, and without the last parts of links that open something."""
    return KEY.sub("…", ADDRESS.sub("…@…", text))


class _Formatter(logging.Formatter):
    def message(self, record: logging.LogRecord) -> str:
        return scrubbed(record.getMessage())

    def formatException(self, ei: ErrorInfo) -> str:  # noqa: N802  # logging's own
        """Where it happened, and only ``reason`` of the errors themselves."""
        lines, error = [], ei[1]
        while error is not None:
            frames = "".join(traceback.format_list(traceback.extract_tb(error.__traceback__)))
            lines.append(f"{frames}{reason(error)}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n\ncaused by\n\n".join(lines)

    def at(self, record: logging.LogRecord) -> str:
        """In UTC, as ISO 8601 with milliseconds."""
        at = datetime.fromtimestamp(record.created, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class _Text(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = f"{self.at(record)} {record.levelname} {record.name}: {self.message(record)}"
        if number := request_id.get():
            line += f" [request {number}]"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class _Json(_Formatter):
    def format(self, record: logging.LogRecord) -> str:
        written: dict[str, Any] = {
            "time": self.at(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
        }
        if number := request_id.get():
            written["request"] = number
        written |= getattr(record, "fields", {})
        if record.exc_info:
            written["error"] = self.formatException(record.exc_info)
        return json.dumps(written, ensure_ascii=False)

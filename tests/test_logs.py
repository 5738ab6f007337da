"""The log: it tells a sysadmin what went wrong, and nobody who it was about."""

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import psycopg
import pytest

from portal import logs
from tests.support.portal import PortalUnderTest

TYPED = "emma@school.example"
TOKEN = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy"


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, put back as it was."""
    log = logging.getLogger()
    handlers, level = list(log.handlers), log.level
    yield log
    log.handlers[:], log.level = handlers, level
    logging.captureWarnings(capture=False)


def logged(root: logging.Logger, form: str, write: Callable[[logging.Logger], None]) -> str:
    stream = io.StringIO()
    logs.configure(form, stream)  # type: ignore[arg-type]
    write(logging.getLogger("portal.test"))
    return stream.getvalue()


def fails(typed: str) -> None:
    raise ValueError(f"{typed} cannot be read")


def failing(log: logging.Logger) -> None:
    try:
        fails(TYPED)
    except ValueError:
        log.exception("a pass failed for %s", TYPED)


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_error_says_where_it_was_and_not_what_was_typed(root: logging.Logger, form: str) -> None:
    said = logged(root, form, failing)
    assert "in fails" in said
    assert "ValueError" in said
    assert "a pass failed for …@…" in said
    assert not re.search("emma|school.example", said, re.IGNORECASE)


def test_json_is_one_object_a_line_with_its_time_in_utc(root: logging.Logger) -> None:
    said = logged(root, "json", lambda log: log.warning("two\nlines of %s", f"/registrations/{TOKEN}/cancel"))
    assert said.count("\n") == 1
    line = json.loads(said)
    assert line.keys() == {"time", "level", "logger", "message"}
    assert (line["level"], line["logger"]) == ("warning", "portal.test")
    assert line["message"] == "two\nlines of /registrations/…/cancel"
    assert datetime.fromisoformat(line["time"]).utcoffset() == timedelta()


def test_text_is_for_reading_and_leaves_the_requests_to_the_web_server_in_front(root: logging.Logger) -> None:
    said = logged(root, "text", lambda log: log.warning("mail does not leave: %s", "OSError"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z WARNING portal.test: mail does not leave: OSError\n", said)
    assert not logged(root, "text", lambda _log: logging.getLogger(logs.ACCESS).info("GET /"))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "/home/emma"), "OSError: No space left on device"),
        (psycopg.errors.UniqueViolation('violates "uq"\nDETAIL: (emma)'), 'UniqueViolation: violates "uq"'),
        (psycopg.errors.InvalidTextRepresentation('for type integer: "Emma"'), "InvalidTextRepresentation"),
        (KeyError("Emma"), "KeyError"),
        (AttributeError("'None' has no attribute 'x'"), "AttributeError: 'None' has no attribute 'x'"),
    ],
)
def test_of_an_error_only_those_words_are_kept_that_nobody_typed(error: Exception, said: str) -> None:
    assert logs.reason(error) == said


ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@ONLY_SQLITE
def test_the_number_of_a_request_comes_back_and_only_a_proxy_may_choose_it(
    make_portal: Callable[..., PortalUnderTest],
) -> None:
    alone, behind = make_portal().visitor(), make_portal(proxy_hops=1).visitor()

    def number(visitor: object, sent: str) -> str:
        return str(visitor.get("/", headers={"X-Request-ID": sent}).headers["X-Request-ID"])  # type: ignore[attr-defined]

    assert number(alone, "chosen-by-somebody") != "chosen-by-somebody"
    assert number(behind, "chosen-by-the-proxy") == "chosen-by-the-proxy"
    for harmful in ("short", "x" * 65, "has a space", "{}[]\x7f<b>bold</b>"):
        assert re.fullmatch("[0-9a-f]{16}", number(behind, harmful))
    assert len({number(alone, "") for _ in range(9)}) == 9
    assert not logs.request_id.get()


def test_stderr_is_where_it_goes(root: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text", sys.stderr)
    logging.getLogger("portal").warning("x")
    assert capsys.readouterr().err.endswith("x\n")

"""What the measures and checks of a developer say when things go wrong: never that all is well."""

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from scripts.audit import SKIPPED, judge
from scripts.bench.load import Connection
from scripts.bench.memory import portals_memory
from scripts.soak import opening
from scripts.soak.mixed import Day
from tests.support.ports import free_port

NOBODY = f"http://127.0.0.1:{free_port()}"


def answered(answer: bytes) -> bytes:
    """The body that a connection reads from a server that says this, and goes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def say() -> None:
            client, _address = server.accept()
            with client:
                client.recv(65_536)
                client.sendall(answer)

        saying = threading.Thread(target=say)
        saying.start()
        connection = Connection(f"http://127.0.0.1:{server.getsockname()[1]}")
        try:
            return connection.get("/")
        finally:
            connection.close()
            saying.join()


def test_a_whole_answer_is_read() -> None:
    assert answered(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi") == b"hi"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\n\r\nhi",
        b"HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nhi",
    ],
)
def test_an_answer_that_is_not_whole_is_none(answer: bytes) -> None:
    with pytest.raises(OSError, match=r".+"):
        answered(answer)


def test_a_portal_that_is_not_seen_has_no_memory_that_could_be_little() -> None:
    with pytest.raises(RuntimeError, match=NOBODY):
        portals_memory(NOBODY)


def test_an_opening_at_which_nobody_got_the_form_broke_its_promises() -> None:
    assert opening.compare(opening.Told(opened=[(0, 60.0)])) == [
        "form: answers [0]",
        "form: somebody waited 60.0 s",
        "answer: nobody came so far",
        "0 were told that they have a place",
    ]


def test_who_is_never_answered_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "PATIENCE", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        # In a thread of its own: the browser's tests leave a loop in theirs.
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(lambda: asyncio.run(opening._ask(url, "GET", "", "")))
        assert asked.result() == (0, "", "")


def test_a_day_goes_on_when_no_form_comes() -> None:
    assert Day(NOBODY)._sign_up("event-1", 1) == [0]


def test_holes_are_told_with_their_mend_and_what_nobody_looked_up_is_named() -> None:
    sound = {"name": "flask", "version": "3.1", "vulns": []}
    holey = {"name": "jinja", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
    unknown = {"name": "ours", "skip_reason": "not found"}
    assert judge(json.dumps({"dependencies": [sound, holey]}), "") == (1, "jinja 1: CVE-1, mended in 2")
    assert judge(json.dumps({"dependencies": [sound, unknown]}), "") == (
        0,
        "known holes: none in 1 packages; the registry does not know ours",
    )
    assert judge(json.dumps({"dependencies": [unknown]}), "") == (0, SKIPPED)


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("WARNING:x\nERROR:pip_audit._cli:Could not connect to PyPI's feed\nERROR:Tip: ...\n", (0, SKIPPED)),
        ("Traceback:\nrequests.exceptions.ProxyError: no", (0, SKIPPED)),
        ("WARNING:x\nERROR:invalid requirements input: x", (1, "ERROR:invalid requirements input: x")),
        ("", (1, "pip-audit says nothing")),
    ],
)
def test_an_audit_that_failed_is_skipped_only_where_no_registry_answers(
    errors: str, said: tuple[int, str]
) -> None:
    assert judge("", errors) == said

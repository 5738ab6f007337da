"""Clients that say nothing, or their request byte by byte, in a number that no pool of threads would hold."""

import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from portal.buffered import LONGEST, OPEN_END, STALLED_SECONDS, Gathered, length_of
from portal.server import THREADS
from tests.support import live
from tests.support.live import serve_portal

SLOW = {
    "silent": b"",
    "half a head": b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
    "half a body": (
        b"POST /registrations/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail="
    ),
}
EACH = 30


def test_slow_clients_keep_nobody_waiting(tmp_path: Path) -> None:
    with ExitStack() as held:
        portal = held.enter_context(serve_portal(tmp_path, arguments=("--workers", "1")))
        host, port = portal.url.removeprefix("http://").split(":")
        for begun in SLOW.values():
            for _ in range(EACH):
                client = held.enter_context(socket.create_connection((host, int(port))))
                client.sendall(begun)
        with urlopen(f"{portal.url}/healthz", timeout=5) as answer:  # noqa: S310
            assert answer.status == 200
        # Whoever is slow and honest is answered too, once all is there.
        client.sendall(b"x" * 94)
        client.settimeout(20)
        assert client.recv(12) == b"HTTP/1.1 400"


def test_a_long_request_and_one_in_chunks_are_answered(tmp_path: Path) -> None:
    with serve_portal(tmp_path, arguments=("--workers", "1")) as portal:
        host, port = portal.url.removeprefix("http://").split(":")
        for head, body in (
            (f"Content-Length: {4 * LONGEST}", b"x" * 4 * LONGEST),
            ("Transfer-Encoding: chunked", b"5\r\nemail\r\n0\r\n\r\n"),
        ):
            with socket.create_connection((host, int(port)), timeout=20) as client:
                client.sendall(
                    f"POST /registrations/ HTTP/1.1\r\nHost: {host}\r\n{head}\r\n\r\n".encode() + body
                )
                assert client.recv(13) == b"HTTP/1.1 400 "


@pytest.mark.parametrize(
    ("request_", "length"),
    [
        (b"", None),
        (b"GET / HTTP/1.1\r\n", None),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /half", 27),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:3\r\n\r\nab", 40),
        (b"POST / HTTP/1.1\r\nX: content-length: 9\r\n\r\n", 41),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", OPEN_END),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", OPEN_END),
        (b"x" * LONGEST, OPEN_END),
    ],
)
def test_how_long_a_request_is(request_: bytes, length: int | None) -> None:
    assert length_of(request_) == length


def test_a_request_in_pieces_is_there_with_its_last_byte() -> None:
    gathered, request = Gathered(), b"POST / HTTP/1.1\r\ncontent-LENGTH:3\r\n\r\nabc"
    for byte in request:
        assert not gathered.is_there
        gathered.add(bytes([byte]))
    assert gathered.is_there
    gathered.add(b"GET /half")
    assert gathered.first == request


def test_a_head_that_comes_byte_by_byte_costs_no_more_the_longer_it_is() -> None:
    gathered, began = Gathered(), time.process_time()
    gathered.add(b"GET / HTTP/1.1\r\nX-Slow: ")
    for _ in range(LONGEST - 100):
        gathered.add(b"x")
    # A tenth of that; more than ten seconds when all is looked through each time.
    assert time.process_time() - began < 2
    for byte in b"\r\n\r\n":
        assert not gathered.is_there
        gathered.add(bytes([byte]))
    assert gathered.is_there


IMPATIENT = "import portal.buffered as b; b.SECONDS = 1; from portal.cli import main; main()"


def test_a_thread_that_reads_on_is_let_go_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "PORTAL", (sys.executable, "-c", IMPATIENT))
    begun = (
        b"POST /registrations/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 900000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    )
    with ExitStack() as held:
        portal = held.enter_context(serve_portal(tmp_path, arguments=("--workers", "1")))
        host, port = portal.url.removeprefix("http://").split(":")
        for _ in range(THREADS):
            client = held.enter_context(socket.create_connection((host, int(port))))
            client.sendall(begun + bytes(LONGEST))
        with urlopen(f"{portal.url}/healthz", timeout=STALLED_SECONDS / 2) as answer:  # noqa: S310
            assert answer.status == 200

"""Clients that say nothing, or their request byte by byte, in a number that no pool of threads would hold."""

import socket
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from portal.buffered import LONGEST, is_whole
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
    ("request_", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-LENGTH:3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nX: content-length: 9\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", True),
        (b"x" * LONGEST, True),
    ],
)
def test_when_a_request_is_there(request_: bytes, whole: bool) -> None:
    assert is_whole(request_) is whole

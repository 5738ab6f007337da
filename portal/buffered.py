"""Requests are taken in whole before a thread sees them, so that slow clients hold no thread (CWE-400, ASVS 15.2.2).

Gunicorn's threaded worker gives a connection to a thread as soon as it is there, and the thread waits for the request.
Here the loop that waits for connections also gathers what they send; a connection that says nothing, or its request
byte by byte, costs a file handle and a few kilobytes until it is closed.
"""

import re
import selectors
import socket
import struct
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SECONDS = 60
"""Within which a request must have come."""
STALLED_SECONDS = 20
"""After so long without a byte, a thread gives up on a body that it reads, and on an answer that nobody takes."""
LONGEST = 256 * 1024
"""Bytes of a request that are gathered; a thread reads what is longer: an upload of an organiser."""
OPEN_END = -1
CONNECTIONS = 500
"""In each process: within the 1,024 open files that a system gives without being asked."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


@dataclass
class Gathered:
    """What came of a request so far. Its length is looked for in what is new, until it is known: whoever sends byte by
    byte would have all of it looked through each time."""

    came: bytearray = field(default_factory=bytearray)
    length: int | None = None

    def add(self, more: bytes) -> None:
        """Take what came."""
        before = len(self.came)
        self.came += more
        if self.length is None:
            self.length = length_of(self.came, before)

    @property
    def is_there(self) -> bool:
        """Whether a thread may have it."""
        return self.length is not None and len(self.came) >= self.length

    @property
    def first(self) -> bytes:
        """The request alone. Whoever sends more before the answer (no browser does) has to ask again: half of it would
        hold a thread."""
        return bytes(self.came if self.length == OPEN_END else self.came[: self.length])


class BufferedWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """A threaded worker whose threads are given requests that are there, ``in_hand`` of them at this moment."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_hand = 0
        self._reading: deque[tuple[float, TConn]] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection, and wait for what it asks."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another process was quicker, or the client left
            return
        stalled = struct.pack("ll", STALLED_SECONDS, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, stalled)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stalled)
        self.nr_conns += 1
        self._gather(TConn(self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: TConn, client: socket.socket) -> None:
        """Wait for the whole of the next request on a connection that was kept."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._gather(conn)

    def enqueue_req(self, conn: TConn) -> None:
        """Give a request to a thread."""
        self.in_hand += 1
        super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """Take back a connection whose request was answered."""
        self.in_hand -= 1
        super().finish_request(conn, fs)

    def murder_pending(self) -> None:
        """Let go of who has not sent a request in time, and of what a thread still reads then."""
        super().murder_pending()
        while self._reading and self._reading[0][0] <= time.monotonic():
            _until, conn = self._reading.popleft()
            with suppress(OSError):  # answered and closed long ago
                conn.sock.shutdown(socket.SHUT_RD)

    def _gather(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + SECONDS
        # The list that the worker closes what is overdue from, the eldest first.
        self.pending_conns.append(conn)
        received = partial(self._received, conn, Gathered())
        self.poller.register(conn.sock, selectors.EVENT_READ, received)

    def _received(self, conn: TConn, request: Gathered, client: socket.socket) -> None:
        try:
            more = client.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        request.add(more)
        if more and not request.is_there:
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if not request.is_there:
            self.nr_conns -= 1
            conn.close()
            return
        if request.length == OPEN_END:
            self._reading.append((time.monotonic() + SECONDS, conn))
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(request.first)
        self.enqueue_req(conn)


def length_of(came: bytes | bytearray, before: int = 0) -> int | None:
    """How many bytes the request (RFC 9112) has of which this is the beginning; None while its head is not there, and
    OPEN_END for one of which a thread reads the rest, because it is long or does not say how long it is. In the first
    ``before`` bytes the head's end was looked for in vain."""
    head = came.find(b"\r\n\r\n", max(0, before - 3))
    if head < 0:
        return None if len(came) < LONGEST else OPEN_END
    if _CHUNKED.search(came, 0, head + 2):
        return OPEN_END
    told = _LENGTH.search(came, 0, head + 2)
    length = head + 4 + (int(told[1]) if told else 0)
    return length if length <= LONGEST else OPEN_END

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
from functools import partial

from gunicorn.workers.gthread import TConn, ThreadWorker

SECONDS = 60
"""Within which a request must have come."""
STALLED_SECONDS = 20
"""After so long without a byte, a thread gives up on a body that is too long to be gathered, and on an answer that
nobody reads."""
LONGEST = 256 * 1024
"""Bytes of a request that are gathered; a thread reads what is longer: an upload of an organiser."""
CONNECTIONS = 500
"""In each process: within the 1,024 open files that a system gives without being asked."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


class BufferedWorker(ThreadWorker):  # type: ignore[misc]  # Gunicorn has no types
    """A threaded worker whose threads are given requests that are there."""

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

    def _gather(self, conn: TConn) -> None:
        conn.timeout = time.monotonic() + SECONDS
        # The list that the worker closes what is overdue from, the eldest first.
        self.pending_conns.append(conn)
        received = partial(self._received, conn, bytearray())
        self.poller.register(conn.sock, selectors.EVENT_READ, received)

    def _received(self, conn: TConn, request: bytearray, client: socket.socket) -> None:
        try:
            more = client.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        request += more
        if more and not is_whole(request):
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        if not more:
            self.nr_conns -= 1
            conn.close()
            return
        conn.data_ready = True
        conn.init()
        conn.parser.unreader.unread(bytes(request))
        self.enqueue_req(conn)


def is_whole(request: bytes | bytearray) -> bool:
    """Whether the request (RFC 9112) is there, as far as it is gathered. What is none is for the parser to say."""
    if len(request) >= LONGEST:
        return True
    head = request.find(b"\r\n\r\n")
    if head < 0:
        return False
    if _CHUNKED.search(request, 0, head + 2):
        return request.endswith(b"0\r\n\r\n")
    length = _LENGTH.search(request, 0, head + 2)
    return len(request) - head - 4 >= (int(length[1]) if length else 0)

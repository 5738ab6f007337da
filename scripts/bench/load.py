"""Clients that keep their connection, as browsers do, and cost the machine little themselves."""

import re
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from urllib.parse import urlsplit

from scripts.bench.served import percentile

PATIENCE = 60  # seconds


@dataclass(frozen=True)
class Load:
    """What came of many requests: how many a second, and each wait in seconds."""

    rate: float
    waits: Sequence[float]

    @property
    def p50(self) -> float:
        return median(self.waits)

    @property
    def p99(self) -> float:
        return percentile(self.waits, 99)

    @property
    def longest(self) -> float:
        return max(self.waits)

    @property
    def fairness(self) -> float:
        """The longest wait in medians."""
        return self.longest / self.p50

    def __str__(self) -> str:
        return (
            f"{self.rate:7.1f}/s   p50 {self.p50 * 1000:6.1f} ms   p99 {self.p99 * 1000:6.1f} ms   "
            f"longest {self.longest * 1000:6.1f} ms"
        )


class Connection:
    """One connection that stays, and reads whole answers."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._host = address.netloc
        self._socket = socket.create_connection((address.hostname, address.port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def get(self, path: str) -> bytes:
        """The body; raises OSError for any answer but a whole one with 200 and its length."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())
        read = b""
        while b"\r\n\r\n" not in read:
            read += self._more()
        head, _, body = read.partition(b"\r\n\r\n")
        length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
        if not head.startswith(b"HTTP/1.1 200") or not length:
            raise OSError(head.decode())
        while len(body) < int(length[1]):
            body += self._more()
        return body

    def _more(self) -> bytes:
        more = self._socket.recv(65_536)
        if not more:
            raise OSError("the server closed the connection")
        return more

    def close(self) -> None:
        self._socket.close()


def gets(url: str, path: str, *, clients: int, seconds: float) -> Load:
    """As many requests for ``path`` as that many clients get answered in that time."""
    ends = time.monotonic() + seconds

    def ask(_client: int) -> list[float]:
        connection, waits = Connection(url), []
        while (begun := time.monotonic()) < ends:
            connection.get(path)
            waits.append(time.monotonic() - begun)
        connection.close()
        return waits

    with ThreadPoolExecutor(clients) as threads:
        waits = [wait for own in threads.map(ask, range(clients)) for wait in own]
    return Load(len(waits) / seconds, waits)


def visits(visit: Callable[[int], None], *, clients: int, number: int) -> Load:
    """``visit`` called with each number, that many at once."""

    def timed(which: int) -> float:
        begun = time.monotonic()
        visit(which)
        return time.monotonic() - begun

    begun = time.monotonic()
    with ThreadPoolExecutor(clients) as threads:
        waits = list(threads.map(timed, range(number)))
    return Load(number / (time.monotonic() - begun), waits)

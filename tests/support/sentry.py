"""A server on this machine that takes reports as Sentry does."""

import gzip
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from threading import Thread

PATIENCE = 20  # seconds


@dataclass
class SentryServer:
    """``reports`` holds the envelopes that came, as text."""

    port: int
    reports: list[str] = field(default_factory=list)

    @property
    def dsn(self) -> str:
        return f"http://0123456789abcdef@127.0.0.1:{self.port}/1"

    def wait_for(self, number: int) -> None:
        """Until so many are here; fails when they do not come."""
        deadline = time.monotonic() + PATIENCE
        while len(self.reports) < number:
            assert time.monotonic() < deadline, f"{len(self.reports)} reports came, not {number}"
            time.sleep(0.05)


@contextmanager
def open_sentry() -> Iterator[SentryServer]:
    """A running one."""
    reports: list[str] = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the library's name
            body = self.rfile.read(int(self.headers["Content-Length"]))
            match self.headers.get("Content-Encoding"):
                case "gzip":
                    body = gzip.decompress(body)
                case "br":  # what the client takes where it happens to be installed
                    body = import_module("brotli").decompress(body)
            reports.append(body.decode())
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield SentryServer(server.server_port, reports)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

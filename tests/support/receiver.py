"""Another program: a web server on this machine that takes messages, and answers what a test tells it to."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any


@dataclass(frozen=True)
class Received:
    """A message as it came in."""

    path: str
    headers: Message
    body: bytes

    @property
    def id(self) -> str:
        """By which a receiver knows what it has had."""
        return str(self.headers["webhook-id"])

    @property
    def told(self) -> dict[str, Any]:
        """What it says."""
        said: dict[str, Any] = json.loads(self.body)
        return said


Answering = Callable[[BaseHTTPRequestHandler], None]


def status(number: int, *headers: tuple[str, str]) -> Answering:
    """Answer with this status."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(number)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@dataclass
class Receiver:
    """``messages`` are those that came in, oldest first; ``answering`` says how each is answered."""

    url: str = ""
    messages: list[Received] = field(default_factory=list)
    answering: Answering = field(default_factory=lambda: status(204))


@contextmanager
def open_receiver(certificate: Path | None = None) -> Iterator[Receiver]:
    """A receiver that listens; with a ``certificate`` (its key in the same file) it speaks TLS."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.messages.append(Received(self.path, self.headers, body))
            receiver.answering(self)

        def log_message(self, *_said: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_about: object) -> None:
            """Who hangs up on us, may."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme, host = ("https", "localhost") if certificate else ("http", "127.0.0.1")
        receiver.url = f"{scheme}://{host}:{server.server_port}/hook"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()

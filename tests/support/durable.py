"""A PostgreSQL that keeps what it has committed, so that it may be killed and started again."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from tests.support.postgres import PATIENCE, _programs, _wait


class DurablePostgres:
    """A server of one's own; ``url`` is the address of its first database, also after it was killed and restarted."""

    def __init__(self, folder: Path, programs: Path, user: dict[str, Any]) -> None:
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        self._folder, self._programs, self._user = folder, programs, user
        self._server: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make the empty server, as the tests' other one."""
        make = ["initdb", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        make += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-D", str(self._folder / "data")]
        command: list[str | Path] = [self._programs / make[0], *make[1:]]
        subprocess.run(command, check=True, capture_output=True, text=True, **self._user)

    def start(self) -> None:
        """Until it answers. What a killed one leaves running holds the data for a moment, so try until it has gone."""
        deadline = time.monotonic() + PATIENCE
        while True:
            serve = ["-D", str(self._folder / "data"), "-k", str(self._folder), "-c", "listen_addresses="]
            with (self._folder / "log").open("ab") as log:
                self._server = subprocess.Popen(
                    [self._programs / "postgres", *serve], stdout=log, stderr=log, **self._user
                )
            try:
                _wait(self._programs, self._folder, self._server)
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def kill(self) -> None:
        """SIGKILL for the server and all its processes at once, as when the machine's memory is full."""
        assert self._server, "it was started"
        parent = psutil.Process(self._server.pid)
        for process in (parent, *parent.children(recursive=True)):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._server.wait(PATIENCE)

    def stop(self) -> None:
        """At once, also when somebody is still connected."""
        if self._server and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(PATIENCE)


@contextmanager
def start_durable_postgres() -> Iterator[DurablePostgres]:
    """A running server in a temporary folder, with the settings that PostgreSQL itself thinks safe."""
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    try:
        server = DurablePostgres(folder, *_programs(folder))
        server.create()
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)

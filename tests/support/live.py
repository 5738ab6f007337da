"""The portal as it runs for real: `portal serve`, in a process and folders of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.support.ports import free_port

TREE = Path(__file__).parents[2]
SAMPLE_CONTENT = TREE / "content"
PATIENCE, LEAVING = 60, 3  # seconds


@dataclass(frozen=True)
class LivePortal:
    """``url`` has no slash at its end; ``data_dir`` holds the database unless another one was named."""

    url: str
    data_dir: Path
    log: Path
    environment: dict[str, str]
    server: list[subprocess.Popen[bytes]] = field(default_factory=list)
    """The one process that watches over the others, once it was started."""

    @property
    def output(self) -> str:
        """All that the server wrote so far, on its two outputs together."""
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """Ask it to end, as a system does that shuts down, and wait until it has; returns what it says."""
        self.server[0].terminate()
        return self.server[0].wait(PATIENCE)

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Another command of the portal, on the same data."""
        return subprocess.run(
            [*PORTAL, *arguments],
            env=self.environment,
            cwd=self.log.parent,
            input=typed,
            capture_output=True,
            text=True,
        )


PORTAL = (str(Path(sys.executable).with_name("portal")),)
THIS_TREE = {"PYTHONPATH": str(Path(__file__).parents[2])}
"""For the environment of a command: the portal beside these tests, whichever one is installed."""


@contextmanager
def serve_portal(
    folder: Path,
    *,
    database_url: str = "",
    content: Path = SAMPLE_CONTENT,
    smtp_url: str = "",
    arguments: tuple[str, ...] = (),
    name: str = "127.0.0.1",
    **variables: str,
) -> Iterator[LivePortal]:
    """A portal that answers, with all that it keeps in ``folder``; ``name`` is how its visitors call this machine.

    ``variables`` are more of its settings, such as ``PORTAL_RATE_LIMITS="off"``. Settings of the
    machine (a ``.env`` in the repository, the environment) have no part in it.
    """
    port = free_port()
    url = f"http://{name}:{port}"
    folder.mkdir(parents=True, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONUNBUFFERED": "1",
        **THIS_TREE,
        "PORTAL_DATA_DIR": str(folder / "var"),
        "PORTAL_CONTENT_DIR": str(content),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_BASE_URL": url,
        "PORTAL_SMTP_URL": smtp_url,
        **variables,
    }
    portal = LivePortal(url, folder / "var", folder / "serve.log", environment)
    with portal.log.open("wb") as log:
        command = [*PORTAL, "serve", "--host", "127.0.0.1", "--port", str(port), *arguments]
        server = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
    portal.server.append(server)
    try:
        _wait(portal, server)
        yield portal
    finally:
        # Nobody waits for an answer any more, so at once. A process that was just being made may not hear of it.
        server.send_signal(signal.SIGQUIT)
        try:
            server.wait(LEAVING)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(portal: LivePortal, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(portal.url):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"portal serve did not start:\n{portal.output}")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urlopen(f"{url}/healthz", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False

"""``wsgi:application``, unchanged, under the servers that people have."""

import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.faults.rush import wait_until
from tests.support.clients import Client, fill_in
from tests.support.live import THIS_TREE, serve_portal
from tests.support.portal import SITE, event_file
from tests.support.ports import free_port

SERVERS: dict[str, Callable[[str], list[str]]] = {
    "gunicorn": lambda port: [
        "gunicorn",
        "--workers",
        "2",
        "--bind",
        f"127.0.0.1:{port}",
        "wsgi:application",
    ],
    "gunicorn --preload": lambda port: [
        *("gunicorn", "--preload", "--workers", "2", "--threads", "2", "--bind", f"127.0.0.1:{port}"),
        "wsgi:application",
    ],
    "waitress": lambda port: ["waitress-serve", "--listen", f"127.0.0.1:{port}", "wsgi:application"],
    "granian": lambda port: [
        *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", port, "--workers", "2"),
        "wsgi:application",
    ],
    "pyuwsgi": lambda port: [
        *(
            "pyuwsgi",
            "--http-socket",
            f"127.0.0.1:{port}",
            "--master",
            "--processes",
            "2",
            "--enable-threads",
        ),
        *("--die-on-term", "--module", "wsgi:application"),
    ],
}


def environment(tmp_path: Path, **variables: str) -> dict[str, str]:
    """A portal on SQLite with one event, as a sysadmin sets it up."""
    events = tmp_path / "content" / "events"
    events.mkdir(parents=True)
    (events.parent / "site.yaml").write_text(SITE)
    event = event_file(date="2040-01-01T10:00:00", end_date=None, language="en")
    (events / "nascholing.md").write_text(event)
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PORTAL_CONTENT_DIR": str(events.parent),
        "PORTAL_DATA_DIR": str(tmp_path / "var"),
        "TMPDIR": str(tmp_path),
        **THIS_TREE,
        **variables,
    }


@pytest.mark.parametrize("name", SERVERS)
def test_a_form_is_sent_and_counted_under(name: str, tmp_path: Path) -> None:
    module = name.split(maxsplit=1)[0]
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} has no wheel for this machine")
    told = environment(tmp_path, PORTAL_METRICS_TOKEN="a-token-of-tests")
    subprocess.run([sys.executable, "-m", "portal.cli", "db", "upgrade"], env=told, check=True, cwd=tmp_path)
    port = str(free_port())
    url = f"http://127.0.0.1:{port}"
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(
            SERVERS[name](port),
            env=told,
            cwd=tmp_path,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: server.poll() is None and Client(url).get("/healthz").status == 200)
        assert "worker: none here" in urlopen(f"{url}/readyz").read().decode()  # noqa: S310
        forms = [fill_in(url, "nascholing", number) for number in range(8)]
        assert [form.send().status for form in forms] == [303] * 8
        assert Client(url).get("/metrics").status == 401
        scraper = Client(url)
        scraper.headers = lambda: {"Authorization": "Bearer a-token-of-tests"}  # type: ignore[method-assign]
        for _scrape in range(4):
            assert 'portal_sign_ups_total{outcome="confirmed"} 8.0' in scraper.get("/metrics").page
    finally:
        _end(server)
    assert "Traceback" not in (tmp_path / "log").read_text()


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server of somebody else's; one of its processes may miss the signal (Granian's now and then)."""
    server.terminate()
    try:
        server.wait(10)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def test_nothing_of_ours_runs_before_a_server_makes_its_processes(tmp_path: Path) -> None:
    look = "import threading, wsgi; print([thread.name for thread in threading.enumerate()])"
    done = subprocess.run(
        [sys.executable, "-c", look], env=environment(tmp_path), capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("['MainThread']\n", "")


def test_the_portals_own_server_leaves_nothing_outside_its_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with serve_portal(tmp_path / "portal", HOME=str(home)) as portal:
        assert portal.stop() == 0
    assert not [*home.iterdir()]

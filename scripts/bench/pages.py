"""Pages and sign-ups, beside a bare Flask view under the same server in the same run.

Promised: the event page and the agenda of 60 events reach 0.8 of the requests a second of a bare view that renders a
page of the same size; a whole sign-up (form, answer, page; eight clients) 0.3 of three bare requests with one bare
commit of the same rows, its p99 under ten times its median; the first answer within a second of the start with 200
event files; the whole at rest, two processes, within 150 MiB (PSS).
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from portal.server import THREADS
from portal.storage.database import connect
from portal.storage.models import Letter
from scripts.bench.bare import make_room
from scripts.bench.databases import Fresh
from scripts.bench.load import Connection, Load, gets, visits
from scripts.bench.memory import portals_memory
from scripts.bench.served import serve
from tests.support.clients import Client, fill_in
from tests.support.ports import free_port

CLIENTS, SECONDS, ROUNDS, SIGN_UPS, SIGN_UP_ROUNDS = 8, 3.0, 3, 400, 5
PAGES = {"event page": "/events/event-7", "agenda": "/"}
TEXT = "\n\n".join(
    f"## Part {part}\n\nWe make a *small* robot, and it follows a line. " * 3 for part in range(12)
)
LEAST, LEAST_SIGN_UPS = 0.8, 0.3
QUICKEST_START, LARGEST_REST = 1.0, 150


def measure(fresh: Fresh) -> list[str]:
    """Print the figures for this kind of database; return the promises that were broken."""
    events: dict[str, dict[str, Any]] = {f"event-{n}": {"capacity": 4000, "text": TEXT} for n in range(60)}
    broken = []
    with fresh() as database, serve(database, events) as url:
        fill_in(url, "event-7", 0).send()
        engine = connect(database)
        make_room(engine)
        with serve_bare(database) as bare:
            for name, path in PAGES.items():
                size = len(Connection(url).get(path))
                broken += _compare(name, *_pages(url, path, bare, f"/?bytes={size}"), f"{size} bytes")
            whole, three = _sign_ups(url, bare, engine)
            broken += _compare("sign-up", whole, three, "form, answer and page", LEAST_SIGN_UPS)
            if whole.p99 > 10 * whole.p50:
                broken.append(f"p99 of a sign-up is {whole.p99 / whole.p50:.1f} times its median")
        engine.dispose()
    return broken + _start(fresh)


def _pages(url: str, path: str, bare: str, bare_path: str) -> tuple[Load, Load]:
    """The best of some rounds by turns, so that what else the machine does meets both."""
    loads: dict[str, list[Load]] = {url: [], bare: []}
    for _round in range(ROUNDS):
        for at, what in ((url, path), (bare, bare_path)):
            loads[at].append(gets(at, what, clients=CLIENTS, seconds=SECONDS))
    best = {at: max(found, key=lambda load: load.rate) for at, found in loads.items()}
    return best[url], best[bare]


def _sign_ups(url: str, bare: str, engine: Engine) -> tuple[Load, Load]:
    """Of some rounds by turns the one with the middle ratio, after one for nothing, in which each process does for the
    first time what it does. What the last round left to be sent has left before the next."""
    rounds = []
    for one in range(1 + SIGN_UP_ROUNDS):
        ours = _our_sign_ups(url, one * SIGN_UPS)
        _wait_for_letters(engine)
        rounds.append((ours, _bare_sign_ups(bare)))
    by_ratio = sorted(rounds[1:], key=lambda loads: loads[0].rate / loads[1].rate)
    return by_ratio[SIGN_UP_ROUNDS // 2]


def _wait_for_letters(engine: Engine) -> None:
    waiting = select(func.count()).where(Letter.state != "sent")
    with Session(engine) as session:
        while session.scalar(waiting):
            session.rollback()
            time.sleep(0.1)


def _our_sign_ups(url: str, first: int) -> Load:
    def visit(number: int) -> None:
        form = fill_in(url, "event-8", first + number)
        answer = form.send()
        if answer.status != 303 or form.client.get(answer.location).status != 200:
            raise OSError(f"a sign-up was answered with {answer.status}")

    return visits(visit, clients=CLIENTS, number=SIGN_UPS)


def _bare_sign_ups(bare: str) -> Load:
    def visit(_number: int) -> None:
        client = Client(bare)
        statuses = client.get("/").status, client.post("/", {"a": "b"}).status, client.get("/").status
        if statuses != (200, 303, 200):
            raise OSError(f"the bare view answered {statuses}")

    return visits(visit, clients=CLIENTS, number=SIGN_UPS)


def _compare(name: str, ours: Load, bare: Load, what: str, least: float = LEAST) -> list[str]:
    ratio = ours.rate / bare.rate
    print(f"  {name:10} {ours}   {what}\n  {'bare':10} {bare}\n  {name} / bare: {ratio:.2f}", flush=True)
    return [f"{name} reaches {ratio:.2f} of a bare view"] if ratio < least else []


def _start(fresh: Fresh) -> list[str]:
    """How soon somebody is answered, and how much memory the portal takes while nobody asks for anything."""
    events: dict[str, dict[str, Any]] = {f"event-{n}": {"text": TEXT} for n in range(200)}
    begun = time.monotonic()
    with fresh() as database:
        with serve(database, events):
            pass  # the tables are there now, as at every start but the first
        begun = time.monotonic()
        with serve(database, events) as url:
            Connection(url).get("/")
            took = time.monotonic() - begun
            rest = portals_memory(url)
    print(f"  start to first answer {took:.2f} s with 200 event files; {rest:.0f} MiB at rest", flush=True)
    slow = [f"the first answer took {took:.2f} s"] if took > QUICKEST_START else []
    return slow + ([f"{rest:.0f} MiB at rest"] if rest > LARGEST_REST else [])


@contextmanager
def serve_bare(database_url: str) -> Iterator[str]:
    """The bare application, as ``portal serve`` serves the portal."""
    port = free_port()
    command = [
        sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", str(THREADS),
        "--worker-class", "gthread", "--preload", "--log-level", "warning", "scripts.bench.bare:create_app()",
    ]  # fmt: skip
    server = subprocess.Popen(command, env={**os.environ, "BARE_DATABASE": database_url})
    url = f"http://127.0.0.1:{port}"
    try:
        while not _answers(url):
            if server.poll() is not None:
                raise RuntimeError("the bare application did not start")
            time.sleep(0.05)
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, ConnectionError):
        return False

"""Several machines: web processes and workers that share nothing but a PostgreSQL, a Redis and the secret key."""

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.storage.database import connect
from portal.storage.models import Attendee, HistoryEntry, Letter, Registration, TicketCount
from tests.support.clients import Client, fill_in
from tests.support.live import PORTAL, TREE, serve_portal
from tests.support.mail import PostOffice
from tests.support.many import sign_up_many
from tests.support.portal import SECRET, event_file
from tests.support.ports import free_port
from tests.support.redis import RedisServer, start_redis

PLACES, SIGN_UPS, CLIENTS = 20, 60, 12
PATIENCE = 60  # seconds
pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with start_redis() as server:
        yield server


@dataclass
class Machines:
    """``urls`` are the web processes, of which one is ``portal serve`` and one Gunicorn with ``wsgi:application``."""

    urls: tuple[str, str]
    environment: dict[str, str]
    folder: Path

    @contextmanager
    def worker(self) -> Iterator[None]:
        """Another machine with nothing but ``portal mail work``."""
        with running([*PORTAL, "mail", "work"], self.environment, self.folder / "worker.log"):
            yield


@pytest.fixture
def machines(
    database_url: str, redis: RedisServer, smtp: PostOffice, tmp_path: Path
) -> Iterator[Callable[..., Machines]]:
    """``machines(event_file(…))`` serves that event as ``rush``."""
    with ExitStack() as stack:

        def start(event: str, site: str = "", **settings: str) -> Machines:
            events = tmp_path / "content" / "events"
            events.mkdir(parents=True)
            (events.parent / "site.yaml").write_text(f"name: Rush\ncontact: a@b.example\n{site}")
            (events / "rush.md").write_text(event)
            told = {
                "PORTAL_SECRET_KEY": SECRET,
                "PORTAL_LIMITER_STORAGE": redis.url,
                "PORTAL_BASE_URL": "http://localhost",
                **settings,
            }
            first = stack.enter_context(
                serve_portal(
                    tmp_path / "one",
                    database_url=database_url,
                    content=events.parent,
                    smtp_url=smtp.url,
                    arguments=("--workers", "1"),
                    **told,
                )
            )
            environment = first.environment | {"PORTAL_DATA_DIR": str(tmp_path / "two" / "var")}
            port = free_port()
            command = [sys.executable, "-m", "gunicorn", "wsgi:application", "--bind", f"127.0.0.1:{port}"]
            command += ["--worker-class", "gthread", "--threads", "8", "--log-level", "warning"]
            stack.enter_context(running(command, environment, tmp_path / "two.log"))
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/readyz"))
            return Machines((first.url, f"http://127.0.0.1:{port}"), environment, tmp_path)

        yield start


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    """A process that is asked to end after the block, and does."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=environment, cwd=TREE, stdout=output, stderr=output)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


def answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


def wait_until(condition: Callable[[], object]) -> None:
    """Look until it is so, or fail."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def test_a_rush_over_two_machines_gives_each_place_and_each_letter_once(
    machines: Callable[..., Machines], database_url: str, smtp: PostOffice
) -> None:
    served = machines(
        event_file(date="2040-01-01T10:00:00", end_date=None, capacity=PLACES), PORTAL_RATE_LIMITS="off"
    )
    with served.worker():
        with ThreadPoolExecutor(CLIENTS) as clients:
            forms = list(clients.map(lambda n: fill_in(served.urls[n % 2], "rush", n), range(SIGN_UPS)))
            for form in forms[:10]:
                # The same form comes to both machines: a page opened on the one may be sent to the other.
                form.client.url = served.urls[1]
            sent = list(clients.map(lambda form: form.send(), [*forms, *forms[:10]]))
        assert {answer.status for answer in sent} == {303}
        assert [answer.location for answer in sent[:10]] == [answer.location for answer in sent[SIGN_UPS:]]
        smtp.wait_for(SIGN_UPS, timeout=PATIENCE)
        engine = connect(database_url)
        with Session(engine) as session:
            wait_until(lambda: _all_sent(session))
            people = Counter(session.scalars(select(Attendee.status)))
            count = session.scalars(select(TicketCount)).one()
            addresses = session.scalars(select(Registration.email)).all()
            history = session.scalars(select(HistoryEntry.registration_id)).all()
        engine.dispose()
    assert people == {"confirmed": PLACES, "waitlisted": SIGN_UPS - PLACES}
    assert (count.confirmed, count.waitlisted) == (PLACES, SIGN_UPS - PLACES)
    assert len(set(addresses)) == len(addresses) == len(set(history)) == len(history) == SIGN_UPS
    came = Counter((letter.recipients[0], letter.message["Message-ID"]) for letter in smtp.letters)
    assert len(came) == SIGN_UPS
    assert set(came.values()) == {1}


def _all_sent(session: Session) -> bool:
    session.rollback()
    return set(session.scalars(select(Letter.state))) == {"sent"}


def test_workers_on_several_machines_write_and_send_each_reminder_once(
    machines: Callable[..., Machines], database_url: str, smtp: PostOffice
) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0, tzinfo=None)
    many = 250
    engine = connect(database_url)
    sign_up_many(engine, "rush", confirmed=many, at=datetime(2026, 1, 1, tzinfo=UTC))
    served = machines(event_file(date=tomorrow.isoformat(), end_date=None, reminder=7))
    # Four look at once: the thread beside a web process, and three workers of their own.
    with served.worker(), served.worker(), served.worker():
        smtp.wait_for(many, timeout=PATIENCE)
        with Session(engine) as session:
            wait_until(lambda: _all_sent(session))
            written = Counter(
                session.scalars(select(Letter.registration_id).where(Letter.kind == "reminder"))
            )
    engine.dispose()
    assert len(written) == many
    assert set(written.values()) == {1}
    came = Counter(letter.recipients[0] for letter in smtp.letters)
    assert len(came) == many
    assert set(came.values()) == {1}


def test_limits_are_counted_over_all_machines(machines: Callable[..., Machines]) -> None:
    served = machines(event_file(date="2040-01-01T10:00:00", end_date=None))
    statuses = [wrong_password(served.urls[number % 2]) for number in range(12)]
    # Ten tries for an address in a quarter of an hour, whichever machine they come to.
    assert statuses == [422] * 10 + [429] * 2


def wrong_password(url: str) -> int:
    client = Client(url)
    page = client.get("/admin/login")
    token = page.page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    return client.post(
        "/admin/login", {"csrf_token": token, "email": "an@x.example", "password": "wrong"}
    ).status


def test_without_redis_people_still_sign_up(machines: Callable[..., Machines], redis: RedisServer) -> None:
    served = machines(event_file(date="2040-01-01T10:00:00", end_date=None))
    redis.stop()
    for number, url in enumerate(served.urls):
        assert fill_in(url, "rush", number).send().status == 303
    redis.start()
    assert fill_in(served.urls[0], "rush", 7).send().status == 303

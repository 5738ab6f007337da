"""The portal as it runs and is watched: its log, its reports, its counts."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from portal.storage.models import Letter
from tests.faults.rush import wait_until
from tests.support.clients import Client, fill_in
from tests.support.live import LivePortal
from tests.support.mail import PostOffice
from tests.support.portal import SITE, event_file
from tests.support.sentry import SentryServer, open_sentry

SLUG = "nascholing"
TOKEN = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy"
PERSON = ("Emma", "Peeters", "emma7", "school.example", "vegetarisch", "0470123456")
PASSWORD = "a password that is long"
BROKEN = {
    "sqlite": "CREATE TRIGGER no BEFORE INSERT ON attendees BEGIN SELECT RAISE(ABORT, 'no'); END",
    # PostgreSQL adds the whole row to what it says.
    "postgresql": "ALTER TABLE attendees ADD CONSTRAINT no CHECK (last_name <> 'Peeters') NOT VALID",
}


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder with one event, far away, in English."""
    events = tmp_path / "content" / "events"
    events.mkdir(parents=True)
    (events.parent / "site.yaml").write_text(SITE)
    event = event_file(date="2040-01-01T10:00:00", end_date=None, language="en", capacity=3, waitlist="off")
    (events / f"{SLUG}.md").write_text(event)
    return events.parent


@pytest.fixture
def sentry() -> Iterator[SentryServer]:
    with open_sentry() as server:
        yield server


def test_nothing_about_people_is_logged_or_reported_whatever_happens(
    live_portal: Callable[..., LivePortal],
    content: Path,
    database_url: str,
    smtp: PostOffice,
    sentry: SentryServer,
) -> None:
    smtp.refuse("550 5.1.1 <emma7@school.example> has no mailbox here")
    portal = live_portal(
        content=content,
        database_url=database_url,
        smtp_url=smtp.url,
        PORTAL_LOG_FORMAT="json",
        PORTAL_SENTRY_DSN=sentry.dsn,
    )
    secrets = [PASSWORD]

    # Signing up, looking at it, searching, signing in wrongly and rightly, a link that opens nothing.
    form = fill_in(portal.url, SLUG, 7)
    form.values["remarks"] = "vegetarisch"
    form.values["phone"] = "0470123456"
    link = form.send().location
    secrets += [link.rpartition("/")[2], form.values["form_id"], form.values["csrf_token"]]
    assert form.client.get(link).status == 200
    assert form.client.get("/registrations/" + TOKEN).status == 404
    assert form.client.get("/admin/link/" + TOKEN + ".x").status == 404
    portal.run("user", "add", "an@leraars.example", "--role", "owner", "--password-stdin", typed=PASSWORD)
    organiser = Client(portal.url)
    log_in(organiser, "wrong " + PASSWORD)
    log_in(organiser, PASSWORD)
    assert organiser.get(f"/admin/events/{SLUG}/attendees?q=Peeters").status == 200
    secrets += list(form.client.cookies.values()) + list(organiser.cookies.values())
    engine = create_engine(database_url)
    with Session(engine) as session:
        refused = select(Letter.id).where(Letter.state == "failed")
        wait_until(lambda: session.rollback() or session.scalars(refused).all())

    # A rule of the database that a sign-up breaks: our failure, with the number on the page in the log.
    with engine.begin() as connection:
        connection.execute(text(BROKEN[engine.dialect.name]))
    answer = fill_in(portal.url, SLUG, 70).send()
    assert answer.status == 500
    (shown,) = re.findall(r"number ([0-9a-f]{16})", answer.page)
    # A database without its tables.
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE answers"))
    assert form.client.get(link).status in (500, 503)
    engine.dispose()
    sentry.wait_for(2)

    lines = [json.loads(line) for line in portal.output.splitlines() if line.startswith("{")]
    rest = [line for line in portal.output.splitlines() if not line.startswith("{")]
    assert not [
        line for line in rest if not re.match("Leraars|First organiser:|Password:|Organisers|.shown", line)
    ]
    access = [line for line in lines if line["logger"] == "portal.access"]
    assert {"route", "method", "status", "ms", "request"} <= access[0].keys()
    assert ("/registrations/<token>", 200) in {(line["route"], line["status"]) for line in access}
    (failure,) = [line for line in lines if line.get("request") == shown and "error" in line]
    assert "IntegrityError" in failure["error"]
    assert "in sign_up" in failure["error"]

    told = "".join(map(json.dumps, lines)) + "".join(sentry.reports)
    assert "IntegrityError" in "".join(sentry.reports)
    assert shown in "".join(sentry.reports)
    assert [word for word in (*PERSON, *secrets) if word and word.lower() in told.lower()] == []


def log_in(client: Client, password: str) -> None:
    page = client.get("/admin/login").page
    token = unescape(re.findall(r'name="csrf_token"[^>]*value="([^"]*)"', page)[0])
    client.post("/admin/login", {"csrf_token": token, "email": "an@leraars.example", "password": password})


def read(portal: LivePortal, path: str = "/metrics", token: str = "") -> tuple[int, str]:
    """What monitoring gets."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urlopen(Request(portal.url + path, headers=headers)) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def value(exposed: str, series: str) -> float:
    """Of one series, as it is written; 0 for one that nothing was counted of."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", exposed, re.MULTILINE)
    return float(found[1]) if found else 0


def test_all_processes_count_together_and_every_scrape_sees_the_same(
    live_portal: Callable[..., LivePortal], content: Path, database_url: str, smtp: PostOffice
) -> None:
    portal = live_portal(
        content=content,
        database_url=database_url,
        smtp_url=smtp.url,
        arguments=("--workers", "3"),
        PORTAL_RATE_LIMITS="off",
    )
    forms = [fill_in(portal.url, SLUG, number) for number in range(5)]
    assert [form.send().status for form in forms] == [303, 303, 303, 409, 409]
    assert forms[0].send().status == 303
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _number: Client(portal.url).get("/events/nascholing"), range(60)))
    smtp.wait_for(3)
    for _scrape in range(6):
        status, exposed = read(portal)
        assert status == 200
        seen = 'portal_request_seconds_count{method="GET",route="/events/<slug>",status="200"}'
        assert value(exposed, seen) == 60
        outcomes = {"confirmed": 3, "full": 2, "repeated": 1, "waitlisted": 0}
        for outcome, number in outcomes.items():
            assert value(exposed, f'portal_sign_ups_total{{outcome="{outcome}"}}') == number
        assert value(exposed, 'portal_event_capacity{event="nascholing"}') == 3
        assert value(exposed, 'portal_event_confirmed{event="nascholing"}') == 3
        assert value(exposed, "portal_letters_failed") == 0
    wait_until(lambda: value(read(portal)[1], "portal_letters_waiting") == 0)
    assert "portal_build_info{" in exposed
    assert not re.search("school.example|/registrations/[^<]", exposed)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ready_says_part_by_part_what_is(
    live_portal: Callable[..., LivePortal], content: Path, database_url: str
) -> None:
    portal = live_portal(content=content, database_url=database_url)
    assert read(portal, "/readyz") == (200, "ready\ndatabase: ready\ntables: ready\nworker: ready\n")
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    status, said = read(portal, "/readyz")
    assert status == 503
    assert said.startswith("not ready\ndatabase: ready\ntables: not this version's: portal db upgrade\n")

"""Who may read the counts, and what owners are told of the portal itself."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.domain import machine
from portal.domain.machine import LATE, UNTOUCHED
from portal.formats import mail
from portal.web.extensions import db
from portal.worker import Postman
from tests.support.outbox import sign_up
from tests.support.portal import SECRET, PortalUnderTest
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOKEN = "a-token-of-the-tests"


def scrape(visitor: Visitor, client: str = "127.0.0.1", token: str = "", **headers: str) -> int:
    if token:
        headers["Authorization"] = token
    return visitor.get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": client}).status


@ONLY_SQLITE
def test_without_a_token_only_this_machine_reads_the_counts_of_a_portal_for_itself(
    make_portal: MakePortal,
) -> None:
    at_home = make_portal(base_url="http://127.0.0.1:8000").visitor()
    assert [scrape(at_home, client) for client in ("127.0.0.1", "::1", "192.0.2.7")] == [200, 200, 404]
    # With a reverse proxy on the machine, everybody is 127.0.0.1.
    assert scrape(make_portal(base_url="https://events.example").visitor()) == 404


@ONLY_SQLITE
def test_who_a_proxy_brings_is_not_of_this_machine(make_portal: MakePortal) -> None:
    behind = make_portal(base_url="http://localhost", proxy_hops=1).visitor()
    assert scrape(behind, **{"X-Forwarded-For": "192.0.2.7"}) == 404


@ONLY_SQLITE
def test_with_a_token_it_alone_counts(make_portal: MakePortal) -> None:
    visitor = make_portal(base_url="http://localhost", metrics_token=TOKEN).visitor()
    assert scrape(visitor, "192.0.2.7", f"Bearer {TOKEN}") == 200
    assert [scrape(visitor, token=token) for token in ("", "Bearer x", f"Bearer {TOKEN}é")] == [401] * 3


@ONLY_SQLITE
def test_a_stranger_cannot_make_up_series(make_portal: MakePortal) -> None:
    visitor = make_portal().visitor()
    for made_up in ("/nothing-like-this", "/registrations/" + "x" * 32):
        visitor.get(made_up)
    visitor.client.open("/", method="INVENTED")
    exposed = visitor.get("/metrics").text
    assert 'route="none"' in exposed
    assert "INVENTED" not in exposed
    assert "nothing-like-this" not in exposed
    assert 'route="/registrations/<token>",status="404"' in exposed


def faults(visitor: Visitor) -> str:
    return " ".join(visitor.get("/admin/").words(".notice.heed"))


def test_owners_are_told_that_letters_do_not_leave(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner, other = portal.organiser(), portal.organiser("bo@leraars.example", role="organiser")
    sign_up(portal)
    portal.clock.pass_by(UNTOUCHED - timedelta(seconds=1))
    assert "Letters" not in faults(owner)
    portal.clock.pass_by(timedelta(seconds=2))
    assert "nobody sends them" in faults(owner)
    assert "Letters" not in faults(other)
    nobody = mail.SmtpServer("smtp://127.0.0.1:9")
    sender = mail.Sender("X", "info@leraars.example")
    way = Postman(portal.engine, nobody, sender, base_url="http://localhost", secret_keys=(SECRET,))
    way.send_due(portal.clock.now)
    assert "Letters" not in faults(owner)
    portal.clock.pass_by(LATE - UNTOUCHED)
    way.send_due(portal.clock.now)
    assert "the mail server does not take them" in faults(owner)


@ONLY_SQLITE
def test_owners_are_told_of_a_disk_that_is_nearly_full(
    make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = make_portal()
    owner = portal.organiser()
    portal.settings.data_dir.mkdir(exist_ok=True)
    assert "disk" not in faults(owner)
    # The disk of the tests cannot be filled; how much room is little can be.
    monkeypatch.setattr(machine, "LITTLE_ROOM", shutil.disk_usage(portal.settings.data_dir).free * 2)
    assert "disk is nearly full" in faults(owner)


def test_owners_are_told_of_a_clock_that_went_back(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    sign_up(portal)
    assert "clock" not in faults(owner)
    portal.clock.pass_by(-timedelta(minutes=5))
    assert "clock is 5 minutes behind" in faults(owner)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_owners_are_told_of_a_clock_that_is_not_the_databases(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    name = portal.engine.url.database
    with portal.engine.begin() as connection:
        # PostgreSQL's own clock comes first unless a search path says else.
        connection.execute(
            text(
                "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                "$$ SELECT pg_catalog.clock_timestamp() - interval '1 hour' $$"
            )
        )
        connection.execute(text(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'))
    with portal.app.app_context():
        db.engine.dispose()
    assert "clock is 60 minutes ahead" in faults(owner)

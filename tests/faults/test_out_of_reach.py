"""A database that is locked, full or slow: who signs up waits, or is told so and sends the same form again."""

import fcntl
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, event, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from portal.storage import database
from portal.storage.models import Attendee, HistoryEntry, Letter, Registration
from portal.web.extensions import db
from tests.faults.rush import FIRST, Rush
from tests.support.portal import PortalUnderTest
from tests.support.visitor import Answer, Visitor

REMARKS = "More than half of one of SQLite's pages. " * 48
PERSON = {
    "first_name": "An",
    "last_name": "Maes",
    "email": "an@x.example",
    "remarks": REMARKS,
    "privacy": "y",
}
ONE_OF_EACH = [1, 1, 1, 1]
FULL = (
    "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$",
    "CREATE TRIGGER full_disk BEFORE INSERT ON letters FOR EACH ROW EXECUTE FUNCTION full_disk()",
)


@contextmanager
def somebody_writes(engine: Engine, slug: str) -> Iterator[None]:
    """Hold what a sign-up for the event needs: SQLite's one write lock, or the event's row."""
    with engine.connect().execution_options(**database.writing(engine)) as connection:
        if engine.dialect.name == "postgresql":
            # It does let go in the end, so that a test that fails also ends.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20s'"))
            held = connection.execute(text("SELECT slug FROM events FOR UPDATE")).scalars()
            assert held.all() == [slug]
        else:
            connection.execute(text("SELECT 1"))
        yield
        connection.rollback()


@contextmanager
def full(portal: PortalUnderTest) -> Iterator[None]:
    """No room for another row: SQLite may take no further page, PostgreSQL says so at the letter."""
    if portal.engine.dialect.name == "postgresql":
        with portal.engine.begin() as connection:
            for statement in FULL:
                connection.execute(text(statement))
        yield
        with portal.engine.begin() as connection:
            connection.execute(text("DROP TRIGGER full_disk ON letters"))
        return

    def no_further(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite reads it as: no more than there are

    with portal.app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", no_further)
    yield
    event.remove(engine, "checkout", no_further)
    engine.dispose()  # the limit is the connection's


def kept(engine: Engine) -> list[int]:
    """How many registrations, attendees, entries in the history and letters about them there are."""
    counted = (select(func.count()).select_from(table) for table in (Registration, Attendee, HistoryEntry))
    letters = select(func.count()).where(Letter.kind.in_(FIRST))
    with Session(engine) as session:
        return [session.scalar(query) or 0 for query in (*counted, letters)]


def test_a_sign_up_waits_for_another_writer_and_then_succeeds(rush: Rush) -> None:
    assert rush.form(0).send().status == 303
    form = rush.form(1)
    with ThreadPoolExecutor() as pool, somebody_writes(rush.engine, "rush"):
        answer = pool.submit(form.send)
        with pytest.raises(TimeoutError):
            answer.result(timeout=3)
        assert kept(rush.engine) == ONE_OF_EACH
        assert rush.form(2).path, "who only reads does not wait"
    assert answer.result().status == 303


def others_sign_up(portal: PortalUnderTest, number: int) -> None:
    for other in range(number):
        visitor = portal.visitor()
        form = visitor.get("/events/nascholing/signup")
        assert visitor.submit(form, PERSON | {"email": f"other{other}@x.example"}).status == 303


def sign_up_while_it_fails(portal: PortalUnderTest) -> tuple[Visitor, Answer]:
    """Somebody's form meets the fault: the page says so, keeps what was typed, and nothing is half written."""
    before = kept(portal.engine)
    visitor = portal.visitor()
    form = visitor.get("/events/nascholing/signup")
    answer = visitor.submit(form, PERSON)
    assert answer.status == 503
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.words("h1") == ["We cannot reach our records just now"]
    assert answer.form()["remarks"] == REMARKS
    assert kept(portal.engine) == before
    return visitor, answer


def assert_sending_it_again_counts_once(portal: PortalUnderTest, visitor: Visitor, answer: Answer) -> None:
    before = kept(portal.engine)
    first = visitor.submit(answer)
    again = visitor.submit(answer)
    assert (first.status, again.status) == (303, 303), first.text
    assert first.location == again.location
    assert [after - number for after, number in zip(kept(portal.engine), before, strict=True)] == ONE_OF_EACH


def test_a_writer_that_does_not_let_go_gives_a_page_from_which_the_same_form_is_sent_again(
    make_portal: Callable[..., PortalUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.LOCK_TIMEOUT >= 20_000, "as long as somebody may be made to wait"
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 200)
    portal = make_portal()
    others_sign_up(portal, 1)
    with somebody_writes(portal.engine, "nascholing"):
        visitor, answer = sign_up_while_it_fails(portal)
    assert_sending_it_again_counts_once(portal, visitor, answer)


def test_a_full_database_gives_a_page_from_which_the_same_form_is_sent_again(
    make_portal: Callable[..., PortalUnderTest],
) -> None:
    portal = make_portal()
    others_sign_up(portal, 2)
    with full(portal):
        visitor, answer = sign_up_while_it_fails(portal)
    assert_sending_it_again_counts_once(portal, visitor, answer)


@pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux can limit the files of another process"
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_whose_files_cannot_grow_says_so_and_goes_on_when_they_can(rush: Rush) -> None:
    before = [rush.form(number) for number in range(3)]
    assert {form.send().status for form in before} == {303}
    form, room = rush.form(3), (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY)
    workers = rush.workers()
    assert len(workers) == 2
    for worker in workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, (64 * 1024, room[1]))
    answers = [form.send() for _ in range(4)]
    assert {(answer.status, answer.retry_after) for answer in answers} == {(503, "10")}
    assert all("Send it again" in answer.page for answer in answers)
    rush.assert_each_once(before)
    for worker in workers:
        worker.rlimit(psutil.RLIMIT_FSIZE, room)
    assert form.send().status == 303
    rush.assert_each_once([*before, form])


def test_an_organiser_is_told_too_when_the_database_is_away(
    make_portal: Callable[..., PortalUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    with portal.app.app_context():
        engine = db.engine

    def away(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    event.listen(engine, "before_cursor_execute", away)
    answer = organiser.get("/admin/")
    event.remove(engine, "before_cursor_execute", away)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
    assert organiser.get("/admin/").status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_writer_that_is_stopped_keeps_the_others_waiting_no_longer_than_any(
    make_portal: Callable[..., PortalUnderTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 100)
    portal = make_portal()
    others_sign_up(portal, 1)
    # A process that is stopped in the middle of its writing keeps the turn, and takes no more part.
    with Path(f"{portal.engine.url.database}-turn").open("a") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_EX)
        visitor, answer = sign_up_while_it_fails(portal)
        standing = threading.active_count()
        for _ in range(3):
            visitor, answer = sign_up_while_it_fails(portal)
        assert threading.active_count() == standing, "nobody leaves more behind than waited at a time"
    assert_sending_it_again_counts_once(portal, visitor, answer)

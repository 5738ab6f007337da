"""The engine, the one way to write, and times that are always UTC."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, create_engine, event, func, make_url, select
from sqlalchemy.exc import InvalidatePoolError, InvalidRequestError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from portal.storage.queue import writers_queue

LOCK_TIMEOUT = 20_000
"""Milliseconds that a writer waits for somebody who does not let go, such as a shell, before OperationalError."""

QUIET = 1.0
"""Seconds. A connection to PostgreSQL that lay unused for longer is tried before it is used, for the server may have
started anew. Trying it each time, as SQLAlchemy would, takes as long as a question."""
RETURNED = "returned"

WRITES = "portal_writes"
INSERTED = "portal_inserted"
"""What was written in a session's transaction beside its unit of work (``storage.inserting``)."""

_LOCKS_OR_WRITES = re.compile(r"\bFOR (?:UPDATE|NO KEY UPDATE|SHARE|KEY SHARE)\b|\bAS\s*\(INSERT\b")
"""A question may lock, or write on its way (``WITH ... AS (INSERT INTO ...) SELECT``)."""


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time, kept in UTC on every database. A naive one is a mistake and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored: {value!r}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def engine_options(url: str) -> dict[str, Any]:
    """What ``create_engine`` is told for the database at ``url``, besides."""
    # What people told us never stands in an error, which is logged.
    options: dict[str, Any] = {"hide_parameters": True}
    if make_url(url).get_backend_name() != "sqlite":
        # A question stands by itself. In a transaction of PostgreSQL's usual kind it sees what is committed when it is
        # asked, too, and two more journeys to the server go around it.
        options["isolation_level"] = "AUTOCOMMIT"
    return options


def connect(url: str) -> Engine:
    """An engine of the portal's kind on ``url``, for whoever works outside the web application."""
    return prepare(create_engine(url, **engine_options(url)))


def prepare(engine: Engine) -> Engine:
    """Make ``engine`` keep the rules of the house: on SQLite foreign keys hold, readers never wait for
    a writer (WAL), and SQLAlchemy rather than the driver says when a transaction begins. On both nobody
    waits for a lock for ever, none is given a connection that has long been closed, and nothing is written or
    locked outside ``transaction``."""
    event.listen(engine, "before_cursor_execute", _refuse_outside)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _configure_postgresql)
        event.listen(engine, "checkin", _note_when_returned)
        event.listen(engine, "checkout", partial(_try_if_quiet, engine.dialect))
    return engine


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver would begin by itself, before the first INSERT only, and never IMMEDIATE.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {LOCK_TIMEOUT}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _configure_postgresql(connection: Any, _record: Any) -> None:
    connection.execute(f"SET lock_timeout = {LOCK_TIMEOUT}")
    connection.commit()


def _note_when_returned(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[RETURNED] = time.monotonic()


def _try_if_quiet(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    if time.monotonic() - record.info.get(RETURNED, time.monotonic()) <= QUIET:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        # All of them are of that server: none is tried again.
        raise InvalidatePoolError from error


def _refuse_outside(
    connection: Connection, _cursor: Any, statement: str, _values: Any, context: Any, _many: bool
) -> None:
    """What is written where no transaction was opened would be kept piece by piece on PostgreSQL, and not at all on
    SQLite. The database could refuse it (``default_transaction_read_only``), but behind a pool of connections such as
    PgBouncer's others would be given what was set for us."""
    if connection.get_execution_options().get(WRITES):
        return
    if context.isinsert or context.isupdate or context.isdelete or _LOCKS_OR_WRITES.search(statement):
        raise InvalidRequestError("written or locked outside a transaction")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def writing(engine: Engine) -> dict[str, Any]:
    """The execution options of a connection whose statements are kept together, or not at all."""
    embedded = engine.dialect.name == "sqlite"
    return {WRITES: True} if embedded else {WRITES: True, "isolation_level": "READ COMMITTED"}


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is when it is first asked, for as long as it is open: for what is read
    piece by piece. SQLite's are all of that kind."""
    options = {} if engine.dialect.name == "sqlite" else {"isolation_level": "REPEATABLE READ"}
    with engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """Write: everything in the block is kept, or nothing is.

    Opened once, at the edge (a view's POST, a command, a worker's pass); what is called inside never
    commits. What the session had read before is forgotten: a snapshot that is older than the lock
    cannot be written on, so hand in ids and values, not rows.
    """
    session.rollback()
    engine = session.get_bind().engine
    embedded = engine.dialect.name == "sqlite"
    file = str(engine.url.database)
    with writers_queue(file, LOCK_TIMEOUT / 1000) if embedded else nullcontext():
        try:
            session.connection(execution_options=writing(engine))
            yield
            session.commit()
        except BaseException:
            session.rollback()
            for row in session.info.get(INSERTED, ()):
                if row in session:
                    session.expunge(row)
            raise
        finally:
            session.info.pop(INSERTED, None)


def clock_ahead(session: Session) -> timedelta:
    """How far this machine's clock is ahead of the database's; nothing for one that has none of its own."""
    if session.get_bind().dialect.name == "sqlite":
        return timedelta()
    before = datetime.now(UTC)
    theirs: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    # What the question and the answer took on their way is no difference.
    return before + (datetime.now(UTC) - before) / 2 - theirs

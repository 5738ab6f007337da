"""The tables and the rules that every database keeps."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import InvalidRequestError, StatementError
from sqlalchemy.orm import Session

from portal.storage import database
from portal.storage.database import connect, transaction
from portal.storage.migrate import is_current, upgrade
from portal.storage.models import Base, EventRecord, Organiser


def organiser(created_at: datetime) -> Organiser:
    return Organiser(
        email="a@b.example", email_key="a@b.example", password_hash="", role="owner", created_at=created_at
    )


def test_the_migrations_make_the_tables_that_the_models_describe(database_url: str) -> None:
    engine = connect(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    assert is_current(engine)
    engine.dispose()


def test_upgrading_twice_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    engine = connect(database_url)
    assert is_current(engine)
    engine.dispose()


def test_a_time_comes_back_in_utc_whatever_its_zone_was(database_url: str) -> None:
    engine = connect(database_url)
    written = datetime(2027, 1, 4, 10, tzinfo=timezone(timedelta(hours=1)))
    with Session(engine) as session, transaction(session):
        session.add(organiser(written))
    with Session(engine) as session:
        kept = session.get_one(Organiser, 1).created_at
        assert (kept, kept.tzinfo) == (written, UTC)
    engine.dispose()


def test_a_time_without_a_zone_is_refused(database_url: str) -> None:
    engine = connect(database_url)
    with (
        Session(engine) as session,
        pytest.raises(StatementError, match="without a zone"),
        transaction(session),
    ):
        session.add(organiser(datetime(2027, 1, 4, 10)))  # noqa: DTZ001
    engine.dispose()


def test_every_constraint_has_a_name() -> None:
    for table in Base.metadata.tables.values():
        for constraint in table.constraints:
            assert constraint.name, f"{table.name}: {constraint!r}"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_connection_that_was_closed_while_nobody_used_it_is_not_handed_out(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "QUIET", -1)
    engine, other = connect(database_url), connect(database_url)
    with engine.connect() as connection:
        number = connection.scalar(text("SELECT pg_backend_pid()"))
    with other.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:number)"), {"number": number})
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT 1")) == 1
    engine.dispose()
    other.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        insert(EventRecord).values(slug="x"),
        update(Organiser).values(role="owner"),
        delete(Organiser),
    ],
)
def test_a_forgotten_transaction_is_an_error_and_leaves_nothing(database_url: str, statement: Any) -> None:
    engine = connect(database_url)
    with Session(engine) as session:
        # Neither before one, nor after one, on the connection that it used.
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="outside a transaction"):
                session.execute(statement)
            session.rollback()
            assert session.scalars(select(EventRecord)).all() == []
            with transaction(session):
                session.execute(select(Organiser.id).with_for_update())
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lock_that_would_end_with_its_statement_is_an_error(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, pytest.raises(InvalidRequestError, match="outside a transaction"):
        session.execute(select(Organiser.id).with_for_update(key_share=True))
    engine.dispose()

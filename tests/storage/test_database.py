"""The tables and the rules that every database keeps."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session

from portal.storage import database
from portal.storage.database import connect
from portal.storage.migrate import is_current, upgrade
from portal.storage.models import Base, Organiser


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
    with Session(engine) as session:
        session.add(organiser(written))
        session.commit()
    with Session(engine) as session:
        kept = session.get_one(Organiser, 1).created_at
        assert (kept, kept.tzinfo) == (written, UTC)
    engine.dispose()


def test_a_time_without_a_zone_is_refused(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, pytest.raises(StatementError, match="without a zone"):
        session.add(organiser(datetime(2027, 1, 4, 10)))  # noqa: DTZ001
        session.commit()
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

"""All rows of one database arrive in another, whatever happens on the way."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from portal.domain import accounts
from portal.storage import migrate
from portal.storage.copy import CopyRefused, copy
from portal.storage.database import connect, transaction, writing
from portal.storage.models import Letter, Organiser, Registration
from portal.storage.tables import names_in, tables
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.filled import fill_tables
from tests.support.live import PORTAL, THIS_TREE
from tests.support.many import sign_up_many
from tests.support.portal import PASSWORD
from tests.support.rows import rows_of

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
MANY = 2_500


def silent(_line: str) -> None:
    """Nobody reads it."""


@pytest.fixture
def source(database_url: str) -> str:
    """A database with a row in each table and a few hundred registrations; the test runs with each kind."""
    engine = connect(database_url)
    with engine.connect().execution_options(**writing(engine)) as connection, connection.begin():
        fill_tables(connection)
    sign_up_many(engine, "many", confirmed=1_200, waiting=40, at=NOW)
    with Session(engine) as session, transaction(session):
        # What a careless copy would change: a null in JSON, which is no NULL, blanks in it, and letters of no ASCII.
        session.execute(update(Letter).where(Letter.id == 5).values(transfer=None, subject="Zoë 🤖 \u2028"))
        session.execute(text("UPDATE letters SET codes = '[ \"a\" ]' WHERE id = 6"))
    engine.dispose()
    return database_url


@pytest.fixture
def target(
    database_url: str, sqlite_databases: SqliteDatabases, postgresql_databases: PostgresDatabases
) -> Iterator[str]:
    """A database of the other kind, with the tables and no rows."""
    other = postgresql_databases if database_url.startswith("sqlite") else sqlite_databases
    with other.fresh() as url:
        yield url


def raw_json(url: str) -> list[Any]:
    engine = connect(url)
    with engine.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT id, CAST(codes AS TEXT), codes IS NULL, CAST(transfer AS TEXT), transfer IS NULL FROM letters"
            )
        ).all()
    engine.dispose()
    return sorted((row[0], row[1], bool(row[2]), row[3], bool(row[4])) for row in kept)


def test_every_row_arrives_as_it_was_and_the_copy_numbers_on(source: str, target: str) -> None:
    lines: list[str] = []
    total = copy(source, target, lines.append)
    there = rows_of(source)
    assert rows_of(target) == there
    assert all(there.values()), "a table without a row proves nothing"
    assert raw_json(target) == raw_json(source)
    assert total == sum(map(len, there.values()))
    assert [line.partition(":")[0] for line in lines] == [table.name for table in tables()]
    engine = connect(target)
    assert migrate.is_current(engine)
    with Session(engine) as session, transaction(session):
        accounts.add(session, "new@leraars.example", "owner", PASSWORD, now=NOW)
        number = session.scalars(select(Organiser.id).where(Organiser.email == "new@leraars.example")).one()
        assert number == session.scalar(select(func.max(Organiser.id)))
    engine.dispose()


def test_a_copy_there_and_back_is_the_same(
    source: str, target: str, tmp_path: Path, postgresql_databases: PostgresDatabases
) -> None:
    with postgresql_databases.fresh() as another:
        back = another if source.startswith("postgresql") else f"sqlite:///{tmp_path / 'back' / 'portal.db'}"
        copy(source, target, silent)
        copy(target, back, silent)
        assert rows_of(back) == rows_of(source)
        assert raw_json(back) == raw_json(source)


def test_a_copy_that_is_killed_goes_on_where_it_was(database_url: str, target: str) -> None:
    engine = connect(database_url)
    sign_up_many(engine, "many", confirmed=MANY, at=NOW)
    engine.dispose()
    command = [*PORTAL, "db", "copy", database_url, target]
    environment = {"PATH": os.environ["PATH"]} | THIS_TREE
    to = connect(target)

    def arrived() -> int:
        with suppress(DBAPIError), to.connect() as connection:
            return connection.scalar(select(func.count()).select_from(Registration)) or 0
        return 0

    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    while not arrived():
        assert running.poll() is None, "it was over before anybody looked"
    running.kill()
    running.wait()
    assert (before := arrived()) > 0, "nothing had arrived"
    # Nobody takes half a copy for a portal's database.
    assert not migrate.is_current(to)
    to.dispose()
    assert before < MANY or rows_of(target) != rows_of(database_url)
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" rows copied and compared\n")
    assert rows_of(target) == rows_of(database_url)
    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "TO holds data" in again.stderr


class Interrupted(Exception):
    """As when somebody presses Ctrl-C."""


def interrupt_at(name: str) -> Callable[[str], None]:
    def tell(line: str) -> None:
        if line.startswith(f"{name}:"):
            raise Interrupted

    return tell


def test_what_changed_at_the_source_before_it_went_on_is_noticed(source: str, target: str) -> None:
    with pytest.raises(Interrupted):
        copy(source, target, interrupt_at("registrations"))
    engine = connect(source)
    with Session(engine) as session, transaction(session):
        session.execute(update(Registration).where(Registration.id == 7).values(school="Elsewhere"))
    engine.dispose()
    with pytest.raises(CopyRefused, match="registrations: row 7 is not the same"):
        copy(source, target, silent)


def test_an_unfinished_copy_takes_nothing_from_another_source(
    source: str, target: str, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        copy(source, target, interrupt_at("registrations"))
    other = f"sqlite:///{tmp_path / 'other.db'}"
    migrate.upgrade(other)
    with pytest.raises(CopyRefused, match="unfinished copy of "):
        copy(other, target, silent)
    with pytest.raises(CopyRefused, match="another version"):
        copy(target, other, silent)


def test_a_target_that_holds_data_is_left_alone(source: str, target: str) -> None:
    engine = connect(target)
    with Session(engine) as session, transaction(session):
        accounts.add(session, "an@leraars.example", "owner", PASSWORD, now=NOW)
    engine.dispose()
    before = rows_of(target)
    with pytest.raises(CopyRefused, match="TO holds data"):
        copy(source, target, silent)
    assert rows_of(target) == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_source_that_is_missing_old_or_the_target_itself_is_refused(
    database_url: str, target: str, tmp_path: Path
) -> None:
    with pytest.raises(CopyRefused, match="no database at"):
        copy(f"sqlite:///{tmp_path / 'x.db'}", target, silent)
    assert not (tmp_path / "x.db").exists()
    with pytest.raises(CopyRefused, match="the same database"):
        copy(database_url, database_url, silent)
    engine = connect(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0005'"))
    with pytest.raises(CopyRefused, match="FROM has the tables of another version"):
        copy(database_url, target, silent)
    engine.dispose()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_postgresql_does_not_take_is_named_and_can_be_mended(database_url: str, target: str) -> None:
    engine = connect(database_url)
    sign_up_many(engine, "many", confirmed=3, at=NOW)
    with Session(engine) as session, transaction(session):
        session.execute(update(Registration).where(Registration.id == 2).values(phone="1" * 60))
    with pytest.raises(CopyRefused, match=r"registrations: a row cannot be written to TO: .*50"):
        copy(database_url, target, silent)
    with Session(engine) as session, transaction(session):
        session.execute(update(Registration).where(Registration.id == 2).values(phone="1"))
    engine.dispose()
    copy(database_url, target, silent)
    assert rows_of(target) == rows_of(database_url)


def test_no_table_of_the_schema_is_left_out(database_url: str) -> None:
    engine = connect(database_url)
    with engine.connect() as connection:
        assert set(names_in(connection)) == {table.name for table in tables()}
    engine.dispose()

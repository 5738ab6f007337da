"""The schema goes up with people in it, from every version that ever was, or stays as it is."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, MetaData, column, inspect, select, text
from sqlalchemy import table as sql_table
from sqlalchemy.exc import DBAPIError

from portal.storage import migrate
from portal.storage.database import connect, writing
from portal.storage.models import Base
from portal.storage.tables import VERSION_TABLE, tables
from tests.support.filled import fill_tables

BEFORE = """
INSERT INTO events (slug, title) VALUES ('nascholing', 'Nascholing');
INSERT INTO registrations (id, reference, event_slug, form_id, token_hash, email, email_key, phone, school, remarks,
  newsletter, event_title, language, privacy_version, created_at, passed)
  VALUES (7, 'K7M2-QX4P', 'nascholing', 'f', 'h', 'a@b.example', 'a@b.example', '', '', '', false,
  'Nascholing', 'nl', '1', :at, 0);
INSERT INTO letters (id, registration_id, kind, language, recipient, reply_to, message_id, subject, text, html,
  created_at, state, due_at, attempts, error)
  VALUES (3, 7, 'confirmed', 'nl', 'a@b.example', '', '<x@y>', 'S', 'T', 'H', :at, 'waiting', :at, 0, '')
"""

HALF_A_MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "next", "{newest}", None, None


def upgrade():
    op.create_table("novelties", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("events", sa.Column("novelty", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("letters") as batch_op:
        batch_op.alter_column("subject", existing_type=sa.Text(), nullable=True)
    op.execute("UPDATE events SET title = 'other'")
    op.execute("DELETE FROM letters")
    op.execute("INSERT INTO there_is_no_such_table VALUES (1)")
"""


def move(engine: Engine, to: str, more: Path | None = None) -> None:
    """To that version; ``more`` is another folder with versions."""
    config = migrate._config()
    if more:
        config.set_main_option("version_locations", f"{migrate.MIGRATIONS / 'versions'} {more}")
        config.set_main_option("path_separator", "space")
    config.attributes["engine"] = engine
    (command.downgrade if to == "base" else command.upgrade)(config, to)


BECAME = {"reset_requests": "link_requests"}


def rows(connection: Connection, as_then: MetaData) -> dict[str, list[dict[str, Any]]]:
    """All rows, with the columns that there were then; those of a table that became part of another without their
    number."""
    there = set(inspect(connection).get_table_names())
    found = {}
    for table in as_then.sorted_tables:
        if table.name in BECAME:
            columns = [column(each.name, each.type) for each in table.columns if each.name != "id"]
            name = table.name if table.name in there else BECAME[table.name]
            query = select(*columns).select_from(sql_table(name))
        else:
            query = select(table)
        if table.name != VERSION_TABLE:
            found[table.name] = [dict(row._mapping) for row in connection.execute(query)]
    return found


def test_letters_of_before_know_their_event_and_since_when_they_wait(database_url: str) -> None:
    engine = connect(database_url)
    move(engine, "base")
    move(engine, "0001")
    with engine.begin() as connection:
        for statement in BEFORE.split(";"):
            written = text(statement)
            connection.execute(written, {"at": "2027-01-04 09:00:00+00:00"} if ":at" in statement else {})
    move(engine, "head")
    assert migrate.is_current(engine)
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT event_slug, queued_at = created_at, calendar, sequence FROM letters")
        ).one()
    assert (row[0], bool(row[1]), row[2], row[3]) == ("nascholing", True, "", None)
    engine.dispose()


def test_the_versions_are_known_without_reading_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(migrate._config()).walk_revisions()
    assert migrate.versions() == tuple(script.revision for script in scripts)[::-1]


@pytest.mark.parametrize("version", migrate.versions())
def test_what_a_version_holds_goes_up_to_the_newest_unchanged(database_url: str, version: str) -> None:
    engine = connect(database_url)
    move(engine, "base")
    move(engine, version)
    with engine.connect().execution_options(**writing(engine)) as connection, connection.begin():
        as_then = fill_tables(connection)
        before = rows(connection, as_then)
    assert all(len(found) == 1 for found in before.values())
    assert before.keys() >= {
        "events",
        "registrations",
        "attendees",
        "answers",
        "history",
        "letters",
        "organisers",
    }
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        assert rows(connection, as_then) == before
        if engine.dialect.name == "sqlite":
            assert connection.execute(text("PRAGMA foreign_key_check")).all() == []
    engine.dispose()


def test_the_newest_version_has_the_tables_that_the_code_expects(database_url: str) -> None:
    assert tables()
    engine = connect(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


@pytest.mark.parametrize("version", [migrate.versions()[0], migrate.versions()[-1]])
def test_a_migration_that_fails_half_way_leaves_the_database_as_it_was(
    database_url: str, tmp_path: Path, version: str
) -> None:
    # Several versions at once are one step: who comes from the first stays there.
    (tmp_path / "next.py").write_text(HALF_A_MIGRATION.format(newest=migrate.versions()[-1]))
    engine = connect(database_url)
    move(engine, "base")
    move(engine, version)
    with engine.connect().execution_options(**writing(engine)) as connection, connection.begin():
        as_then = fill_tables(connection)
        before, there = rows(connection, as_then), shape(connection)
    with pytest.raises(DBAPIError, match="there_is_no_such_table"):
        move(engine, "head", more=tmp_path)
    with engine.connect() as connection:
        assert shape(connection) == there
        assert rows(connection, as_then) == before
        assert migrate.revision_of(connection) == version
    move(engine, "head")
    assert migrate.is_current(engine)
    engine.dispose()


def shape(connection: Connection) -> dict[str, str]:
    """Each table with its columns, keys and indexes."""
    seen = inspect(connection)
    return {
        name: repr(
            (seen.get_columns(name), seen.get_foreign_keys(name), [i["name"] for i in seen.get_indexes(name)])
        )
        for name in seen.get_table_names()
    }

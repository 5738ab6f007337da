"""All rows of one database into another: from SQLite to PostgreSQL, and back.

Each table is read in the order of its key and written in batches, each a transaction of its own, so that a copy that
was killed goes on after the last row that arrived. At the end every row of both is compared. Until then the target has
a table that says whose copy it is, and no schema version: no portal serves from half of a copy.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    CursorResult,
    Dialect,
    Engine,
    MetaData,
    Select,
    String,
    Table,
    Text,
    bindparam,
    cast,
    collate,
    func,
    insert,
    literal,
    make_url,
    select,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from portal.storage import migrate
from portal.storage.database import connect, snapshot, transaction
from portal.storage.tables import VERSION_TABLE, holds_data, names_in, tables

BATCH = 1_000
NEW = "new_"
"""Before a column's name: its value in an INSERT."""
UNFINISHED = Table("unfinished_copy", MetaData(), Column("source", Text, nullable=False))
"""Is in the target while a copy is under way."""


class CopyRefused(Exception):
    """Nothing more was written; the message is one line that says why."""


def copy(source: str, target: str, tell: Callable[[str], object]) -> int:
    """Copy every row of ``source`` into ``target`` (URLs); ``tell`` a line for each table, return how many rows.

    The target has no rows, or is an unfinished copy of this source. The source should not be written to meanwhile: what
    came later is not copied. Raises CopyRefused.
    """
    if make_url(source) == make_url(target):
        raise CopyRefused("FROM and TO are the same database")
    with _engine(source) as from_, _engine(target) as to:
        _refuse_source(from_)
        _begin(to, target, _name(source))
        with snapshot(from_) as reading:
            for table in tables():
                tell(f"{table.name}: {_copy_table(reading, to, table)} rows")
            with snapshot(to) as copied:
                total = sum(_compare(reading, copied, table) for table in tables())
        _finish(to)
    return total


def _refuse_source(engine: Engine) -> None:
    database = engine.url.database
    if engine.dialect.name == "sqlite" and not Path(str(database)).is_file():
        raise CopyRefused(f"there is no database at {database}")
    if not migrate.is_current(engine):
        raise CopyRefused(
            "FROM has the tables of another version: bring it up to this one first (portal db upgrade)"
        )
    with engine.connect() as connection:
        # A table that this code does not know would be left behind in silence.
        if others := set(names_in(connection)) - {table.name for table in tables()}:
            raise CopyRefused(f"FROM has tables that are not the portal's: {', '.join(sorted(others))}")


def _begin(engine: Engine, url: str, source: str) -> None:
    """Leave the target with our tables, marked as an unfinished copy; or refuse it."""
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    with engine.connect() as connection:
        there = names_in(connection)
        if UNFINISHED.name in there:
            begun = connection.scalar(select(UNFINISHED.c.source))
            if begun != source:
                raise CopyRefused(
                    f"TO is an unfinished copy of {begun}: finish that, or name an empty database"
                )
            return
        if holds_data(connection):
            raise CopyRefused("TO holds data: nothing was changed; name an empty database")
        if there and migrate.revision_of(connection) != migrate.versions()[-1]:
            raise CopyRefused("TO has the tables of another version: name an empty database")
    migrate.upgrade(url)
    with Session(engine) as session, transaction(session):
        UNFINISHED.create(session.connection())
        session.execute(insert(UNFINISHED).values(source=source))
        session.execute(text(f"DELETE FROM {VERSION_TABLE}"))  # noqa: S608


def _finish(engine: Engine) -> None:
    """Make the copy a database of the portal's."""
    with Session(engine) as session, transaction(session):
        if engine.dialect.name == "postgresql":
            for table in tables():
                _continue_numbering(session.connection(), table)
        UNFINISHED.drop(session.connection())
        session.execute(
            text(f"INSERT INTO {VERSION_TABLE} (version_num) VALUES (:version)"),  # noqa: S608
            {"version": migrate.versions()[-1]},
        )


def _continue_numbering(connection: Connection, table: Table) -> None:
    """PostgreSQL's own numbers go on after ours; SQLite's do by themselves."""
    column = table.autoincrement_column
    if column is None:
        return
    sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
    if sequence and (last := connection.scalar(select(func.max(column)))):
        connection.execute(select(func.setval(sequence, last)))


def _copy_table(reading: Connection, to: Engine, table: Table) -> int:
    """Write what is not there yet; returns how many rows the target has then. Raises CopyRefused."""
    rows = _rows(table, reading.dialect)
    with Session(to) as session:
        number = session.scalar(select(func.count()).select_from(table)) or 0
        if number:
            rows = rows.where(_later(table, _last(session.connection(), table), reading.dialect))
        names = [NEW + column.name for column in table.columns]
        into = insert(table).values({column.name: _arriving(column, to.dialect) for column in table.columns})
        with closing(reading.execute(rows.execution_options(yield_per=BATCH))) as found:
            for batch in found.partitions():
                try:
                    with transaction(session):
                        session.connection().execute(
                            into,
                            [dict(zip(names, row, strict=True)) for row in batch],
                        )
                except (IntegrityError, DataError) as error:
                    # Such as what is longer than PostgreSQL allows, and SQLite did not mind.
                    first, *_more = str(error.orig).splitlines()
                    raise CopyRefused(f"{table.name}: a row cannot be written to TO: {first}") from error
                number += len(batch)
    return number


def _compare(reading: Connection, copied: Connection, table: Table) -> int:
    """How many rows the table has; raises CopyRefused when one is not the same on both sides."""
    number = 0
    with _streamed(reading, table) as originals, _streamed(copied, table) as others:
        for original, other in zip_longest(originals, others):
            if original != other:
                row = original if original is not None else other
                key = ", ".join(f"{row._asdict()[column.name]}" for column in table.primary_key)
                raise CopyRefused(
                    f"{table.name}: row {key} is not the same in both, so FROM was written to meanwhile: stop the "
                    "portal, and copy into another, empty database"
                )
            number += 1
    return number


def _streamed(connection: Connection, table: Table) -> AbstractContextManager[CursorResult[Any]]:
    return closing(connection.execute(_rows(table, connection.dialect).execution_options(yield_per=BATCH)))


def _rows(table: Table, dialect: Dialect) -> Select[Any]:
    """All rows in the order of their key, which is the same order on every database."""
    columns = [_stored(column, dialect).label(column.name) for column in table.columns]
    return select(*columns).order_by(*_key(table, dialect))


def _stored(column: Column[Any], dialect: Dialect) -> ColumnElement[Any]:
    """As it is kept: JSON is text, of which not a blank is to change, and a null in it is no NULL."""
    if not isinstance(column.type, JSON):
        return column
    return type_coerce(column, Text) if dialect.name == "sqlite" else cast(column, Text)


def _arriving(column: Column[Any], dialect: Dialect) -> ColumnElement[Any]:
    """The place in an INSERT of what ``_stored`` gave."""
    if not isinstance(column.type, JSON):
        return bindparam(NEW + column.name, type_=column.type)
    value = bindparam(NEW + column.name, type_=Text)
    return value if dialect.name == "sqlite" else cast(value, JSON)


def _key(table: Table, dialect: Dialect) -> list[ColumnElement[Any]]:
    """By their bytes, as SQLite sorts; a PostgreSQL may have been told to sort as people do."""
    return [
        collate(column, "C") if isinstance(column.type, String) and dialect.name != "sqlite" else column
        for column in table.primary_key
    ]


def _last(connection: Connection, table: Table) -> tuple[Any, ...]:
    """The key of the last row that arrived."""
    backwards = [column.desc() for column in _key(table, connection.dialect)]
    return tuple(connection.execute(select(*table.primary_key).order_by(*backwards).limit(1)).one())


def _later(table: Table, last: tuple[Any, ...], dialect: Dialect) -> ColumnElement[bool]:
    values = [literal(value, column.type) for value, column in zip(last, table.primary_key, strict=True)]
    return tuple_(*_key(table, dialect)) > tuple_(*values)


def _name(url: str) -> str:
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def _engine(url: str) -> Iterator[Engine]:
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()

"""A new registration, written beside the unit of work.

The unit of work sorts what is new and looks after all that any row could have to do with another. For a registration
with its people that took half of the time for which a sign-up holds up everybody else (``docs/performance.md``). Here
it is known what hangs on what.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from json import JSONEncoder
from typing import Any, TypeAlias, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Select, Table, insert, select
from sqlalchemy.orm import Session, make_transient_to_detached
from sqlalchemy.sql.schema import ScalarElementColumnDefault

from portal.storage.database import INSERTED
from portal.storage.models import Base, HistoryEntry, Letter, Registration

REGISTRATION_ID = "registration_id"
"""How a registration's number is called in all that hangs on it."""

Rows: TypeAlias = Mapping[Table, Sequence[Base]]
"""What is written, by table; in all rows of one the same is set."""


def insert_registration(
    session: Session,
    registration: Registration,
    entry: HistoryEntry | None = None,
    letter: Letter | None = None,
) -> None:
    """Write a new registration with its people, their answers and its billing address, an entry of its history and a
    letter about it, inside a ``transaction``. All of it stands in the session then, as after ``add`` and ``flush``,
    until it is taken back.

    Its event has to be there. Raises IntegrityError.
    """
    beside: list[Base] = [row for row in (entry, letter) if row]
    rows = _by_table(registration, beside)
    connection = session.connection()
    numbers = (
        _in_one(connection, rows) if connection.dialect.name == "postgresql" else _in_turn(connection, rows)
    )
    for row, number in zip(cast("Sequence[Any]", (registration, *beside)), numbers, strict=True):
        row.id = number
    written = list(chain(*rows.values()))
    for row in written:
        if row is not registration:
            setattr(row, REGISTRATION_ID, registration.id)
        make_transient_to_detached(row)
    session.add_all((registration, *beside))
    session.info.setdefault(INSERTED, []).extend(written)


def _by_table(registration: Registration, beside: Sequence[Base]) -> Rows:
    people = registration.attendees
    for person in people:
        for answer in person.all_answers:
            answer.position = person.position
    answers = [answer for person in people for answer in person.all_answers]
    billing = [registration.billing] if registration.billing else []
    kinds: list[Sequence[Base]] = [[registration], people, answers, billing, *([row] for row in beside)]
    return {cast("Table", type(rows[0]).__table__): rows for rows in kinds if rows}


def _in_turn(connection: Connection, rows: Rows) -> Sequence[int]:
    """A statement for each table. Gives the numbers of the rows that have one of their own, as the database made
    them."""
    numbers: list[int] = []
    for table, of_table in rows.items():
        named = {REGISTRATION_ID: numbers[0]} if numbers else {}
        values = [_values(row, table) | named for row in of_table]
        done = connection.execute(insert(table), values if len(values) > 1 else values[0])
        if "id" in table.c:
            numbers += done.inserted_primary_key or ()
    return numbers


def _in_one(connection: Connection, rows: Rows) -> Sequence[int]:
    """The same in one statement: to PostgreSQL each is a journey, which takes longer than its work. It is the same
    statement for any number of people, whose rows travel as JSON (as ``json_to_recordset`` reads it)."""
    values = {table: [_values(row, table) for row in of_table] for table, of_table in rows.items()}
    kinds = []
    for table, of_table in values.items():
        (names,) = {tuple(of_row) for of_row in of_table}
        kinds.append((table, names))
    sent = {table.name: _encode(of_table) for table, of_table in values.items()}
    return connection.execute(_statement(tuple(kinds)), sent).one()


@lru_cache
def _statement(kinds: tuple[tuple[Table, tuple[str, ...]], ...]) -> Select[Any]:
    """Writes to each table what is set in its rows, the registration's first, and asks for the numbers they get.

    Its text stays short: psycopg takes what has more than 4,096 characters apart anew each time.
    """
    sent: sa.ColumnElement[Any] = sa.literal_column("sent.*")
    written: list[sa.CTE] = []
    for table, names in kinds:
        text = sa.cast(sa.bindparam(table.name, type_=sa.Text), sa.JSON)
        columns = [sa.column(name, table.c[name].type) for name in names]
        rows = sa.func.json_to_recordset(text).table_valued(*columns)
        rows = rows.render_derived(name="sent", with_types=True)
        if written:
            values = select(sent, written[0].c.id).select_from(rows.join(written[0], sa.true()))
            new = insert(table).from_select([*names, REGISTRATION_ID], values, include_defaults=False)
        else:
            values = select(sent).select_from(rows)
            new = insert(table).from_select(names, values, include_defaults=False)
        if "id" in table.c:
            new = new.returning(table.c.id)
        written.append(new.cte(f"new_{table.name}"))
    numbers = (select(new.c.id).scalar_subquery() for new in written if "id" in new.c)
    return select(*numbers).add_cte(*written)


def _values(row: Base, table: Table) -> dict[str, Any]:
    """What a row says, or its table by default, in the order of its columns."""
    said = vars(row)
    values = {}
    for one in table.c:
        if one.name in said and one.name != REGISTRATION_ID:
            values[one.name] = said[one.name]
        elif isinstance(one.default, ScalarElementColumnDefault):
            values[one.name] = one.default.arg
    return values


def _plain(value: object) -> str:
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).isoformat()
    raise ValueError(f"a {type(value).__name__} cannot be stored, or has no zone")


_encode = JSONEncoder(ensure_ascii=False, default=_plain).encode

"""A row in each table, made of what the database itself says of its columns: also in tables of long ago or to come."""

import re
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    insert,
    inspect,
)

AT = datetime(2027, 1, 4, 9, 30, 0, 123456, tzinfo=UTC)
ALLOWED = re.compile(r"\"?(\w+)\"?(?:\)?::\w+(?: \w+)*)? (?:IN \(|= ANY \(+ARRAY\[)\(?'(\w*)'")
"""In a CHECK, as either database tells it: a column and the first of the words that it may have."""


def fill_tables(connection: Connection) -> MetaData:
    """Write a row with a value in every column into every table; what has one already is left."""
    there = MetaData()
    there.reflect(connection)
    given: dict[tuple[str, str], Any] = {}
    for table in there.sorted_tables:
        if table.name == "alembic_version":
            continue
        words = _words(connection, table)
        for column in table.columns:
            referred = [key.column for key in column.foreign_keys]
            value = (
                given[referred[0].table.name, referred[0].name]
                if referred
                else words.get(column.name, _value(column))
            )
            given[table.name, column.name] = value
        row = {column.name: given[table.name, column.name] for column in table.columns}
        connection.execute(insert(table).values(row))
    return there


def _words(connection: Connection, table: Table) -> dict[str, str]:
    checks = inspect(connection).get_check_constraints(table.name)
    return dict(pair for check in checks for pair in ALLOWED.findall(check["sqltext"]))


def _value(column: Column[Any]) -> Any:
    match column.type:
        case Boolean():
            return True
        case Integer():
            return 3
        case DateTime():
            return AT
        case Date():
            return date(2027, 1, 3)
        case LargeBinary():
            return b"\x00\xffkey"
        case JSON():
            return [{"position": 0, "status": "confirmed", "ticket": "é"}]
        case String() as text:
            return f"{column.table.name} {column.name} é"[: text.length]
    raise AssertionError(f"{column}: what would stand in a {column.type}?")

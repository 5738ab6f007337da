"""All tables of the portal, and what a database really has in it."""

from sqlalchemy import Connection, Table, func, inspect, literal, select, table

from portal.storage.models import Base

VERSION_TABLE = "alembic_version"


def tables() -> list[Table]:
    """Every table that this version has, in an order in which rows can be written: what is referred to comes first."""
    return Base.metadata.sorted_tables


def names_in(connection: Connection) -> list[str]:
    """The tables that the database has, ours or not, but for the one with the schema's version."""
    return sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})


def count_rows(connection: Connection) -> dict[str, int]:
    """How many rows each of the database's tables has."""
    return {
        name: connection.execute(select(func.count()).select_from(table(name))).scalar_one()
        for name in names_in(connection)
    }


def holds_data(connection: Connection) -> bool:
    """Whether any table has a row."""
    return any(
        connection.execute(select(literal(1)).select_from(table(name)).limit(1)).first()
        for name in names_in(connection)
    )

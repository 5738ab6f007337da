"""What a database holds, row by row, to compare it with another."""

from sqlalchemy import Engine

from portal.storage.database import connect
from portal.storage.tables import tables


def rows_of(database: str | Engine) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table of the portal's, in an order that is the same on each kind of database."""
    engine = connect(database) if isinstance(database, str) else database
    try:
        with engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
                for table in tables()
            }
    finally:
        if isinstance(database, str):
            engine.dispose()

"""Fresh databases with the portal's tables, cheap enough to give every test its own."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from portal.storage.migrate import upgrade

TEMPLATE = "portal_template"
LARGE = 32_000_000  # bytes


class SqliteDatabases:
    """Migrates one file, and hands out copies of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        upgrade(f"sqlite:///{folder / TEMPLATE}")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of an empty database, which is deleted afterwards."""
        with TemporaryDirectory(dir=self._folder) as own:
            database = Path(own) / "portal.db"
            shutil.copyfile(self._folder / TEMPLATE, database)
            yield f"sqlite:///{database}"


class PostgresDatabases:
    """Migrates one database of the server at ``server_url``, lets the server copy it, and empties the copies again: a
    copy takes ten times as long."""

    def __init__(self, server_url: str) -> None:
        self._server_url = make_url(server_url)
        self._numbers = count(1)
        self._empty: list[str] = []
        self._run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self._address(TEMPLATE))
        self._schema = _schema(self._address(TEMPLATE))

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of an empty database, which is gone afterwards, whoever is still connected."""
        if self._empty:
            name = self._empty.pop()
        else:
            name = f"portal_{next(self._numbers)}"
            self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        try:
            yield self._address(name)
        finally:
            everybody = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
            self._run(everybody)
            if self._emptied(name):
                self._empty.append(name)
            else:
                self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _emptied(self, name: str) -> bool:
        """Whether it could be: not when it is no longer made as the template, or has grown to many pages."""
        address = self._address(name)
        (size,) = _execute(address, "SELECT pg_database_size(current_database())")[0]
        if size > LARGE or _schema(address) != self._schema:
            return False
        tables = sorted({name for kind, name, _ in self._schema if kind == "column"} - {"alembic_version"})
        # In the role of a replica no trigger and no foreign key has a say. TRUNCATE takes as long as a test.
        deletes = "; ".join(f"DELETE FROM {table}" for table in tables)  # noqa: S608
        _execute(address, f"SET session_replication_role = replica; {deletes}")
        _execute(
            address,
            "SELECT setval(format('%I', sequencename), 1, false) FROM pg_sequences WHERE schemaname = 'public'",
        )
        return True

    def _address(self, database: str) -> str:
        return self._server_url.set(database=database).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        _execute(self._address(str(self._server_url.database)), statement)


SCHEMA = """
SELECT 'column', table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'other', relname, relkind::text FROM pg_class WHERE relnamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname, '' FROM pg_proc WHERE pronamespace = 'public'::regnamespace
UNION ALL SELECT 'trigger', tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'version', version_num, '' FROM alembic_version
ORDER BY 1, 2, 3
"""


def _schema(address: str) -> Sequence[tuple[str, str, str]]:
    """All that a migration or a test may have made, each with its kind; nothing when there are no tables at all."""
    try:
        return [(row[0], row[1], row[2]) for row in _execute(address, SCHEMA)]
    except ProgrammingError:
        return []


def _execute(address: str, statement: str) -> Sequence[Any]:
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        return result.all() if result.returns_rows else []

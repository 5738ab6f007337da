"""Fresh databases with the portal's tables, cheap enough to give every test its own."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine, make_url, text

from portal.storage.migrate import upgrade

TEMPLATE = "portal_template"


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
    """Migrates one database of the server at ``server_url``, and lets the server copy it."""

    def __init__(self, server_url: str) -> None:
        self._server_url = make_url(server_url)
        self._numbers = count(1)
        self._run(f"CREATE DATABASE {TEMPLATE}")
        upgrade(self._address(TEMPLATE))

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """The address of an empty database, which is dropped afterwards, whoever is still connected."""
        name = f"portal_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield self._address(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _address(self, database: str) -> str:
        return self._server_url.set(database=database).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        engine = create_engine(self._server_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()

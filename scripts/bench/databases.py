"""The databases that are measured: as safe as in use, for a quick one would flatter."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.durable import start_durable_postgres

KINDS = ("SQLite", "PostgreSQL")

Fresh = Callable[[], AbstractContextManager[str]]


@contextmanager
def databases() -> Iterator[Mapping[str, Fresh]]:
    """By name, what gives the address of an empty database with the portal's tables."""
    with TemporaryDirectory() as folder, start_durable_postgres() as server:
        fresh = SqliteDatabases(Path(folder)).fresh, PostgresDatabases(server.url).fresh
        yield dict(zip(KINDS, fresh, strict=True))

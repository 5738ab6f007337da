"""The schema's versions: Alembic on the scripts in ``migrations/``, loaded only when there is something to do."""

from contextlib import nullcontext
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from portal import resource
from portal.storage.database import connect
from portal.storage.queue import writers_queue

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS = resource("migrations")


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def upgrade(url: str) -> None:
    """Bring the database at ``url`` to the newest schema; nothing happens when it is there already."""
    engine = connect(url)
    embedded = engine.dialect.name == "sqlite"
    if embedded:
        Path(str(engine.url.database)).parent.mkdir(parents=True, exist_ok=True)
    try:
        if is_current(engine):
            return
        from alembic import command

        config = _config()
        config.attributes["engine"] = engine
        # Two servers that start at once migrate one after the other.
        with writers_queue(str(engine.url.database)) if embedded else nullcontext():
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_current(engine: Engine) -> bool:
    """Whether the database has the schema that this code expects."""
    with engine.connect() as connection:
        return revision_of(connection) == versions()[-1]


def revision_of(connection: Connection) -> str | None:
    """The version of the schema that the database has; None for one without our tables."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


@cache
def versions() -> tuple[str, ...]:
    """The schema's versions that this code knows, oldest first: the scripts carry them in front of their names."""
    scripts = sorted(script.name for script in (MIGRATIONS / "versions").glob("*.py"))
    return tuple(name.partition("_")[0] for name in scripts)

"""The schema's versions: Alembic on the scripts in ``migrations/``."""

from contextlib import nullcontext
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from portal import resource
from portal.storage.database import connect
from portal.storage.queue import writers_queue

MIGRATIONS = resource("migrations")


def _config() -> Config:
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
    return MigrationContext.configure(connection).get_current_revision()


def versions() -> list[str]:
    """The schema's versions that this code knows, oldest first."""
    scripts = ScriptDirectory.from_config(_config())
    return [script.revision for script in scripts.walk_revisions()][::-1]

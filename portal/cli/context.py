"""What the commands share: the settings in force, a session on the database, and errors said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.orm import Session

from portal.content.catalogue import SiteError
from portal.domain.errors import AccountRefused
from portal.formats.statements import StatementError
from portal.settings import SettingError, Settings
from portal.storage import migrate
from portal.storage.backup import BackupRefused
from portal.storage.copy import CopyRefused
from portal.storage.database import connect

TOLD_WRONGLY = (SettingError, SiteError, AccountRefused, StatementError, BackupRefused, CopyRefused)


@contextmanager
def in_one_line() -> Iterator[None]:
    """What was told wrongly is answered by one line, not by a traceback."""
    try:
        yield
    except TOLD_WRONGLY as error:
        raise click.ClickException(str(error)) from None


def settings_in_force() -> Settings:
    """The settings that the environment and ``.env`` give."""
    with in_one_line():
        return Settings.load()


@contextmanager
def session_on(settings: Settings) -> Iterator[Session]:
    """A session on the portal's database; an embedded one is brought up to this version first."""
    engine = connect(settings.database_url)
    try:
        if settings.embedded_database:
            migrate.upgrade(settings.database_url)
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()

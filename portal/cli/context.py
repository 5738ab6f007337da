"""What the commands share: the settings in force, a session on the database, and errors said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from portal import logs
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
    """What was told wrongly, and a database that is away, is answered by one line, not by a traceback."""
    try:
        yield
    except TOLD_WRONGLY as error:
        raise click.ClickException(str(error)) from None
    except OperationalError as error:
        raise _no_answer(error) from None


def _no_answer(error: SQLAlchemyError) -> click.ClickException:
    return click.ClickException(f"PORTAL_DATABASE_URL: the database does not answer: {logs.reason(error)}")


def settings_in_force() -> Settings:
    """The settings that the environment and ``.env`` give."""
    with in_one_line():
        return Settings.load()


def bring_up(settings: Settings) -> None:
    """Bring an embedded database up to this version; stop where an external one has to be, or does not answer."""
    if settings.embedded_database:
        migrate.upgrade(settings.database_url)
        return
    engine = connect(settings.database_url)
    try:
        if not migrate.is_current(engine):
            raise click.ClickException(
                "the database does not have this version's tables; run: portal db upgrade"
            )
    except SQLAlchemyError as error:
        raise _no_answer(error) from None
    finally:
        engine.dispose()


@contextmanager
def session_on(settings: Settings) -> Iterator[Session]:
    """A session on the portal's database, which has this version's tables."""
    bring_up(settings)
    engine = connect(settings.database_url)
    try:
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()

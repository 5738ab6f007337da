"""``portal backup``, ``portal restore``, ``portal db copy``."""

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy.exc import SQLAlchemyError

from portal.cli.context import in_one_line, settings_in_force
from portal.settings import VARIABLES
from portal.storage import backup as backups
from portal.storage import copy, migrate


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write the database and the secret key into one new FILE, while the portal serves."""
    with in_one_line():
        settings = settings_in_force()
        key = "\n".join(settings.secret_keys) or backups.kept_key(settings.data_dir)
        if not key:
            raise click.ClickException(
                f"there is no secret key in {settings.data_dir}: "
                "tell PORTAL_DATA_DIR or PORTAL_SECRET_KEY as the portal has it"
            )
        made = backups.back_up(settings.database_url, key, file, datetime.now(UTC))
    click.echo(f"{file}: {made.total} rows of {len(made.rows)} tables, and the secret key; keep it private")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also over a database that holds data, which is set aside first.")
def restore(file: Path, force: bool) -> None:
    """Put a backup back, after it was checked: all of it, or nothing."""
    settings = settings_in_force()
    with in_one_line():
        done = backups.restore(
            file,
            settings.database_url,
            settings.data_dir,
            told_key="\n".join(settings.secret_keys),
            force=force,
            now=datetime.now(UTC),
        )
    for was_there in done.set_aside:
        click.echo(f"what was there before: {was_there}")
    click.echo(f"{done.manifest.total} rows of {done.manifest.made_at} are back, and their secret key")
    if not settings.embedded_database and done.manifest.schema != migrate.versions()[-1]:
        click.echo("they are of an older version; now run: portal db upgrade")


@click.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def db_copy(source: str, target: str) -> None:
    """Copy all rows from one database into another, empty one; both as PORTAL_DATABASE_URL names them.

    Stop the portal first. Killed in the middle, the same command goes on where it was.
    """
    _name, parse = VARIABLES["PORTAL_DATABASE_URL"]
    with in_one_line():
        parse("FROM", source), parse("TO", target)
        try:
            total = copy.copy(source, target, tell=click.echo)
        except SQLAlchemyError as error:
            raise click.ClickException(
                " ".join(str(error.args[0] if error.args else error).split())
            ) from None
    click.echo(f"{total} rows copied and compared")

"""``portal check``."""

import sys
from pathlib import Path
from typing import Literal

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.cli.context import settings_in_force
from portal.content.catalogue import Catalogue, SiteError
from portal.content.check import check as check_content
from portal.content.check import format_problem
from portal.domain.overview import Orphan, orphans
from portal.settings import Settings
from portal.storage.database import connect


@click.command()
@click.argument("target", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--fix", is_flag=True, help="Mend in the files what has only one mend.")
@click.option("--format", "form", type=click.Choice(["text", "github"]), default="text")
def check(target: Path | None, fix: bool, form: Literal["text", "github"]) -> None:
    """Read every event file and say what is wrong with it."""
    settings = settings_in_force()
    result = check_content(target or settings.content_dir, fix=fix)
    for problem in result.problems:
        click.echo(format_problem(problem, form))
    if target is None:
        for orphan in _orphans(settings):
            click.echo(
                f"warning: no file has the slug {orphan.slug!r} ({orphan.title}), for which people signed up "
                f"({orphan.confirmed} have a place), put the file back, or write this slug into its new file"
            )
    click.echo(
        f"{result.files} event files, {result.errors} errors, {len(result.problems) - result.errors} warnings"
        + (f", {len(result.fixed)} mended" if fix else ""),
        err=True,
    )
    sys.exit(1 if result.errors else 0)


def _orphans(settings: Settings) -> list[Orphan]:
    """Events without a file, as far as there is a database to ask."""
    if settings.embedded_database and not Path(settings.database_url.removeprefix("sqlite:///")).is_file():
        return []
    engine = connect(settings.database_url)
    try:
        with Session(engine) as session:
            return orphans(session, Catalogue(settings.content_dir).refresh().events)
    except (SQLAlchemyError, SiteError):
        return []
    finally:
        engine.dispose()

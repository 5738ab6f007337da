"""``portal export``."""

from typing import BinaryIO

import click
from flask.cli import with_appcontext

from portal.cli.context import bring_up, in_one_line
from portal.domain import attendees
from portal.domain.filters import Filters
from portal.formats import csv


@click.command()
@with_appcontext
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--dialect",
    type=click.Choice(sorted(csv.DIALECTS)),
    default="rfc4180",
    show_default=True,
    help="Of the CSV.",
)
@click.option("-o", "--output", type=click.File("wb"), default="-", help="A file instead of the terminal.")
@in_one_line()
def export(slug: str, form: str, dialect: str, output: BinaryIO) -> None:
    """The attendee list of an event, as the download has it."""
    from portal.web.extensions import db, portal

    bring_up(portal().settings)
    snapshot = portal().catalogue.snapshot
    if slug not in snapshot.events and attendees.known(db.session(), slug) is None:
        raise click.ClickException(
            f"there is no event {slug!r}; its name is the last part of its page's address"
        )
    of = (db.engine, slug, snapshot.events.get(slug), Filters())
    if form == "xlsx":
        output.writelines(attendees.workbook(*of, snapshot.site.timezone))
    else:
        output.writelines(attendees.export(*of, csv.DIALECTS[dialect], snapshot.site.timezone))

"""``portal init``."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from portal.content.site import BRUSSELS
from portal.content.starter import FolderInUse, Start, write, wrong

QUESTIONS = {
    "name": "Name of the organisation",
    "contact": "Address for questions and replies",
    "url": "Its own website (Enter for none)",
    "accent": "Its colour, as #rrggbb",
    "languages": "Languages of the pages, the first one first (of nl, en, fr, de)",
}


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="The name of the organisation.")
@click.option("--contact", help="The address for questions and replies.")
@click.option("--url", help="The organisation's own website.")
@click.option("--accent", help=f"Its colour; {Start.accent} when not given.")
@click.option("--languages", help="Of nl, en, fr and de, such as nl,fr; the first one is the default.")
def init(folder: Path, **given: str | None) -> None:
    """Make a content folder for another organisation: its site.yaml, an event to begin with, how to write one.

    With --name and --contact nothing is asked.
    """
    told = {key: value for key, value in given.items() if value is not None}
    start = Start(name="…")
    for key, value in told.items():
        start = _with(start, key, value)
        if found := wrong(start):
            raise click.ClickException(f"--{key}: {found}")
    if not {"name", "contact"} <= told.keys() and at_a_terminal():
        for key in [key for key in QUESTIONS if key not in told]:
            start = _ask(start, key)
    elif "name" not in told:
        raise click.UsageError("--name is needed: nobody is here to be asked")
    try:
        files = write(folder, start, datetime.now(UTC).astimezone(BRUSSELS).date())
    except FolderInUse as error:
        raise click.ClickException(str(error)) from None
    for file in files:
        click.echo(file)
    click.echo(f"Look at it: PORTAL_CONTENT_DIR={folder} portal serve", err=True)


def at_a_terminal() -> bool:
    """Whether somebody is there to be asked."""
    return sys.stdin.isatty()


def _ask(start: Start, key: str) -> Start:
    default = {"accent": start.accent, "languages": ",".join(start.languages), "url": ""}.get(key)
    while True:
        answer = click.prompt(QUESTIONS[key], default=default, show_default=bool(default))
        asked = _with(start, key, answer)
        found = wrong(asked)
        if not found:
            return asked
        click.echo(found, err=True)


def _with(start: Start, key: str, answer: str) -> Start:
    value: Any = answer.strip()
    if key == "languages":
        value = tuple(answer.replace(",", " ").split())
    return replace(start, **{key: value})

"""The console script ``portal``: each command parses, calls one thing, and answers."""

from typing import Any

import click
from flask.cli import FlaskGroup

from portal.cli.content import check
from portal.cli.context import in_one_line
from portal.cli.demo import demonstrate
from portal.cli.lists import export
from portal.cli.mail import mail
from portal.cli.payments import payments_group
from portal.cli.privacy import privacy_group
from portal.cli.serving import serve
from portal.cli.starting import init
from portal.cli.users import user


def _app() -> Any:
    from portal.app import create_app

    with in_one_line():
        return create_app()


@click.group(cls=FlaskGroup, create_app=_app, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """A registration and signup portal: events are Markdown files."""


for command in (serve, init, demonstrate, check, export, user, payments_group, privacy_group, mail):
    main.add_command(command)
# -A, --env-file and --debug are Flask's own; this script has one application, and .env is read by its settings.
main.params.clear()

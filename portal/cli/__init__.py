"""The console script ``portal``: each command parses, calls one thing, and answers."""

from typing import Any

import click
from flask.cli import FlaskGroup

from portal.cli.content import check
from portal.cli.context import in_one_line
from portal.cli.lists import export
from portal.cli.mail import mail
from portal.cli.payments import payments_group
from portal.cli.privacy import privacy_group
from portal.cli.serving import serve
from portal.cli.users import user


def _app() -> Any:
    from flask_migrate import Migrate

    from portal.app import create_app
    from portal.storage.migrate import MIGRATIONS
    from portal.web.extensions import db

    with in_one_line():
        app = create_app()
    Migrate(app, db, directory=str(MIGRATIONS))
    return app


@click.group(cls=FlaskGroup, create_app=_app, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """A registration and signup portal: events are Markdown files."""


for command in (serve, check, export, user, payments_group, privacy_group, mail):
    main.add_command(command)
# -A, --env-file and --debug are Flask's own; this script has one application, and .env is read by its settings.
main.params.clear()

"""The console script ``portal``: each command parses, calls one thing, and answers."""

from typing import Any

import click
from flask.cli import FlaskGroup

from portal import logs
from portal.cli.content import check
from portal.cli.context import in_one_line
from portal.cli.database import backup, db_copy, restore
from portal.cli.demo import demonstrate
from portal.cli.lists import export
from portal.cli.mail import mail
from portal.cli.payments import payments_group
from portal.cli.privacy import privacy_group
from portal.cli.serving import serve
from portal.cli.settings import settings_command
from portal.cli.starting import init
from portal.cli.users import user
from portal.settings import Settings


def _app() -> Any:
    from flask_migrate import Migrate

    from portal.app import create_app
    from portal.storage.migrate import MIGRATIONS
    from portal.web.extensions import db

    with in_one_line():
        settings = Settings.load()
        logs.configure(settings.log_format)
        app = create_app(settings)
    Migrate(app, db, directory=str(MIGRATIONS))
    return app


class Commands(FlaskGroup):
    """Ours and no others: Flask would also take in what other packages bring along."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return sorted((*self.commands, "db"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name != "db":
            return click.Group.get_command(self, context, name)
        # Alembic takes as long to load as all the rest.
        from flask_migrate.cli import db

        group: click.Group = db
        group.add_command(db_copy)
        return group


@click.group(cls=Commands, create_app=_app, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """A registration and signup portal: events are Markdown files."""


for command in (
    backup,
    check,
    demonstrate,
    export,
    init,
    mail,
    payments_group,
    privacy_group,
    restore,
    serve,
    settings_command,
    user,
):
    main.add_command(command)
# -A, --env-file and --debug are Flask's own; this script has one application, and .env is read by its settings.
main.params.clear()

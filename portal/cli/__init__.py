"""The console script ``portal``: each command parses, calls one thing, and answers."""

import gc
from importlib import import_module
from typing import Any

import click
from flask.cli import FlaskGroup

COMMANDS = {
    "backup": "database:backup",
    "check": "content:check",
    "db": "migrations:db",
    "demo": "demo:demonstrate",
    "export": "lists:export",
    "init": "starting:init",
    "mail": "mail:mail",
    "payments": "payments:payments_group",
    "privacy": "privacy:privacy_group",
    "restore": "database:restore",
    "serve": "serving:serve",
    "settings": "settings:settings_command",
    "user": "users:user",
}
"""Where each lies, for a command loads what it needs itself: ``portal check`` runs before each commit of somebody."""


def _app() -> Any:
    from flask_migrate import Migrate

    from portal import logs
    from portal.app import create_app
    from portal.cli.context import in_one_line
    from portal.settings import Settings
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
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name].partition(":")
        # Nothing that is loaded goes away again, and looking for what might takes a quarter of the loading.
        gc.disable()
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), attribute)
        gc.enable()
        return command


@click.group(cls=Commands, create_app=_app, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """A registration and signup portal: events are Markdown files."""


# -A, --env-file and --debug are Flask's own; this script has one application, and .env is read by its settings.
main.params.clear()

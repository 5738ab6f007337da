"""``portal serve``."""

import gc
from datetime import UTC, datetime

import click

from portal import logs
from portal.cli.context import bring_up, in_one_line, session_on
from portal.domain import accounts, passwords
from portal.settings import Settings
from portal.storage.database import transaction

DEFAULT_ADDRESS = "organiser@example.org"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve the portal, and send its letters."""
    gc.disable()  # until the server has parted into processes
    from portal.app import create_app
    from portal.server import Server
    from portal.web import meters

    with in_one_line():
        served_on = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        settings = Settings.load(base_url=served_on).with_secret_key()
        logs.configure(settings.log_format)
        meters.forget(settings.data_dir)
        bring_up(settings)
        app = create_app(settings)
        site = app.extensions["portal"].catalogue.snapshot.site
        if settings.embedded_database:
            first_organiser(settings, site.contact or DEFAULT_ADDRESS)
    app.extensions["portal"].catalogue.close()
    Server(app, settings, host=host, port=port, workers=workers).run()


def first_organiser(settings: Settings, address: str) -> None:
    """Make the first account where there is none, and say its password this once."""
    with session_on(settings) as session:
        if accounts.exist(session):
            click.echo("Organisers sign in at /admin/; a lost password: portal user reset EMAIL")
            return
        password = passwords.new()
        with transaction(session):
            accounts.add(session, address, "owner", password, now=datetime.now(UTC))
    click.echo(
        f"First organiser: {address}\nPassword:        {password}\n(shown only now; sign in at /admin/)"
    )

"""``portal demo``."""

from datetime import UTC, datetime

import click

from portal.cli.context import in_one_line, session_on, settings_in_force
from portal.cli.serving import DEFAULT_ADDRESS, first_organiser
from portal.content.catalogue import Catalogue
from portal.domain import accounts, demo
from portal.storage.database import transaction


@click.command("demo")
@click.option("--seed", default=1, show_default=True, help="The same number gives the same people again.")
def demonstrate(seed: int) -> None:
    """Fill a new database with invented registrations, to look at the organisers' side."""
    settings = settings_in_force().with_secret_key()
    if settings.smtp_url:
        raise click.ClickException(
            "PORTAL_SMTP_URL is set: what happens to invented people afterwards would be told through a real mail "
            "server; take it away for a demonstration"
        )
    with in_one_line():
        snapshot = Catalogue(settings.content_dir).refresh()
    with session_on(settings) as session:
        if demo.has_registrations(session):
            raise click.ClickException(
                "the database holds registrations, and a demonstration would stand among them; name an empty folder "
                "in PORTAL_DATA_DIR"
            )
    first_organiser(settings, snapshot.site.contact or DEFAULT_ADDRESS)
    with session_on(settings) as session, transaction(session):
        room = demo.Room(
            session=session,
            site=snapshot.site,
            organiser_id=accounts.everybody(session)[0].id,
            base_url=settings.base_url,
            secret_key=settings.secret_key,
            now=datetime.now(UTC),
        )
        filled = demo.fill(room, snapshot.events.values(), seed)
    if not filled.registrations:
        raise click.ClickException(
            "no event takes registrations here now, so nobody signed up; see portal check"
        )
    click.echo(
        f"{filled.registrations} invented registrations for {len(filled.events)} events. No letter left.\n"
        f"Now run portal serve, and sign in at {settings.base_url}/admin/"
    )

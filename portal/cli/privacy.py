"""``portal privacy``."""

import json
from datetime import UTC, datetime

import click

from portal.cli.context import in_one_line, session_on, settings_in_force
from portal.content.addresses import is_address
from portal.content.catalogue import Catalogue
from portal.domain import privacy
from portal.storage.database import transaction


@click.group("privacy")
def privacy_group() -> None:
    """What is kept about people."""


@privacy_group.command("anonymise")
@click.option("--older-than", "days", type=click.IntRange(0), required=True, help="Days since the event.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def privacy_anonymise(days: int, dry_run: bool) -> None:
    """Remove the people of events that have been over for so long; counts and payments stay."""
    settings, now = settings_in_force(), datetime.now(UTC)
    with in_one_line(), session_on(settings) as session:
        events = Catalogue(settings.content_dir).refresh().events
        for found in privacy.expired(session, events, days, now):
            click.echo(
                f"{found.slug}: {found.registrations} registrations, over since {found.over_at:%Y-%m-%d}"
            )
            if not dry_run:
                with transaction(session):
                    privacy.anonymise_event(session, found.slug, now)


@privacy_group.command("export")
@click.argument("email")
def privacy_export(email: str) -> None:
    """All that is kept about somebody, by address, as JSON."""
    if not is_address(email):
        raise click.ClickException(f"{email!r} is not an e-mail address")
    with in_one_line(), session_on(settings_in_force()) as session:
        click.echo(json.dumps(privacy.data_of_address(session, email), ensure_ascii=False, indent=2))

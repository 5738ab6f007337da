"""``portal payments``."""

from datetime import UTC, datetime
from typing import BinaryIO

import click

from portal.cli.context import in_one_line, session_on, settings_in_force
from portal.content.catalogue import Catalogue
from portal.domain import bank
from portal.domain.desk import SYSTEM
from portal.formats.statements import LARGEST_FILE, read_statement
from portal.formats.transfer import plain_amount
from portal.storage.database import transaction


@click.group("payments")
def payments_group() -> None:
    """What came in by bank transfer."""


@payments_group.command("import")
@click.argument("file", type=click.File("rb"))
def payments_import(file: BinaryIO) -> None:
    """Read a bank statement (CAMT.053 or CODA) and book what has one of our structured communications."""
    settings = settings_in_force()
    with in_one_line(), session_on(settings) as session:
        site = Catalogue(settings.content_dir).refresh().site
        statement = read_statement(file.read(LARGEST_FILE + 1))
        with transaction(session):
            seen = bank.import_statement(session, statement, site=site, actor=SYSTEM, now=datetime.now(UTC))
            for booked in seen.booked:
                click.echo(f"{booked.registration.reference} {plain_amount(booked.amount)}")
        for warning in seen.warnings:
            click.echo(f"warning: {warning}", err=True)
    click.echo(
        f"{len(seen.booked)} booked, {seen.doubtful} to be looked at, {seen.known} already there, "
        f"{seen.others} not for us"
    )

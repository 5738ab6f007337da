"""``portal user``."""

import sys
from datetime import UTC, datetime

import click

from portal.cli.context import in_one_line, session_on, settings_in_force
from portal.content.catalogue import Catalogue
from portal.domain import accounts, attendees, passwords
from portal.storage.database import transaction


@click.group()
def user() -> None:
    """Organisers' accounts."""


def _password(from_stdin: bool) -> tuple[str, str]:
    """A password, and what to say about it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), ""
    password = passwords.new()
    return password, f"Password: {password} (shown only now)"


@user.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice(accounts.ROLES), required=True)
@click.option(
    "--event", "events", multiple=True, metavar="SLUG", help="Bind the account to this event; repeatable."
)
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; else one is made."
)
def user_add(email: str, role: str, events: tuple[str, ...], password_stdin: bool) -> None:
    """Make an account."""
    password, said = _password(password_stdin)
    settings = settings_in_force()
    with in_one_line(), session_on(settings) as session:
        there = Catalogue(settings.content_dir).refresh().events if events else {}
        unknown = [slug for slug in events if slug not in there and attendees.known(session, slug) is None]
        with transaction(session):
            accounts.add(session, email, role, password, events=events, now=datetime.now(UTC))
    for slug in unknown:
        click.echo(
            f"warning: there is no event {slug!r} yet; until there is, the account does not see it", err=True
        )
    click.echo(f"{email} is {role} now. {said}".strip())


@user.command("list")
def user_list() -> None:
    """All accounts."""
    with in_one_line(), session_on(settings_in_force()) as session:
        for organiser in accounts.everybody(session):
            bound = " ".join(event.event_slug for event in organiser.events) or "all events"
            state = "disabled" if organiser.disabled_at else "open"
            click.echo(f"{organiser.email}\t{organiser.role}\t{state}\t{bound}")


@user.command("disable")
@click.argument("email")
def user_disable(email: str) -> None:
    """Close an account and sign it out everywhere."""
    with in_one_line(), session_on(settings_in_force()) as session, transaction(session):
        accounts.disable(session, email, datetime.now(UTC))
    click.echo(f"{email} is closed and signed out everywhere.")


@user.command("reset")
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; else one is made."
)
def user_reset(email: str, password_stdin: bool) -> None:
    """Give an account another password, take away its second factor, and sign it out everywhere."""
    password, said = _password(password_stdin)
    with in_one_line(), session_on(settings_in_force()) as session, transaction(session):
        accounts.reset(session, email, password, datetime.now(UTC))
    click.echo(f"{email} has another password and is signed out everywhere. {said}".strip())

"""The console script ``portal``: each command parses, calls one thing, and answers."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

import click
from flask.cli import FlaskGroup
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from portal.content.catalogue import Catalogue, SiteError
from portal.content.check import check as check_content
from portal.content.check import format_problem
from portal.domain import accounts, attendees, bank, passwords, privacy
from portal.domain.desk import SYSTEM
from portal.domain.errors import AccountRefused
from portal.domain.filters import Filters
from portal.domain.overview import Orphan, orphans
from portal.formats import csv
from portal.formats.statements import LARGEST_FILE, StatementError, read_statement
from portal.formats.transfer import plain_amount
from portal.settings import SettingError, Settings
from portal.storage import migrate
from portal.storage.database import connect, transaction

DEFAULT_ADDRESS = "organiser@example.org"


@contextmanager
def in_one_line() -> Iterator[None]:
    """What was told wrongly is answered by one line, not by a traceback."""
    try:
        yield
    except (SettingError, SiteError, AccountRefused, StatementError) as error:
        raise click.ClickException(str(error)) from None


def _app() -> Any:
    from portal.app import create_app

    with in_one_line():
        return create_app()


def _settings() -> Settings:
    with in_one_line():
        return Settings.load()


@click.group(cls=FlaskGroup, create_app=_app, add_default_commands=False, load_dotenv=False)
def main() -> None:
    """A registration and signup portal: events are Markdown files."""


@main.command(with_appcontext=False)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64))
def serve(host: str, port: int, workers: int) -> None:
    """Serve the portal, and send its letters."""
    from portal.app import create_app
    from portal.server import Server

    with in_one_line():
        served_on = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        settings = Settings.load(base_url=served_on).with_secret_key()
        if settings.embedded_database:
            migrate.upgrade(settings.database_url)
        else:
            _refuse_unmigrated(settings)
        app = create_app(settings)
        site = app.extensions["portal"].catalogue.snapshot.site
        if settings.embedded_database:
            _first_organiser(settings, site.contact or DEFAULT_ADDRESS)
    app.extensions["portal"].catalogue.close()
    Server(app, settings, host=host, port=port, workers=workers).run()


def _refuse_unmigrated(settings: Settings) -> None:
    engine = connect(settings.database_url)
    try:
        if not migrate.is_current(engine):
            raise click.ClickException(
                "the database does not have this version's tables; run: portal db upgrade"
            )
    except SQLAlchemyError as error:
        raise click.ClickException(f"PORTAL_DATABASE_URL: the database does not answer: {error}") from None
    finally:
        engine.dispose()


def _first_organiser(settings: Settings, address: str) -> None:
    """Make the first account where there is none, and say its password this once."""
    with _session(settings) as session:
        if accounts.exist(session):
            click.echo("Organisers sign in at /admin/; a lost password: portal user reset EMAIL")
            return
        password = passwords.new()
        with transaction(session):
            accounts.add(session, address, "owner", password, now=datetime.now(UTC))
    click.echo(
        f"First organiser: {address}\nPassword:        {password}\n(shown only now; sign in at /admin/)"
    )


@main.command(with_appcontext=False)
@click.argument("target", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--fix", is_flag=True, help="Mend in the files what has only one mend.")
@click.option("--format", "form", type=click.Choice(["text", "github"]), default="text")
def check(target: Path | None, fix: bool, form: Literal["text", "github"]) -> None:
    """Read every event file and say what is wrong with it."""
    settings = _settings()
    result = check_content(target or settings.content_dir, fix=fix)
    for problem in result.problems:
        click.echo(format_problem(problem, form))
    if target is None:
        for orphan in _orphans(settings):
            click.echo(
                f"warning: no file has the slug {orphan.slug!r} ({orphan.title}), for which people signed up "
                f"({orphan.confirmed} have a place), put the file back, or write this slug into its new file"
            )
    errors = sum(problem.severity == "error" for problem in result.problems)
    click.echo(
        f"{result.files} event files, {errors} errors, {len(result.problems) - errors} warnings"
        + (f", {len(result.fixed)} mended" if fix else ""),
        err=True,
    )
    sys.exit(1 if errors else 0)


def _orphans(settings: Settings) -> list[Orphan]:
    """Events without a file, as far as there is a database to ask."""
    if settings.embedded_database and not Path(settings.database_url.removeprefix("sqlite:///")).is_file():
        return []
    engine = connect(settings.database_url)
    try:
        with Session(engine) as session:
            return orphans(session, Catalogue(settings.content_dir).refresh().events)
    except (SQLAlchemyError, SiteError):
        return []
    finally:
        engine.dispose()


@main.command()
@click.argument("slug")
@click.option("--format", "form", type=click.Choice(["csv", "xlsx"]), default="csv", show_default=True)
@click.option(
    "--dialect",
    type=click.Choice(sorted(csv.DIALECTS)),
    default="rfc4180",
    show_default=True,
    help="Of the CSV.",
)
@click.option("-o", "--output", type=click.File("wb"), default="-", help="A file instead of the terminal.")
def export(slug: str, form: str, dialect: str, output: BinaryIO) -> None:
    """The attendee list of an event, as the download has it."""
    from portal.web.extensions import db, portal

    snapshot = portal().catalogue.snapshot
    if slug not in snapshot.events and attendees.known(db.session(), slug) is None:
        raise click.ClickException(
            f"there is no event {slug!r}; its name is the last part of its page's address"
        )
    of = (db.engine, slug, snapshot.events.get(slug), Filters())
    if form == "xlsx":
        output.writelines(attendees.workbook(*of, snapshot.site.timezone))
    else:
        output.writelines(attendees.export(*of, csv.DIALECTS[dialect], snapshot.site.timezone))


@main.group()
def user() -> None:
    """Organisers' accounts."""


@contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    engine = connect(settings.database_url)
    try:
        if settings.embedded_database:
            migrate.upgrade(settings.database_url)
        with Session(engine) as session:
            yield session
    finally:
        engine.dispose()


def _password(from_stdin: bool) -> tuple[str, str]:
    """A password, and what to say about it."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), ""
    password = passwords.new()
    return password, f"Password: {password} (shown only now)"


@user.command("add", with_appcontext=False)
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
    with in_one_line(), _session(_settings()) as session, transaction(session):
        accounts.add(session, email, role, password, events=events, now=datetime.now(UTC))
    click.echo(f"{email} is {role} now. {said}".strip())


@user.command("list", with_appcontext=False)
def user_list() -> None:
    """All accounts."""
    with in_one_line(), _session(_settings()) as session:
        for organiser in accounts.everybody(session):
            bound = " ".join(event.event_slug for event in organiser.events) or "all events"
            state = "disabled" if organiser.disabled_at else "open"
            click.echo(f"{organiser.email}\t{organiser.role}\t{state}\t{bound}")


@user.command("disable", with_appcontext=False)
@click.argument("email")
def user_disable(email: str) -> None:
    """Close an account and sign it out everywhere."""
    with in_one_line(), _session(_settings()) as session, transaction(session):
        accounts.disable(session, email, datetime.now(UTC))
    click.echo(f"{email} is closed and signed out everywhere.")


@user.command("reset", with_appcontext=False)
@click.argument("email")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input; else one is made."
)
def user_reset(email: str, password_stdin: bool) -> None:
    """Give an account another password, take away its second factor, and sign it out everywhere."""
    password, said = _password(password_stdin)
    with in_one_line(), _session(_settings()) as session, transaction(session):
        accounts.reset(session, email, password, datetime.now(UTC))
    click.echo(f"{email} has another password and is signed out everywhere. {said}".strip())


@main.group("payments")
def payments_group() -> None:
    """What came in by bank transfer."""


@payments_group.command("import", with_appcontext=False)
@click.argument("file", type=click.File("rb"))
def payments_import(file: BinaryIO) -> None:
    """Read a bank statement (CAMT.053 or CODA) and book what has one of our structured communications."""
    settings = _settings()
    with in_one_line(), _session(settings) as session:
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


@main.group("privacy")
def privacy_group() -> None:
    """What is kept about people."""


@privacy_group.command("anonymise", with_appcontext=False)
@click.option("--older-than", "days", type=click.IntRange(0), required=True, help="Days since the event.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
def privacy_anonymise(days: int, dry_run: bool) -> None:
    """Remove the people of events that have been over for so long; counts and payments stay."""
    settings, now = _settings(), datetime.now(UTC)
    with in_one_line(), _session(settings) as session:
        events = Catalogue(settings.content_dir).refresh().events
        for found in privacy.expired(session, events, days, now):
            click.echo(
                f"{found.slug}: {found.registrations} registrations, over since {found.over_at:%Y-%m-%d}"
            )
            if not dry_run:
                with transaction(session):
                    privacy.anonymise_event(session, found.slug, now)


@privacy_group.command("export", with_appcontext=False)
@click.argument("email")
def privacy_export(email: str) -> None:
    """All that is kept about somebody, by address, as JSON."""
    with in_one_line(), _session(_settings()) as session:
        click.echo(json.dumps(privacy.data_of_address(session, email), ensure_ascii=False, indent=2))


@main.group()
def mail() -> None:
    """The outbox."""


@mail.command("send")
def mail_send() -> None:
    """Write the letters whose time has come and send what is due, once."""
    from portal.web.extensions import db, portal
    from portal.worker import Clerk

    clerk = Clerk(db.engine, portal().catalogue, portal().settings.base_url)
    clerk.answer_asked(datetime.now(UTC))
    clerk.write_due(datetime.now(UTC))
    postman, sent = _postman(), 0
    while just_sent := postman.send_due(datetime.now(UTC)):
        sent += just_sent
    click.echo(f"{sent} sent")


@mail.command("work")
def mail_work() -> None:
    """Keep sending, write letters whose time has come, and let waiting lists move up, until interrupted."""
    from portal.web.extensions import db, portal
    from portal.worker import Clerk, LineKeeper, Worker

    of = (db.engine, portal().catalogue, portal().settings.base_url)
    Worker(_postman(), LineKeeper(*of), Clerk(*of)).run()


def _postman() -> Any:
    from portal.server import postman
    from portal.web.extensions import db, portal

    return postman(db.engine, portal().settings, portal().catalogue.snapshot.site)


if __name__ == "__main__":
    main()

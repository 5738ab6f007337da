"""``portal mail``."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from flask.cli import with_appcontext

from portal.cli.context import bring_up, in_one_line

if TYPE_CHECKING:
    from portal.settings import Settings
    from portal.worker import Crew


@click.group()
def mail() -> None:
    """The outbox."""


@mail.command("send")
@with_appcontext
@in_one_line()
def mail_send() -> None:
    """Write the letters whose time has come and send what is due, messages to programs too, once."""
    bring_up(_settings())
    crew, sent, delivered = _crew(), 0, 0
    crew.clerk.answer_asked(datetime.now(UTC))
    crew.clerk.write_due(datetime.now(UTC))
    while just_sent := crew.postman.send_due(datetime.now(UTC)):
        sent += just_sent
    click.echo(f"{sent} sent")
    while just_delivered := crew.messenger.deliver_due(datetime.now(UTC)):
        delivered += just_delivered
    if delivered:
        click.echo(f"{delivered} told to webhooks")


@mail.command("work")
@with_appcontext
@in_one_line()
def mail_work() -> None:
    """Keep sending, write letters whose time has come, let waiting lists move up, and tell webhooks, until
    interrupted."""
    if _settings().embedded_database:  # another may come up later: each pass tries again
        bring_up(_settings())
    _crew().worker().run()


def _settings() -> "Settings":
    from portal.web.extensions import portal

    return portal().settings


def _crew() -> "Crew":
    from portal.web.extensions import db, portal
    from portal.worker import crew_of

    return crew_of(db.engine, portal().settings, portal().catalogue)

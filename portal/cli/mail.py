"""``portal mail``."""

from datetime import UTC, datetime
from typing import Any

import click
from flask.cli import with_appcontext


@click.group()
def mail() -> None:
    """The outbox."""


@mail.command("send")
@with_appcontext
def mail_send() -> None:
    """Write the letters whose time has come and send what is due, messages to programs too, once."""
    from portal.web.extensions import db, portal
    from portal.worker import Clerk

    clerk = Clerk(db.engine, portal().catalogue, portal().settings.base_url)
    clerk.answer_asked(datetime.now(UTC))
    clerk.write_due(datetime.now(UTC))
    postman, sent = _postman(), 0
    while just_sent := postman.send_due(datetime.now(UTC)):
        sent += just_sent
    click.echo(f"{sent} sent")
    messenger, delivered = _messenger(), 0
    while just_delivered := messenger.deliver_due(datetime.now(UTC)):
        delivered += just_delivered
    if delivered:
        click.echo(f"{delivered} told to webhooks")


@mail.command("work")
@with_appcontext
def mail_work() -> None:
    """Keep sending, write letters whose time has come, let waiting lists move up, and tell webhooks, until
    interrupted."""
    from portal.web.extensions import db, portal
    from portal.worker import Clerk, LineKeeper, Worker

    of = (db.engine, portal().catalogue, portal().settings.base_url)
    Worker(_postman(), LineKeeper(*of), Clerk(*of), _messenger()).run()


def _postman() -> Any:
    from portal.server import postman
    from portal.web.extensions import db, portal

    return postman(db.engine, portal().settings, portal().catalogue.snapshot.site)


def _messenger() -> Any:
    from portal.web.extensions import db, portal
    from portal.worker import Messenger

    settings = portal().settings
    return Messenger(db.engine, portal().catalogue, settings.base_url, settings.secret_keys)

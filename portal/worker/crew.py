"""Who works for one portal, made from its settings."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from portal.content.addresses import deliverable
from portal.content.catalogue import Catalogue
from portal.content.site import Site
from portal.formats import mail
from portal.settings import Settings
from portal.worker.clerk import Clerk, LineKeeper
from portal.worker.messenger import Messenger
from portal.worker.postman import Postman
from portal.worker.shift import Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Crew:
    """All who do what nobody waits for at a page."""

    postman: Postman
    keeper: LineKeeper
    clerk: Clerk
    messenger: Messenger

    def worker(self) -> Worker:
        """All of them at work in one process."""
        return Worker(self.postman, self.keeper, self.clerk, self.messenger)


def crew_of(
    engine: Engine, settings: Settings, catalogue: Catalogue, is_busy: Callable[[], bool] = lambda: False
) -> Crew:
    """Who works on ``engine`` for the portal that has these ``settings``, their secret keys with them. Letters give way
    when the process ``is_busy``."""
    return Crew(
        postman=_postman(engine, settings, catalogue.snapshot.site, is_busy),
        keeper=LineKeeper(engine, catalogue, settings.base_url),
        clerk=Clerk(engine, catalogue, settings.base_url),
        messenger=Messenger(engine, catalogue, settings.base_url, settings.secret_keys),
    )


def _postman(engine: Engine, settings: Settings, site: Site, is_busy: Callable[[], bool]) -> Postman:
    way = mail.SmtpServer(settings.smtp_url) if settings.smtp_url else mail.Folder(settings.data_dir / "mail")
    address = settings.mail_from or (deliverable(site.contact) if site.contact else "")
    if not address:
        log.warning("letters have no sender: set PORTAL_MAIL_FROM, or contact in site.yaml")
        address = "portal@localhost"
    return Postman(
        engine,
        way,
        mail.Sender(site.name, address),
        base_url=settings.base_url,
        secret_keys=settings.secret_keys,
        is_busy=is_busy,
    )

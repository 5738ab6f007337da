"""The registration desk, and who writes letters, as a request comes to them."""

from portal.content.event import Event
from portal.domain.desk import REGISTRANT, Actor, Desk
from portal.domain.letters import LetterWriter
from portal.web.extensions import db, now, portal, site


def open_desk(slug: str, event: Event | None, actor: Actor = REGISTRANT) -> Desk:
    """The desk of an event, inside this request's transaction."""
    return Desk(db.session(), slug, event, now=now(), write_letter=letter_writer(slug, event), actor=actor)


def letter_writer(slug: str = "", event: Event | None = None) -> LetterWriter:
    """Who writes the letters about an event, or about none, in which our address stands."""
    return LetterWriter(slug, event, site(), portal().settings.base_url, now())

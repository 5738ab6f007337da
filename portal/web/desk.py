"""The registration desk as a request comes to it."""

from portal.content.event import Event
from portal.domain.desk import REGISTRANT, Actor, Desk
from portal.domain.letters import LetterWriter
from portal.web.extensions import db, now, portal, site


def open_desk(slug: str, event: Event | None, actor: Actor = REGISTRANT) -> Desk:
    """The desk of an event, inside this request's transaction; its letters speak of our address."""
    letters = LetterWriter(slug, event, site(), portal().settings.base_url, now())
    return Desk(db.session(), slug, event, now=now(), write_letter=letters, actor=actor)

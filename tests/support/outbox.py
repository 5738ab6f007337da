"""A portal's outbox without a worker: who signs up, what happens at the desk, and the letters that this leads to."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from icalendar import Calendar
from sqlalchemy import select

from portal.domain.desk import REGISTRANT, Actor, Desk
from portal.domain.letters import LetterWriter
from portal.storage.database import transaction
from portal.storage.models import Letter, Registration
from tests.support.portal import PortalUnderTest

EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}


def sign_up(portal: PortalUnderTest, language: str = "en", *colleagues: str, **values: str) -> int:
    """Emma and who comes along, by first name; returns the registration's id."""
    visitor = portal.visitor(language)
    form = visitor.get("/events/nascholing/signup").form() | EMMA | values
    for number, name in enumerate(colleagues):
        form |= {f"people-{number}-first_name": name, f"people-{number}-last_name": "Maes"}
    assert visitor.post("/events/nascholing/signup", form).status == 303
    with portal.session() as session:
        return session.scalars(select(Registration.id).order_by(Registration.id.desc())).first() or 0


def writer(portal: PortalUnderTest) -> LetterWriter:
    """Who writes letters about the event as its file is now."""
    snapshot = portal.app.extensions["portal"].catalogue.snapshot
    event = snapshot.events.get("nascholing")
    return LetterWriter("nascholing", event, snapshot.site, portal.settings.base_url, portal.clock.now)


@contextmanager
def at_the_desk(portal: PortalUnderTest, actor: Actor = REGISTRANT) -> Iterator[Desk]:
    """The desk of the event, a minute later."""
    portal.clock.pass_by(timedelta(minutes=1))
    write = writer(portal)
    with portal.session() as session, transaction(session):
        yield Desk(session, "nascholing", write.event, now=write.now, write_letter=write, actor=actor)


def letters(portal: PortalUnderTest, *kinds: str) -> list[Letter]:
    """What is, or was, in the outbox, oldest first."""
    with portal.session() as session:
        query = select(Letter).order_by(Letter.id)
        return list(session.scalars(query.where(Letter.kind.in_(kinds)) if kinds else query))


def entry(letter: Letter) -> Any:
    """The one entry of a letter's calendar file."""
    (found,) = Calendar.from_ical(letter.calendar).walk("VEVENT")
    return found


def method(letter: Letter) -> str:
    """What the letter's calendar file asks for: REQUEST or CANCEL."""
    return str(Calendar.from_ical(letter.calendar)["method"])

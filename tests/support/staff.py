"""Organisers' accounts from the side of their owners: letters with links, apps with codes, tries to sign in."""

import re
from datetime import timedelta

import pyotp
from sqlalchemy import select

from portal.domain import letter_keys
from portal.storage.models import Letter
from tests.support.portal import PASSWORD, PortalUnderTest
from tests.support.visitor import Answer, Visitor

LINK = re.compile(r"/admin/link/\S+")
BO = "bo@leraars.example"


def log_in(visitor: Visitor, email: str, password: str = PASSWORD, to: str = "/admin/login") -> Answer:
    """Fill in the sign-in form."""
    return visitor.submit(visitor.get(to), {"email": email, "password": password})


def letters_to(portal: PortalUnderTest, email: str) -> list[Letter]:
    """What was written to somebody about their account, oldest first."""
    portal.answer_asked()
    with portal.session() as session:
        query = select(Letter).where(Letter.recipient == email, Letter.event_slug.is_(None))
        return list(session.scalars(query.order_by(Letter.id)))


def link_to(portal: PortalUnderTest, email: str) -> str:
    """The path of the link in the last letter to somebody, as it is sent."""
    letter = letters_to(portal, email)[-1]
    sent = letter_keys.with_links(letter, letter.text, portal.settings.base_url, portal.settings.secret_keys)
    (path,) = LINK.findall(sent)
    return str(path)


def invite(portal: PortalUnderTest, owner: Visitor, email: str = BO, **values: str | list[str]) -> str:
    """Invite somebody; returns the path of the link in their letter."""
    asked = {"email": email, "role": "organiser"} | values
    answer = owner.submit(owner.get("/admin/accounts"), asked, form="#invitation")
    assert answer.status == 303, answer.text
    return link_to(portal, email)


def choose(visitor: Visitor, link: str, password: str = PASSWORD) -> Answer:
    """Open the link and choose a password."""
    return visitor.submit(visitor.get(link), {"password": password})


def code(portal: PortalUnderTest, secret: str) -> str:
    """What the app shows now."""
    return str(pyotp.TOTP(secret).at(portal.clock.now))


def add_app(portal: PortalUnderTest, visitor: Visitor) -> tuple[str, list[str]]:
    """Set up the app of who is signed in; returns its secret, and the recovery codes. A minute passes."""
    page = visitor.get("/admin/me/app")
    (secret,) = page.words("main ol code")
    answer = visitor.submit(page, {"code": code(portal, secret)}, form='form[action="/admin/me/app"]')
    assert answer.status in (200, 303), answer.text
    portal.clock.pass_by(timedelta(minutes=1))
    return secret, answer.words(".codes code") if answer.status == 200 else []

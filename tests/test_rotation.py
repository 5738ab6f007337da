"""Another secret key: what the one before has signed or encrypted still counts, and what is new is the new one's."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.formats import mail
from portal.storage.models import Letter
from portal.worker import Postman
from tests.support.mail import PostOffice
from tests.support.portal import PortalUnderTest
from tests.support.staff import add_app, choose, code, invite, log_in
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
OLD, NEW = "o" * 40, "n" * 40
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
LINK = re.compile(r"http://localhost(/(?:registrations|admin/link)/\S+)")


@pytest.fixture
def before(make_portal: MakePortal) -> PortalUnderTest:
    """The portal before the key changed."""
    return make_portal(secret_keys=(OLD,))


@pytest.fixture
def after(make_portal: MakePortal, before: PortalUnderTest) -> PortalUnderTest:
    """The same one after it, on the same data."""
    portal = make_portal(secret_keys=(NEW, OLD))
    portal.clock = before.clock
    portal.app.extensions["portal"] = replace(portal.app.extensions["portal"], clock=before.clock)
    return portal


@pytest.fixture
def at_last(make_portal: MakePortal, before: PortalUnderTest) -> PortalUnderTest:
    """And when the old key is given up."""
    portal = make_portal(secret_keys=(NEW,))
    portal.app.extensions["portal"] = replace(portal.app.extensions["portal"], clock=before.clock)
    return portal


def moved(visitor: Visitor, portal: PortalUnderTest) -> Visitor:
    """The same browser, before the portal as it is now."""
    here = Visitor(portal.app)
    here.client._cookies = dict(visitor.client._cookies)
    return here


def sent_links(portal: PortalUnderTest, smtp: PostOffice) -> list[str]:
    """The links in the letters that leave now."""
    keys, way = portal.settings.secret_keys, mail.SmtpServer(smtp.url)
    sender = mail.Sender("Leraars Leren", "info@leraars.example")
    known = len(smtp.letters)
    Postman(portal.engine, way, sender, base_url="http://localhost", secret_keys=keys).send_due(
        portal.clock.now + timedelta(days=1)
    )
    return [link for letter in smtp.letters[known:] for link in LINK.findall(letter.text)[:1]]


def test_a_registrants_link_stays_the_same_in_letters_of_before_and_after(
    before: PortalUnderTest, after: PortalUnderTest, at_last: PortalUnderTest, smtp: PostOffice
) -> None:
    emma = before.visitor()
    form = emma.get("/events/nascholing/signup")
    link = emma.submit(form, EMMA).location
    emma = moved(emma, after)
    assert emma.submit(form, EMMA).location == link, "the form that was sent before"
    assert sent_links(after, smtp) == [link], "a letter that was queued before"
    emma.submit(emma.get(f"{link}/cancel"))
    assert sent_links(after, smtp) == [link], "a letter about what happened after"
    assert "Emma" in moved(emma, at_last).get(link).text


def test_a_form_that_was_open_is_sent_as_if_nothing_had_happened(
    before: PortalUnderTest, after: PortalUnderTest, at_last: PortalUnderTest
) -> None:
    emma = before.visitor()
    form = emma.get("/events/nascholing/signup")
    assert moved(emma, at_last).submit(form, EMMA).status == 400
    assert moved(emma, after).submit(form, EMMA).status == 303


def test_who_is_signed_in_stays_so_and_a_brought_list_goes_on(
    before: PortalUnderTest, after: PortalUnderTest, at_last: PortalUnderTest
) -> None:
    organiser = before.organiser()
    page = organiser.get("/admin/events/nascholing/import")
    preview = organiser.submit(page, {"pasted": "Name,Email\nNoor Maes,noor@x.example\n"})
    assert moved(organiser, at_last).get("/admin/").status == 303
    organiser = moved(organiser, after)
    assert organiser.get("/admin/").status == 200
    assert organiser.submit(preview, press="Add one person").status == 303


def test_a_link_to_an_account_opens_it_whichever_key_proved_it(
    before: PortalUnderTest, after: PortalUnderTest, smtp: PostOffice
) -> None:
    owner = before.organiser()
    out = invite(before, owner)
    assert choose(after.visitor(), out).status == 303
    invite(before, owner, "els@leraars.example")
    with before.session() as session:
        assert session.scalars(select(Letter.state)).all() == ["waiting", "waiting"]
    queued = [link for link in sent_links(after, smtp) if "/admin/link/" in link]
    assert choose(after.visitor(), queued[-1]).status == 303


def test_an_app_with_codes_counts_and_is_the_new_keys_once_it_was_used(
    before: PortalUnderTest, after: PortalUnderTest, at_last: PortalUnderTest
) -> None:
    organiser = before.organiser()
    secret, _codes = add_app(before, organiser)

    def sign_in(portal: PortalUnderTest) -> int:
        before.clock.pass_by(timedelta(minutes=1))
        visitor = portal.visitor()
        page = visitor.follow(log_in(visitor, "an@leraars.example"))
        return visitor.submit(page, {"code": code(before, secret)}).status

    assert sign_in(at_last) == 422
    assert sign_in(after) == 303
    assert sign_in(at_last) == 303


def test_an_app_that_was_being_set_up_can_be_finished(
    before: PortalUnderTest, after: PortalUnderTest
) -> None:
    organiser = before.organiser()
    page = organiser.get("/admin/me/app")
    (secret,) = page.words("main ol code")
    form = 'form[action="/admin/me/app"]'
    answer = moved(organiser, after).submit(page, {"code": code(before, secret)}, form=form)
    assert answer.status == 200
    assert answer.words(".codes code")

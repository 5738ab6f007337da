"""The outbox: letters leave once, late when they must, and never twice."""

from collections.abc import Callable
from datetime import timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest
from sqlalchemy import select

from portal.formats import mail
from portal.storage.models import Letter
from portal.worker import CLAIM, GIVE_UP_AFTER, LONGEST_PAUSE, Postman
from tests.support.mail import PostOffice
from tests.support.portal import SECRET, PortalUnderTest

MakePortal = Callable[..., PortalUnderTest]
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}


def postman(portal: PortalUnderTest, way: mail.SmtpServer | mail.Folder) -> Postman:
    sender = mail.Sender("Leraars Leren – Gent", "info@leraars.example")
    return Postman(portal.engine, way, sender, base_url="https://portal.example", secret_key=SECRET)


def letters(portal: PortalUnderTest) -> list[Letter]:
    with portal.session() as session:
        return list(session.scalars(select(Letter).order_by(Letter.id)))


@pytest.fixture
def signed_up(make_portal: MakePortal) -> PortalUnderTest:
    """A portal in whose outbox one letter lies."""
    portal = make_portal()
    visitor = portal.visitor()
    visitor.submit(visitor.get("/events/nascholing/signup"), EMMA)
    return portal


def test_a_letter_leaves_once_with_the_registrants_link(signed_up: PortalUnderTest, smtp: PostOffice) -> None:
    emma = postman(signed_up, mail.SmtpServer(smtp.url))
    assert [emma.send_due(signed_up.clock.now) for _ in range(2)] == [1, 0]
    (letter,) = smtp.letters
    assert letter.recipients == ("emma@school.example",)
    for part in (letter.text, letter.html):
        link = part[part.index("https://portal.example/registrations/") :].split()[0].partition('"')[0]
        page = signed_up.visitor().get(link.removeprefix("https://portal.example"))
        assert "Emma" in page.text
    (kept,) = letters(signed_up)
    assert (kept.state, kept.sent_at) == ("sent", signed_up.clock.now)


def test_a_letter_has_the_headers_of_an_honest_machine(signed_up: PortalUnderTest, tmp_path: Path) -> None:
    postman(signed_up, mail.Folder(tmp_path / "mail")).send_due(signed_up.clock.now)
    (file,) = (tmp_path / "mail").glob("*.eml")
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    assert str(message["From"]) == "Leraars Leren – Gent <info@leraars.example>"
    assert message["To"] == "emma@school.example"
    assert message["Reply-To"] == "info@leraars.example"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"].endswith("@localhost>")
    assert message["Date"].datetime == signed_up.clock.now
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert not message.defects


def test_a_letter_is_in_the_registrants_language(make_portal: MakePortal, smtp: PostOffice) -> None:
    portal = make_portal()
    for language, address in (("en", "emma@school.example"), ("nl", "noor@school.example")):
        visitor = portal.visitor(language)
        visitor.submit(visitor.get("/events/nascholing/signup"), EMMA | {"email": address})
    postman(portal, mail.SmtpServer(smtp.url)).send_due(portal.clock.now)
    english, dutch = smtp.letters
    assert "Wednesday 3 February 2027" in english.text
    assert "woensdag 3 februari 2027" in dutch.text


def test_later_means_again_and_each_time_later(signed_up: PortalUnderTest, smtp: PostOffice) -> None:
    smtp.refuse("451 4.3.0 Later")
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    waits = []
    for _ in range(4):
        assert way.send_due(signed_up.clock.now) == 0
        (letter,) = letters(signed_up)
        assert letter.state == "waiting"
        waits.append(letter.due_at - signed_up.clock.now)
        assert way.send_due(letter.due_at - timedelta(seconds=1)) == 0
        signed_up.clock.now = letter.due_at
    assert waits == sorted(waits)
    smtp.accept()
    assert way.send_due(signed_up.clock.now) == 1
    assert len(smtp.letters) == 1


def test_never_means_never_and_says_why(signed_up: PortalUnderTest, smtp: PostOffice) -> None:
    smtp.refuse("550 5.1.1 No such mailbox", at="RCPT")
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    way.send_due(signed_up.clock.now)
    (letter,) = letters(signed_up)
    assert letter.state == "failed"
    assert "No such mailbox" in letter.error
    smtp.accept()
    assert way.send_due(signed_up.clock.now + GIVE_UP_AFTER) == 0


def test_a_server_that_is_not_there_is_asked_again_for_two_days(signed_up: PortalUnderTest) -> None:
    way = postman(signed_up, mail.SmtpServer("smtp://127.0.0.1:9"))
    way.send_due(signed_up.clock.now)
    (letter,) = letters(signed_up)
    assert letter.state == "waiting"
    assert letter.error
    way.send_due(signed_up.clock.now + GIVE_UP_AFTER + LONGEST_PAUSE)
    (letter,) = letters(signed_up)
    assert letter.state == "failed"


def test_a_claim_holds_until_it_lapses_and_the_letter_keeps_its_name(
    signed_up: PortalUnderTest, smtp: PostOffice, tmp_path: Path
) -> None:
    class Dies(Exception):
        pass

    class Dying(mail.Folder):
        def send(self, message: object) -> None:
            raise Dies(message)

    with pytest.raises(Dies):
        postman(signed_up, Dying(tmp_path)).send_due(signed_up.clock.now)
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    (claimed,) = letters(signed_up)
    assert way.send_due(signed_up.clock.now + CLAIM - timedelta(seconds=1)) == 0
    assert way.send_due(signed_up.clock.now + CLAIM) == 1
    assert smtp.letters[0].message["Message-ID"] == claimed.message_id

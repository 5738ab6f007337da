"""The outbox: letters leave once, late when they must, and never twice."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from itertools import count
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import delete, insert, select, update

from portal.domain import undelivered
from portal.formats import mail
from portal.storage.database import transaction
from portal.storage.models import Letter
from portal.worker import (
    BATCH,
    CLAIM,
    GIVE_UP_AFTER,
    LONGEST_PAUSE,
    Clerk,
    LineKeeper,
    Postman,
    Worker,
    shift,
)
from portal.worker import postman as sending
from tests.support.mail import PostOffice, open_post_office
from tests.support.portal import SECRET, PortalUnderTest

MakePortal = Callable[..., PortalUnderTest]
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}


def postman(portal: PortalUnderTest, way: mail.SmtpServer | mail.Folder) -> Postman:
    sender = mail.Sender("Leraars Leren – Gent", "info@leraars.example")
    return Postman(portal.engine, way, sender, base_url="https://portal.example", secret_keys=(SECRET,))


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


@pytest.mark.parametrize("busy_for", [0, 2, 1000])
def test_a_letter_waits_for_a_quiet_moment_and_not_for_ever(
    signed_up: PortalUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, busy_for: int
) -> None:
    monkeypatch.setattr(sending, "GLANCE", 0)
    looks = count()
    busy = replace(postman(signed_up, mail.Folder(tmp_path / "mail")), is_busy=lambda: next(looks) < busy_for)
    assert busy.send_due(signed_up.clock.now) == 1
    assert next(looks) == min(busy_for + 1, sending.GIVE_WAY)


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
    assert message["List-Unsubscribe"] is None
    words, attached, code = message.iter_parts()
    assert [part.get_content_type() for part in words.iter_parts()] == [
        "text/plain",
        "text/html",
        "text/calendar",
    ]
    invitation = list(words.iter_parts())[-1]
    assert invitation["Content-Type"].params["method"] == "REQUEST"
    assert attached.get_filename() == "invite.ics"
    assert code.get_content_type() == "image/png"  # for the door
    assert attached.get_content() == invitation.get_payload(decode=True)
    assert all(not part.defects for part in message.walk())
    assert max(len(line) for line in file.read_bytes().split(b"\r\n")) <= 998


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
    class Dies(BaseException):
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


def put_letters(portal: PortalUnderTest, number: int, **values: object) -> None:
    """Lay copies of the letter that is in the outbox beside it, each to an address of its own."""
    with portal.session() as session, transaction(session):
        first = session.scalars(select(Letter)).first()
        assert first is not None
        copied = {c.name: getattr(first, c.name) for c in Letter.__table__.columns if c.name != "id"}
        session.execute(
            insert(Letter),
            [
                copied
                | {"message_id": f"<{n}@localhost>", "recipient": f"p{n}@school.example", "kind": "link"}
                | values
                for n in range(number)
            ],
        )


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_thousand_letters_leave_once_each_however_many_send(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    put_letters(signed_up, 999, text="Dag.\n", html="<p>Dag.</p>\n", calendar="")

    def work(_number: int) -> int:
        way, sent = postman(signed_up, mail.SmtpServer(smtp.url)), 0
        while just_sent := way.send_due(signed_up.clock.now):
            sent += just_sent
        return sent

    with ThreadPoolExecutor(4) as workers:
        sent = list(workers.map(work, range(4)))
    assert sum(sent) == 1000
    names = [letter.message["Message-ID"] for letter in smtp.letters]
    assert len(names) == len(set(names)) == 1000
    assert {letter.state for letter in letters(signed_up)} == {"sent"}
    assert len(smtp.connections) <= 1000 / BATCH + 2 * len(sent)


def test_an_address_that_is_refused_keeps_nobody_else_waiting(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    smtp.refuse_only("p1@school.example", "550 5.1.1 No such mailbox")
    smtp.refuse_only("p2@school.example", "450 4.2.1 Try later")
    put_letters(signed_up, 4)
    assert postman(signed_up, mail.SmtpServer(smtp.url)).send_due(signed_up.clock.now) == 3
    states = {letter.recipient: (letter.state, letter.error) for letter in letters(signed_up)}
    assert states["p1@school.example"] == ("failed", "550 5.1.1 No such mailbox")
    assert states["p2@school.example"] == ("waiting", "450 4.2.1 Try later")
    assert states["p3@school.example"] == ("sent", "")


@pytest.mark.parametrize("at", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("answer", "state"), [("451 4.3.0 Later", "waiting"), ("554 5.7.1 No", "failed")])
def test_later_and_never_are_told_apart_at_every_step(
    signed_up: PortalUnderTest, smtp: PostOffice, at: Literal["MAIL", "RCPT", "DATA"], answer: str, state: str
) -> None:
    smtp.refuse(answer, at=at)
    postman(signed_up, mail.SmtpServer(smtp.url)).send_due(signed_up.clock.now)
    (letter,) = letters(signed_up)
    assert (letter.state, letter.error) == (state, answer)


def test_a_server_that_falls_silent_is_tried_later(
    signed_up: PortalUnderTest, smtp: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_letters(signed_up, 2)
    smtp.fall_silent()
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    with monkeypatch.context() as impatient:
        impatient.setattr(mail, "TIMEOUT", 0.3)
        assert way.send_due(signed_up.clock.now) == 0
    assert {letter.state for letter in letters(signed_up)} == {"waiting"}
    assert all(letter.due_at > signed_up.clock.now for letter in letters(signed_up))
    smtp.accept()
    assert way.send_due(signed_up.clock.now + LONGEST_PAUSE) == 3


def test_a_server_that_dies_after_taking_a_letter_gets_it_again_under_its_name(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    smtp.hang_up()
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    assert way.send_due(signed_up.clock.now) == 0
    smtp.accept()
    assert way.send_due(signed_up.clock.now + LONGEST_PAUSE) == 1
    first, second = smtp.letters
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_letters_that_have_to_wait_do_not_come_back_all_at_once(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    put_letters(signed_up, 9)
    smtp.refuse("451 4.3.0 Later")
    postman(signed_up, mail.SmtpServer(smtp.url)).send_due(signed_up.clock.now)
    assert len({letter.due_at for letter in letters(signed_up)}) == 10


def test_a_slow_server_never_makes_a_letter_leave_twice(signed_up: PortalUnderTest, smtp: PostOffice) -> None:
    put_letters(signed_up, 9)
    seconds = iter(range(0, 10_000, 60))  # each letter takes a minute
    slow = replace(postman(signed_up, mail.SmtpServer(smtp.url)), elapsed=lambda: float(next(seconds)))
    assert slow.send_due(signed_up.clock.now) == 3
    # Before its claim lapses it gives the others back, so nobody sends what it may still be sending.
    quick = postman(signed_up, mail.SmtpServer(smtp.url))
    assert quick.send_due(signed_up.clock.now + CLAIM) == 7
    assert len({letter.message["Message-ID"] for letter in smtp.letters}) == len(smtp.letters) == 10


def test_who_is_told_to_stop_finishes_the_letter_in_hand_and_gives_back_the_others(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    put_letters(signed_up, 9)
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    assert way.send_due(signed_up.clock.now, stop=lambda: len(smtp.letters) == 4) == 4
    assert Counter(letter.state for letter in letters(signed_up)) == {"sent": 4, "waiting": 6}
    assert way.send_due(signed_up.clock.now) == 6


def test_a_letter_that_cannot_be_sent_keeps_nobody_else_waiting(signed_up: PortalUnderTest) -> None:
    put_letters(signed_up, 1, recipient="zoë@school.example", message_id="<x@localhost>")
    put_letters(signed_up, 1, recipient="a@b.example\nBcc: c@d.example", message_id="<y@localhost>")
    put_letters(signed_up, 1)
    with open_post_office(international=False) as office:
        assert postman(signed_up, mail.SmtpServer(office.url)).send_due(signed_up.clock.now) == 2
        came = [letter.recipients for letter in office.letters]
    assert came == [("emma@school.example",), ("p0@school.example",)]
    assert [letter.state for letter in letters(signed_up)] == ["sent", "failed", "failed", "sent"]
    assert all(letter.error for letter in letters(signed_up) if letter.state == "failed")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "address", ["=?utf-8?q??=@x.be", "=?utf-8?q?a=3e=2c=20victim=40evil.com?=@x.be", "=?utf-8?b?AA==?=@x.be"]
)
def test_a_letter_that_cannot_be_written_is_set_aside_and_the_others_leave(
    signed_up: PortalUnderTest, smtp: PostOffice, address: str
) -> None:
    put_letters(signed_up, 1, recipient=address, message_id="<x@localhost>")
    put_letters(signed_up, 1)
    assert postman(signed_up, mail.SmtpServer(smtp.url)).send_due(signed_up.clock.now) == 2
    assert [letter.recipients for letter in smtp.letters] == [
        ("emma@school.example",),
        ("p0@school.example",),
    ]
    assert [letter.state for letter in letters(signed_up)] == ["sent", "failed", "sent"]
    assert letters(signed_up)[1].error in {"IndexError", "ValueError"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_fails_before_the_letters_keeps_none_of_them(
    signed_up: PortalUnderTest,
    smtp: PostOffice,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(shift, "POLL_SECONDS", 0.001)

    calls = count()
    with signed_up.session() as session, transaction(session):
        session.execute(update(Letter).values(due_at=datetime(2000, 1, 1, tzinfo=UTC)))

    def broken(_self: object, _now: object) -> None:
        if next(calls) > 8:
            worker.stop()
        raise RuntimeError

    for person, does in (
        (LineKeeper, "move_up"),
        (Clerk, "answer_asked"),
        (Clerk, "write_due"),
        (Clerk, "forget"),
    ):
        monkeypatch.setattr(person, does, broken)
    post = replace(postman(signed_up, mail.SmtpServer(smtp.url)), is_busy=lambda: bool(worker.stop()))
    catalogue = signed_up.app.extensions["portal"].catalogue
    keeper, clerk = (one(signed_up.engine, catalogue, "http://localhost") for one in (LineKeeper, Clerk))
    worker = Worker(post, keeper, clerk)
    worker.run()
    assert len(smtp.letters) == 1
    assert [record.getMessage() for record in caplog.records] == ["a pass of the worker failed"]


def test_who_is_erased_while_letters_leave_gets_none(signed_up: PortalUnderTest, smtp: PostOffice) -> None:
    put_letters(signed_up, 2)

    def erase_the_second() -> bool:
        with signed_up.session() as session, transaction(session):
            session.execute(delete(Letter).where(Letter.recipient == "p0@school.example"))
        return False

    way = replace(postman(signed_up, mail.SmtpServer(smtp.url)), is_busy=erase_the_second)
    assert way.send_due(signed_up.clock.now) == 2
    assert [letter.recipients for letter in smtp.letters] == [
        ("emma@school.example",),
        ("p1@school.example",),
    ]


def test_a_letter_that_is_sent_again_is_tried_for_two_days_once_more(
    signed_up: PortalUnderTest, smtp: PostOffice
) -> None:
    smtp.refuse("451 4.3.0 Later")
    way = postman(signed_up, mail.SmtpServer(smtp.url))
    signed_up.clock.pass_by(GIVE_UP_AFTER)
    way.send_due(signed_up.clock.now)
    (letter,) = letters(signed_up)
    assert (letter.state, letter.error) == ("failed", "451 4.3.0 Later")
    with signed_up.session() as session, transaction(session):
        assert undelivered.send_again(session, "nascholing", letter.id, signed_up.clock.now)
        assert not undelivered.send_again(session, "nascholing", letter.id, signed_up.clock.now)
    way.send_due(signed_up.clock.now)
    (letter,) = letters(signed_up)
    assert letter.state == "waiting"

"""Programs are told what happens: all of it, signed, again until they take it, and nothing of what did not happen."""

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from threading import Barrier, Event
from typing import Any

import pytest
import standardwebhooks
from sqlalchemy import select, update
from standardwebhooks import Webhook as Checker

from portal.domain import changes, sealing, webhooks
from portal.domain.checkin import Tap, record
from portal.formats import mail, post
from portal.storage.database import transaction
from portal.storage.models import Organiser, Registration
from portal.storage.webhooks import Delivery, Webhook
from portal.worker import BATCH, CLAIM, GIVE_UP_AFTER, LONGEST_PAUSE, Messenger, Postman, Worker
from tests.support.outbox import at_the_desk, letters, sign_up, writer
from tests.support.portal import SECRET, PortalUnderTest, event_file, statements_of
from tests.support.ports import free_port
from tests.support.receiver import Received, Receiver, open_receiver, status
from tests.support.webhooks import deliver, deliveries, listening, make_webhook, messenger

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def hook(portal: PortalUnderTest) -> Webhook:
    with portal.session() as session:
        return session.scalars(select(Webhook)).one()


def several_sign_up(portal: PortalUnderTest, number: int) -> None:
    for one in range(number):
        sign_up(portal, email=f"p{one}@school.example")


def checked(secret: str, message: Received) -> Any:
    """What a message says, once the specification's own library has found it genuine. Its clock is the real one."""
    checker = Checker(secret)
    headers = {name.lower(): value for name, value in message.headers.items()}
    at = int(headers["webhook-timestamp"])
    with real_time(at):
        return checker.verify(message.body, headers)


@contextmanager
def real_time(at: int) -> Iterator[None]:
    """The library's clock, which otherwise refuses messages of a test's 2027."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # noqa: ARG003  # the library names it
            return datetime.fromtimestamp(at, UTC)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(standardwebhooks.webhooks, "datetime", Then)
        yield


def test_a_sign_up_is_told_signed_and_names_nobody(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2, max_party=2)})
    secret = make_webhook(portal.organiser(), receiver.url)
    sign_up(portal, "en", "Noor", school="Sint-Jozef", phone="+32 9 123 45 67")
    assert deliver(portal) == 1
    (message,) = receiver.messages
    with portal.session() as session:
        reference = session.scalars(select(Registration.reference)).one()
    assert checked(secret, message) == message.told
    assert message.told == {
        "id": message.id,
        "type": "registration.created",
        "timestamp": "2027-01-04T09:00:00.000Z",
        "data": {
            "event": "nascholing",
            "registration": reference,
            "status": "confirmed",
            "attendees": [
                {
                    "attendee": f"{reference}-{number}",
                    "status": "confirmed",
                    "ticket": "",
                    "checked_in": False,
                }
                for number in (1, 2)
            ],
            "counts": {"confirmed": 2, "waitlisted": 0, "cancelled": 0},
            "event_counts": {"confirmed": 2, "waitlisted": 0},
        },
    }
    for told in ("Emma", "Peeters", "Noor", "school.example", "Sint-Jozef", "123 45"):
        assert told.encode() not in message.body
    assert message.headers["Content-Type"] == "application/json"


def test_another_secret_or_a_changed_body_is_found_out(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    secret = make_webhook(portal.organiser(), receiver.url)
    sign_up(portal)
    deliver(portal)
    (message,) = receiver.messages
    forged = Received(message.path, message.headers, message.body.replace(b"confirmed", b"cancelled"))
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        checked(secret, forged)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        checked("whsec_" + "A" * 44, message)


def test_each_happening_is_told_in_its_order(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    listening(portal, receiver)
    first = sign_up(portal)
    second = sign_up(portal, email="noor@school.example")
    with at_the_desk(portal) as desk:
        changes.change(desk, first, changes.Change(phone="09 1"))
        changes.cancel(desk, first)
    with portal.session() as session, transaction(session):
        code = f"{session.get_one(Registration, second).reference}-1"
        organiser_id = session.scalars(select(Organiser.id)).one()
        for action in ("in", "in", "out"):
            tap = Tap(f"{action}-{len(session.new)}-{action}", code, action)  # type: ignore[arg-type]
            record(
                session,
                "nascholing",
                writer(portal).event,
                [tap],
                organiser_id=organiser_id,
                now=portal.clock.now,
            )
            session.flush()
            portal.clock.pass_by(timedelta(minutes=1))
    assert deliver(portal) == 7
    told = [message.told for message in receiver.messages]
    assert [(one["type"], one["data"]["status"]) for one in told] == [
        ("registration.created", "confirmed"),
        ("registration.created", "waitlisted"),
        ("registration.changed", "confirmed"),
        ("registration.cancelled", "cancelled"),
        ("registration.changed", "confirmed"),  # who waited got the place
        ("attendance.changed", "confirmed"),
        ("attendance.changed", "confirmed"),
    ]
    assert [one["data"]["attendees"][0]["checked_in"] for one in told[-2:]] == [True, False]
    assert told[1]["data"]["event_counts"] == {"confirmed": 1, "waitlisted": 1}
    assert told[4]["data"]["event_counts"] == {"confirmed": 1, "waitlisted": 0}


def test_only_what_was_asked_for_is_told(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    organiser = portal.organiser()
    make_webhook(organiser, receiver.url + "/cancelled", ["registration.cancelled"])
    make_webhook(organiser, receiver.url + "/other", events=["other"])
    make_webhook(organiser, receiver.url + "/this", ["registration.created"], ["nascholing"])
    first = sign_up(portal)
    with at_the_desk(portal) as desk:
        changes.cancel(desk, first)
        desk.note(desk.registration(first), "noted", note="secret")
    assert deliver(portal) == 2
    assert sorted(message.path for message in receiver.messages) == ["/hook/cancelled", "/hook/this"]


def test_what_is_rolled_back_is_not_told(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    listening(portal, receiver)
    first = sign_up(portal)
    deliver(portal)
    with pytest.raises(ZeroDivisionError), at_the_desk(portal) as desk:
        changes.cancel(desk, first)
        raise ZeroDivisionError
    assert deliver(portal) == 0
    assert len(deliveries(portal)) == 1


def test_without_webhooks_a_sign_up_asks_no_question_more(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    with statements_of(portal) as asked:
        sign_up(portal)
    about = [statement for statement in asked if "webhooks" in statement or "deliveries" in statement]
    # Whether there are any is answered with the event's lock.
    assert about
    assert all("FROM events" in statement for statement in about)


def test_of_a_party_it_is_told_without_asking_for_each_person(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    listening(portal, receiver)
    with statements_of(portal) as asked:
        sign_up(portal, "en", "Noor", "Lies")
    assert len(deliveries(portal)) == 1
    assert not [statement for statement in asked if "FROM attendees" in statement]


def test_what_is_not_taken_comes_again_under_the_same_id_each_time_later(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    secret = make_webhook(portal.organiser(), receiver.url)
    sign_up(portal)
    receiver.answering = status(500)
    waits = []
    for _ in range(4):
        assert deliver(portal) == 0
        (delivery,) = deliveries(portal)
        assert (delivery.state, delivery.answer, delivery.error) == ("waiting", 500, "HTTP 500")
        assert messenger(portal).deliver_due(delivery.due_at - timedelta(seconds=1)) == 0
        waits.append(delivery.due_at - portal.clock.now)
        portal.clock.now = delivery.due_at
    assert waits == sorted(waits)
    receiver.answering = status(200)
    assert deliver(portal) == 1
    assert len({message.id for message in receiver.messages}) == 1
    assert len({message.body for message in receiver.messages}) == 1
    assert len({message.headers["webhook-timestamp"] for message in receiver.messages}) == 5
    for message in receiver.messages:
        checked(secret, message)
    (delivery,) = deliveries(portal)
    assert (delivery.state, delivery.answer, delivery.error) == ("sent", 200, "")


@pytest.mark.parametrize("number", [301, 307, 400, 404, 429, 500, 503])
def test_only_2xx_is_taken(make_portal: MakePortal, receiver: Receiver, number: int) -> None:
    portal = make_portal()
    listening(portal, receiver)
    sign_up(portal)
    receiver.answering = status(number, ("Location", receiver.url))
    assert deliver(portal) == 0
    assert deliveries(portal)[0].state == "waiting"
    assert len(receiver.messages) == 1


def test_it_is_given_up_after_two_days_and_can_be_sent_again(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    make_webhook(organiser, f"http://127.0.0.1:{free_port()}/")
    sign_up(portal)
    deliver(portal)
    assert deliveries(portal)[0].state == "waiting"
    portal.clock.pass_by(GIVE_UP_AFTER + LONGEST_PAUSE)
    deliver(portal)
    (failed,) = deliveries(portal)
    assert (failed.state, failed.answer) == ("failed", None)
    with portal.session() as session, transaction(session):
        session.execute(update(Webhook).values(url=receiver.url))
    organiser = portal.organiser("bo@leraars.example")
    page = organiser.get("/admin/webhooks/1")
    assert organiser.submit(page, form='form[action$="/again"]').status == 303
    assert deliver(portal) == 1
    assert receiver.messages[0].id == failed.message_id


def test_a_program_that_is_gone_is_left_alone_and_its_organiser_told(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    sign_up(portal)
    sign_up(portal, email="noor@school.example")
    receiver.answering = status(410)
    deliver(portal)
    assert len(receiver.messages) == 1
    assert hook(portal).off == "gone"
    portal.clock.pass_by(LONGEST_PAUSE)
    deliver(portal)
    sign_up(portal, email="lies@school.example")
    assert deliver(portal) == 0
    assert len(receiver.messages) == 1
    assert {delivery.state for delivery in deliveries(portal)} == {"failed"}
    (letter,) = letters(portal, "webhook")
    assert letter.recipient == "an@leraars.example"
    assert "127.0.0.1" in letter.text
    assert "/hook" not in letter.text
    assert any("does not take" in words for words in organiser.get("/admin/").words("main .notice"))


@pytest.mark.parametrize(
    ("failures", "since", "off"),
    [
        (webhooks.OFF_FAILURES, webhooks.OFF_AFTER - timedelta(hours=1), ""),
        (webhooks.OFF_FAILURES - 2, webhooks.OFF_AFTER, ""),
        (webhooks.OFF_FAILURES - 1, webhooks.OFF_AFTER, "failing"),
    ],
)
def test_a_program_that_fails_often_and_for_days_is_switched_off(
    make_portal: MakePortal, receiver: Receiver, failures: int, since: timedelta, off: str
) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    sign_up(portal)
    receiver.answering = status(503)
    with portal.session() as session, transaction(session):
        session.execute(update(Webhook).values(failures=failures, failing_since=portal.clock.now - since))
    deliver(portal)
    assert hook(portal).off == off
    assert len(letters(portal, "webhook")) == (1 if off else 0)
    assert any("does not take" in words for words in organiser.get("/admin/").words("main .notice"))


def test_one_message_that_is_taken_ends_the_count(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    listening(portal, receiver)
    sign_up(portal)
    receiver.answering = status(503)
    deliver(portal)
    assert (hook(portal).failures, hook(portal).failing_since) == (1, portal.clock.now)
    portal.clock.pass_by(timedelta(hours=1))
    receiver.answering = status(200)
    deliver(portal)
    assert (hook(portal).failures, hook(portal).failing_since) == (0, None)


def test_messengers_who_work_together_bring_each_message_once(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    listening(portal, receiver)
    several_sign_up(portal, 12)
    together = Barrier(4)

    def work(_number: int) -> int:
        together.wait(10)
        return deliver(portal)

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 12
    assert len({message.id for message in receiver.messages}) == len(receiver.messages) == 12


def test_a_messenger_who_dies_leaves_a_claim_that_lapses(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    listening(portal, receiver)
    sign_up(portal)

    class Dies(BaseException):
        pass

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Dies):
        patch.setattr(post, "post", lambda *_a, **_k: (_ for _ in ()).throw(Dies))
        deliver(portal)
    assert messenger(portal).deliver_due(portal.clock.now + CLAIM - timedelta(seconds=1)) == 0
    assert messenger(portal).deliver_due(portal.clock.now + CLAIM) == 1
    assert receiver.messages[0].id == deliveries(portal)[0].message_id


def test_a_dead_program_keeps_no_other_waiting(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    with open_receiver() as broken:
        broken.answering = status(500)
        make_webhook(organiser, broken.url)
        make_webhook(organiser, receiver.url)
        several_sign_up(portal, 6)
        assert deliver(portal) == 6
        assert len(broken.messages) == 3
    assert {delivery.state for delivery in deliveries(portal) if delivery.webhook_id == 1} == {"waiting"}


def test_a_slow_program_has_its_share_of_a_pass_and_no_more(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    listening(portal, receiver)
    several_sign_up(portal, 5)
    seconds = 0.0

    def slowly(handler: BaseHTTPRequestHandler) -> None:
        nonlocal seconds
        seconds += 18
        status(204)(handler)

    receiver.answering = slowly
    catalogue = portal.app.extensions["portal"].catalogue
    slow = Messenger(portal.engine, catalogue, portal.settings.base_url, (SECRET,), lambda: seconds)
    assert slow.deliver_due(portal.clock.now) == 2
    assert slow.deliver_due(portal.clock.now + timedelta(minutes=1)) == 2
    assert slow.deliver_due(portal.clock.now + timedelta(minutes=2)) == 1
    assert len(receiver.messages) == 5


@ONLY_SQLITE
def test_a_silent_program_holds_up_no_letter(
    make_portal: MakePortal, receiver: Receiver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.worker.shift.POLL_SECONDS", 0.01)
    portal = make_portal()
    listening(portal, receiver)
    asked, done = Event(), Event()

    def hold(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        done.wait(30)
        status(204)(handler)

    receiver.answering = hold
    sent = Event()

    class Folder(mail.Folder):
        def send(self, message: Any) -> None:
            super().send(message)
            sent.set()

    sender = mail.Sender("Leraars", "info@leraars.example")
    postman = Postman(portal.engine, Folder(tmp_path / "mail"), sender, "https://portal.example", (SECRET,))
    worker = Worker(postman, messenger=messenger(portal))
    portal.clock.now = datetime.now(UTC)
    portal.write({"nascholing": event_file(date="2099-02-03T13:30:00", end_date="2099-02-03T16:30:00")})
    portal.reread()
    sign_up(portal)
    worker.start()
    try:
        assert asked.wait(30)
        sent.clear()
        sign_up(portal, email="noor@school.example")
        assert sent.wait(30), "the letter waits for somebody else's server"
        assert not done.is_set()
    finally:
        done.set()
        worker.stop()


def test_while_one_secret_takes_the_place_of_another_both_sign(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    old = make_webhook(organiser, receiver.url)
    page = organiser.submit(organiser.get("/admin/webhooks/1"), form='form[action$="/secret"]')
    (new,) = page.words("#secret")
    assert new != old
    sign_up(portal)
    deliver(portal)
    checked(old, receiver.messages[0])
    checked(new, receiver.messages[0])
    portal.clock.pass_by(webhooks.OVERLAP)
    sign_up(portal, email="noor@school.example")
    deliver(portal)
    checked(new, receiver.messages[1])
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        checked(old, receiver.messages[1])


def test_who_reads_the_database_cannot_sign(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    secret = make_webhook(portal.organiser(), receiver.url)
    assert secret.removeprefix("whsec_") not in json.dumps([hook(portal).secret, hook(portal).old_secret])
    assert webhooks.keys(hook(portal), (SECRET,), portal.clock.now) == [secret]
    assert webhooks.keys(hook(portal), "z" * 40, portal.clock.now) == []


def test_logs_hold_no_secret_no_address_and_nobody(
    make_portal: MakePortal, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    portal = make_portal()
    secret = make_webhook(portal.organiser(), receiver.url + "?key=of-the-program")
    sign_up(portal)
    receiver.answering = status(500)
    with caplog.at_level(logging.DEBUG):
        deliver(portal)
    assert "webhook 1" in caplog.text
    for nobodys in (
        secret,
        secret.removeprefix("whsec_"),
        "of-the-program",
        "/hook",
        "Emma",
        "school.example",
    ):
        assert nobodys not in caplog.text


@ONLY_SQLITE
def test_a_public_portal_calls_nothing_inside_even_by_a_name_that_changed(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal(base_url="https://portal.example")
    with portal.session() as session, transaction(session):
        session.add(
            Webhook(
                url=receiver.url.replace("http:", "https:"),
                types=["registration.created"],
                events=[],
                secret="",
                made_at=portal.clock.now,
            )
        )
        session.flush()
        made = session.scalars(select(Webhook)).one()
        made.secret = sealing.seal((SECRET,), webhooks.PURPOSE, made.id, "whsec_" + "A" * 44)
    sign_up(portal)
    assert deliver(portal) == 0
    assert not receiver.messages
    assert deliveries(portal)[0].error == "the address leads into a private network"


def test_old_messages_are_forgotten(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    listening(portal, receiver)
    sign_up(portal)
    deliver(portal)
    sign_up(portal, email="noor@school.example")
    with portal.session() as session, transaction(session):
        webhooks.forget(session, portal.clock.now + webhooks.KEEP + timedelta(seconds=1))
    (left,) = deliveries(portal)
    assert left.state == "waiting"


def test_more_than_a_batch_leaves_in_several_passes(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    listening(portal, receiver)
    sign_up(portal)
    with portal.session() as session, transaction(session):
        first = session.scalars(select(Delivery)).one()
        session.add_all(
            Delivery(
                webhook_id=first.webhook_id,
                message_id=f"msg_{number}",
                type=first.type,
                body=first.body,
                created_at=first.created_at,
                queued_at=first.queued_at,
                due_at=first.due_at,
            )
            for number in range(BATCH)
        )
    assert [deliver(portal) for _ in range(3)] == [BATCH, 1, 0]

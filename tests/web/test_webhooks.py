"""Organisers look after webhooks: they make them, see how they were answered, and send again."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from portal.storage.identity import AuditEntry
from portal.storage.webhooks import Webhook
from tests.support.outbox import sign_up
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.receiver import Receiver, status
from tests.support.visitor import Answer, Visitor
from tests.support.webhooks import EVERYTHING, deliver, deliveries, listening

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TWO = {"nascholing": event_file(), "other": event_file(title="Ander")}


def hooks(portal: PortalUnderTest) -> list[Webhook]:
    with portal.session() as session:
        return list(session.scalars(select(Webhook).order_by(Webhook.id)))


def ask(organiser: Visitor, **asked: object) -> Answer:
    """Send the form of a new webhook."""
    values = {"url": "https://hook.example/in", "types": EVERYTHING, "events": []} | asked
    return organiser.submit(organiser.get("/admin/webhooks"), values, form="#webhook")  # type: ignore[arg-type]


def press(organiser: Visitor, what: str, webhook_id: int = 1) -> Answer:
    """One of the buttons on a webhook's page; what is said afterwards."""
    page = organiser.get(f"/admin/webhooks/{webhook_id}")
    answer = organiser.submit(page, form=f'form[action$="/{what}"]')
    return organiser.get(answer.location) if answer.status == 303 else answer


def test_a_webhook_is_made_and_its_secret_shown_once(make_portal: MakePortal) -> None:
    portal = make_portal(base_url="https://portal.example")
    organiser = portal.organiser()
    page = ask(organiser)
    (secret,) = page.words("#secret")
    assert secret.startswith("whsec_")
    assert page.headers["Cache-Control"] == "no-store"
    for path in ("/admin/webhooks", "/admin/webhooks/1", "/admin/accounts/log"):
        shown = organiser.get(path)
        assert "hook.example" in shown.text
        assert secret.removeprefix("whsec_") not in shown.text


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"url": ""}, "complete address"),
        ({"url": "hook.example"}, "complete address"),
        ({"url": "http://hook.example/"}, "https://"),
        ({"url": "https://me:pw@hook.example/"}, "Leave the name"),
        ({"url": "https://192.168.1.10/"}, "private network"),
        ({"url": "https://localhost/"}, "private network"),
        ({"types": []}, "Tick at least one"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_typed_is_lost(
    make_portal: MakePortal, asked: dict[str, object], said: str
) -> None:
    portal = make_portal(TWO, base_url="https://portal.example")
    page = ask(portal.organiser(), **({"events": ["other"]} | asked))
    assert page.status == 422
    assert any(said in words for words in page.words(".notice.wrong li"))
    form = page.form("#webhook")
    assert form["events"] == "other"
    assert form["url"] == asked.get("url", "https://hook.example/in")
    assert not hooks(portal)


def test_who_looks_after_some_events_makes_webhooks_for_these_only(make_portal: MakePortal) -> None:
    portal = make_portal(TWO)
    owner = portal.organiser()
    bound = portal.organiser("bo@leraars.example", "organiser", ("nascholing",))
    assert ask(owner).status == 200
    assert ask(owner, events=["nascholing", "other"]).status == 200
    assert ask(bound).status == 422
    forged = bound.get("/admin/webhooks").form("#webhook") | {
        "url": "https://x.example/",
        "types": EVERYTHING,
        "events": ["nascholing", "other"],
    }
    assert bound.post("/admin/webhooks", forged).status == 422
    assert ask(bound, events=["nascholing"]).status == 200
    assert [one.events for one in hooks(portal)] == [[], ["nascholing", "other"], ["nascholing"]]
    listed = bound.get("/admin/webhooks").words("tbody th")
    assert len(listed) == 1
    for number in (1, 2):
        assert bound.get(f"/admin/webhooks/{number}").status == 404
        token = bound.get("/admin/webhooks").form("#webhook")
        for what in ("", "/secret", "/test", "/on", "/off", "/remove", "/deliveries/1/again"):
            assert bound.post(f"/admin/webhooks/{number}{what}", token | {"sure": "y"}).status == 404
    assert len(hooks(portal)) == 3
    assert bound.get("/admin/webhooks/3").status == 200


def test_a_change_counts_from_the_next_message(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal(TWO)
    organiser = listening(portal, receiver)
    page = organiser.get("/admin/webhooks/1")
    asked = {"url": receiver.url + "/new", "types": ["registration.created"], "events": ["nascholing"]}
    assert organiser.submit(page, asked, form="#change").status == 303
    sign_up(portal)
    deliver(portal)
    assert [message.path for message in receiver.messages] == ["/hook/new"]


def test_a_test_is_sent_and_its_answer_shown(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    assert "on its way" in press(organiser, "test").text
    receiver.answering = status(418)
    deliver(portal)
    (row,) = organiser.get("/admin/webhooks/1").words("tbody tr")
    assert "Test" in row
    assert "HTTP 418" in row
    assert receiver.messages[0].told["type"] == "test"


def test_what_was_taken_can_be_sent_again_under_its_id(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    sign_up(portal)
    deliver(portal)
    assert "is sent again" in press(organiser, "again").text
    deliver(portal)
    assert len(receiver.messages) == 2
    assert receiver.messages[0].id == receiver.messages[1].id


def test_while_it_is_off_nothing_is_told_and_nothing_kept_for_later(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    sign_up(portal)
    press(organiser, "off")
    sign_up(portal, email="noor@school.example")
    deliver(portal)
    assert not receiver.messages
    assert [one.state for one in deliveries(portal)] == ["failed"]
    token = organiser.get("/admin/webhooks").form("#webhook")
    for what in ("test", "deliveries/1/again"):
        answer = organiser.post(f"/admin/webhooks/1/{what}", token)
        assert "Switch it on first" in organiser.get(answer.location).text
    press(organiser, "on")
    sign_up(portal, email="lies@school.example")
    assert deliver(portal) == 1


def test_who_removes_one_has_to_be_sure(make_portal: MakePortal, receiver: Receiver) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    sign_up(portal)
    assert "sure" in press(organiser, "remove").text
    assert len(hooks(portal)) == 1
    page = organiser.get("/admin/webhooks/1")
    assert organiser.submit(page, {"sure": "y"}, form="#remove").location == "/admin/webhooks"
    assert not hooks(portal)
    assert not deliveries(portal)
    sign_up(portal, email="noor@school.example")


def test_the_log_says_who_made_changed_and_removed_what_and_no_whole_address(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    page = organiser.get("/admin/webhooks/1")
    organiser.submit(page, {"types": ["registration.created"]}, form="#change")
    for what in ("secret", "off", "on"):
        press(organiser, what)
    organiser.submit(organiser.get("/admin/webhooks/1"), {"sure": "y"}, form="#remove")
    with portal.session() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.action.like("webhook%")).order_by(AuditEntry.id)
        ).all()
    assert [entry.action.removeprefix("webhook_") for entry in entries] == [
        "made",
        "changed",
        "secret",
        "off",
        "on",
        "removed",
    ]
    assert {entry.note for entry in entries} == {"#1 127.0.0.1"}
    assert {entry.organiser_id for entry in entries} == {1}
    log = organiser.get("/admin/accounts/log").words("main li")
    assert any("webhook removed" in line for line in log)


def test_the_page_takes_as_many_questions_for_one_message_as_for_fifty(
    make_portal: MakePortal, receiver: Receiver
) -> None:
    portal = make_portal()
    organiser = listening(portal, receiver)
    token = organiser.get("/admin/webhooks/1").form("#change")
    counts = []
    for _ in range(2):
        for _ in range(10):
            organiser.post("/admin/webhooks/1/test", token)
        organiser.get("/admin/webhooks/1")
        with statements_of(portal) as asked:
            organiser.get("/admin/webhooks/1")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 6

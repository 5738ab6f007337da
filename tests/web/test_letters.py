"""Letters on the organisers' side."""

from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from portal.storage.database import transaction
from portal.storage.models import HistoryEntry, Letter, Registration
from tests.support.outbox import entry, letters, sign_up
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer

MakePortal = Callable[..., PortalUnderTest]
REFUSAL = "550 5.1.1 No such mailbox"


def fail(portal: PortalUnderTest, *recipients: str) -> None:
    """As if the mail server had refused the letters to these addresses, or all of them."""
    with portal.session() as session, transaction(session):
        change = update(Letter).values(state="failed", error=REFUSAL)
        session.execute(change.where(Letter.recipient.in_(recipients)) if recipients else change)


@pytest.fixture
def failed(make_portal: MakePortal) -> PortalUnderTest:
    """A portal in which the letter to Emma could not be delivered, and one to Noor could."""
    portal = make_portal()
    sign_up(portal, "en", email="emma@scool.example")
    sign_up(portal, first_name="Noor", email="noor@school.example")
    fail(portal, "emma@scool.example")
    return portal


def mending(answer: Answer) -> str:
    """The address of the page that mends the only failed letter's address."""
    (link,) = answer.find('main a[href$="/address"]')
    return str(link.attrs["href"])


def test_the_overview_says_how_many_letters_failed_in_one_query(failed: PortalUnderTest) -> None:
    organiser = failed.organiser()
    with statements_of(failed) as asked:
        page = organiser.get("/admin/")
    assert "One letter could not be delivered" in page.words(".notice")
    # These, what has not been told, and whether letters leave at all.
    assert sum("FROM letters" in statement for statement in asked) <= 3, asked
    fail(failed)
    assert "2 letters could not be delivered" in organiser.get("/admin/").text


def test_without_failures_the_overview_says_nothing_of_letters(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    organiser = portal.organiser()
    assert not organiser.get("/admin/").find(".notice")
    assert "Every letter was delivered" in organiser.get("/admin/letters").text


def test_a_failed_letter_says_why_and_can_be_sent_again(failed: PortalUnderTest) -> None:
    organiser = failed.organiser()
    page = organiser.get("/admin/letters")
    assert REFUSAL in page.text
    assert "noor@school.example" not in page.text
    answer = organiser.submit(page, form="main form")
    assert "The letter is sent again." in organiser.follow(answer).text
    assert [letter.state for letter in letters(failed)] == ["waiting", "waiting"]
    assert organiser.submit(page, form="main form").status == 303  # twice is no mistake


def test_all_failed_letters_can_be_sent_again_at_once(failed: PortalUnderTest) -> None:
    fail(failed)
    organiser = failed.organiser()
    answer = organiser.submit(
        organiser.get("/admin/letters"), form='main form[action="/admin/letters/again"]'
    )
    assert "2 letters are sent again." in organiser.follow(answer).text
    assert {letter.state for letter in letters(failed)} == {"waiting"}


def test_a_mended_address_is_the_registrations_and_gets_the_letter(failed: PortalUnderTest) -> None:
    organiser = failed.organiser()
    form = organiser.get(mending(organiser.get("/admin/letters")))
    assert form.form()["email"] == "emma@scool.example"
    wrong = organiser.submit(form, {"email": "emma@"})
    assert wrong.status == 422
    assert wrong.form()["email"] == "emma@"
    assert wrong.find('[role=alert] a[href="#email"]')
    assert organiser.submit(form, {"email": " Emma@school.example "}).status == 303
    letter = letters(failed)[0]
    assert (letter.state, letter.recipient) == ("waiting", "Emma@school.example")
    assert entry(letter)["attendee"] == "mailto:Emma@school.example"
    assert str(entry(letter)["attendee"].params["CN"]) == "Emma Peeters"
    with failed.session() as session:
        registration = session.scalars(select(Registration).order_by(Registration.id)).first()
        assert registration is not None
        assert (registration.email, registration.email_key) == ("Emma@school.example", "emma@school.example")
        assert registration.attendees[0].email == "Emma@school.example"
        last = session.scalars(select(HistoryEntry).order_by(HistoryEntry.id.desc())).first()
        assert last is not None
        assert (last.action, last.actor, last.registration_id) == ("address", "organiser", registration.id)
        assert last.organiser_id is not None
    found = organiser.get("/admin/events/nascholing/attendees?q=emma@school")
    assert "Emma@school.example" in found.text


def test_one_address_keeps_one_registration(failed: PortalUnderTest) -> None:
    organiser = failed.organiser()
    form = organiser.get(mending(organiser.get("/admin/letters")))
    answer = organiser.submit(form, {"email": "NOOR@school.example"})
    assert answer.status == 409
    assert "Another registration" in answer.text
    assert letters(failed)[0].state == "failed"


def test_what_failed_to_reach_a_colleague_is_not_sent_to_the_contact(failed: PortalUnderTest) -> None:
    with failed.session() as session, transaction(session):
        session.execute(
            update(Letter).where(Letter.state == "failed").values(kind="welcome", recipient="l@x.example")
        )
    organiser = failed.organiser()
    page = organiser.get("/admin/letters")
    assert not page.find('main a[href$="/address"]')
    assert organiser.get("/admin/events/nascholing/letters/1/address").status == 404


def test_letters_about_a_registration_are_read_without_what_opens_it(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    organiser = portal.organiser()
    with portal.session() as session:
        reference = session.scalars(select(Registration.reference)).one()
    page = organiser.get(f"/admin/events/nascholing/registrations/{reference}/letters")
    assert "You are signed up: Nascholing" in page.text
    assert "Wednesday 3 February 2027" in page.text
    assert "[their own link]" in page.text
    assert "registration-link" not in page.text
    assert "/registrations/" not in page.words(".letter")[0]
    assert organiser.get("/admin/events/nascholing/registrations/ZZZZ-ZZZZ/letters").status == 404


def test_a_changed_place_is_shown_read_and_told(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    sign_up(portal, "nl", first_name="Noor", email="noor@school.example")
    organiser = portal.organiser()
    assert not organiser.get("/admin/").find(".notice")
    portal.write({"nascholing": event_file(location="Elders, Aalst")})
    portal.reread()
    (notice,) = organiser.get("/admin/").words(".notice")
    assert "2 registrations have not been told" in notice
    page = organiser.get("/admin/events/nascholing/announcement")
    english, dutch = sorted(page.words(".letter"), key=lambda words: "Emma" not in words)
    assert "Hello Emma" in english
    assert "It was: De Krook, Gent" in english
    assert "Noor" in dutch
    assert len(letters(portal)) == 2  # looking sends nothing
    answer = organiser.submit(page, press="Send 2 letters")
    assert "2 letters are on their way." in organiser.follow(answer).text
    assert len(letters(portal, "practical")) == 2
    assert not organiser.get("/admin/").find(".notice")
    assert "Everybody who is registered knows" in organiser.get("/admin/events/nascholing/announcement").text


def test_organisers_may_leave_a_change_untold(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    portal.write({"nascholing": event_file(location="De Krook, zaal 2, Gent")})
    portal.reread()
    organiser = portal.organiser()
    page = organiser.get("/admin/events/nascholing/announcement")
    assert organiser.submit(page, press="Tell nobody").status == 303
    assert not letters(portal, "practical")
    assert not organiser.get("/admin/").find(".notice")


def test_a_letter_is_only_sent_as_it_was_read(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    portal.write({"nascholing": event_file(location="Elders")})
    portal.reread()
    organiser = portal.organiser()
    page = organiser.get("/admin/events/nascholing/announcement")
    portal.write({"nascholing": event_file(location="Nog elders")})
    portal.reread()
    answer = organiser.submit(page)
    assert answer.status == 409
    assert "Nog elders" in answer.words(".letter")[0]
    assert not letters(portal, "practical")
    assert organiser.submit(answer).status == 303
    assert len(letters(portal, "practical")) == 1


def test_a_cancelled_event_is_told_on_the_same_page(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    portal.write({"nascholing": event_file(status="cancelled")})
    portal.reread()
    organiser = portal.organiser()
    assert "has not been told that it does not take place" in organiser.get("/admin/").text
    page = organiser.get("/admin/events/nascholing/announcement")
    assert "this event was cancelled" in page.words(".letter")[0].casefold()
    organiser.submit(page)
    assert len(letters(portal, "cancelled")) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_organisers_see_and_send_only_letters_of_their_events(failed: PortalUnderTest) -> None:
    everybodys = failed.organiser("a@leraars.example", "organiser")
    elsewhere = failed.organiser("b@leraars.example", "organiser", ("other",))
    at_the_door = failed.organiser("c@leraars.example", "door")
    again = "/admin/events/nascholing/letters/1/again"
    assert "emma@scool.example" in everybodys.get("/admin/letters").text
    assert "emma@scool.example" not in elsewhere.get("/admin/letters").text
    assert not elsewhere.get("/admin/").find(".notice.heed")
    token = elsewhere.get("/admin/letters").form('form[action="/admin/logout"]')
    assert elsewhere.post("/admin/letters/again", token).status == 303
    assert elsewhere.post(again, token).status == 403
    assert elsewhere.post(again.replace("nascholing", "other"), token).status == 303
    assert letters(failed)[0].state == "failed"
    assert elsewhere.get("/admin/events/nascholing/announcement").status == 403
    for url in ("/admin/letters", "/admin/events/nascholing/letters/1/address"):
        assert at_the_door.get(url).status == 403
        assert failed.visitor().get(url).status == 303


def test_the_page_of_letters_costs_the_same_however_many_failed(failed: PortalUnderTest) -> None:
    organiser = failed.organiser()
    organiser.get("/admin/letters")
    with statements_of(failed) as few:
        organiser.get("/admin/letters")
    for number in range(10):
        sign_up(failed, email=f"p{number}@school.example")
    fail(failed)
    with statements_of(failed) as many:
        assert len(organiser.get("/admin/letters").find(".failures > li")) == 12
    assert len(many) == len(few) <= 7, many

"""The registrant's own page."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from portal.domain import letter_keys, link_requests
from portal.storage.models import HistoryEntry, Letter, Registration
from portal.worker import LineKeeper
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
FORM = "/events/nascholing/signup"


def sign_up(portal: PortalUnderTest, name: str, *colleagues: str) -> tuple[Visitor, str]:
    """Somebody new signs up; returns them and the address of their own page."""
    visitor = portal.visitor()
    form = visitor.get(FORM)
    values = {"first_name": name, "last_name": "Peeters", "email": f"{name}@school.example", "privacy": "y"}
    for number, colleague in enumerate(colleagues):
        form = visitor.submit(form, press="Add a colleague")
        values |= {f"people-{number}-first_name": colleague, f"people-{number}-last_name": "Maes"}
    return visitor, visitor.submit(form, values).location


def test_the_page_is_the_registrants_alone(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor, url = sign_up(portal, "Emma")
    page = visitor.get(url)
    assert "We have sent a mail" in page.text
    assert "We have sent a mail" not in visitor.get(url).text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert "noindex" in page.headers["X-Robots-Tag"]
    assert visitor.get(url[:-1] + ("A" if url[-1] != "A" else "B")).status == 404


def test_who_cannot_come_says_so_in_two_steps_and_the_first_in_line_gets_the_place(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    emma, emmas = sign_up(portal, "Emma")
    noor, noors = sign_up(portal, "Noor")
    assert "You are first in line." in noor.get(noors).text
    asked = emma.get(f"{emmas}/cancel")
    assert "You are signed up" in emma.get(emmas).text
    answer = emma.submit(asked)
    assert (answer.status, answer.location) == (303, emmas)
    assert "This registration is cancelled" in emma.get(emmas).text
    assert "You are signed up" in noor.get(noors).text
    with portal.session() as session:
        assert session.scalars(select(Letter.kind).order_by(Letter.id)).all() == [
            "confirmed",
            "waitlisted",
            "cancelled",
            "promoted",
        ]
    assert emma.submit(asked).status == 303
    with portal.session() as session:
        assert session.scalar(select(func.count()).select_from(HistoryEntry)) == 4


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_of_a_party_can_leave_and_nobody_ticked_is_told(make_portal: MakePortal) -> None:
    portal = make_portal()
    emma, url = sign_up(portal, "Emma", "Noor")
    asked = emma.get(f"{url}/cancel")
    assert emma.submit(asked).status == 422
    assert emma.submit(asked, {"person": "1"}).status == 303
    page = emma.get(url)
    assert "You are signed up" in page.text
    assert "Noor Maes cancelled" in page.text
    assert emma.post(f"{url}/cancel", {"person": "0"}).status == 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_waits_is_told_where_in_line_and_why_nothing_moves(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    sign_up(portal, "Emma")
    sign_up(portal, "Lies")
    noor, url = sign_up(portal, "Noor", "Wout")
    text = noor.get(url).text
    assert "You are number 2 in line." in text
    assert "you only move up together" in text
    assert noor.submit(noor.get(f"{url}/cancel"), {"person": ["0", "1"]}).status == 303


def test_more_places_in_the_file_move_the_line_by_themselves(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    sign_up(portal, "Emma")
    noor, url = sign_up(portal, "Noor")
    portal.write({"nascholing": event_file(capacity=2)})
    portal.reread()
    catalogue = portal.app.extensions["portal"].catalogue
    for _ in range(2):
        LineKeeper(portal.engine, catalogue, "http://localhost").move_up(portal.clock.now)
    assert "You are signed up" in noor.get(url).text
    with portal.session() as session:
        assert session.scalars(select(Letter.kind)).all().count("promoted") == 1


def test_an_event_whose_file_is_gone_leaves_the_page_and_the_way_out(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file()})
    emma, url = sign_up(portal, "Emma")
    (portal.content / "events" / "nascholing.md").unlink()
    portal.reread()
    assert "Nascholing" in emma.get(url).text
    assert emma.submit(emma.get(f"{url}/cancel")).status == 303
    assert "This registration is cancelled" in emma.get(url).text


def test_data_answers_and_people_are_changed_in_one_form(make_portal: MakePortal) -> None:
    question = {"name": "diet", "label": "Diet", "type": "text", "each": True}
    portal = make_portal({"nascholing": event_file(capacity=4, max_party=3, questions=[question])})
    emma, url = sign_up(portal, "Emma", "Noor")
    form = emma.submit(emma.get(f"{url}/change"), press="Add a colleague")
    changed = {
        "people-1-first_name": "Wout",
        "people-1-email": "wout@school.example",
        "people-1-answers-diet": "vegan",
        "joining-0-first_name": "Lien",
        "joining-0-last_name": "Smet",
        "school": "Sint-Jan",
    }
    answer = emma.submit(form, changed)
    assert (answer.status, answer.location) == (303, url)
    page = emma.get(url)
    assert "Your changes are saved." in page.text
    for words in ("Wout Maes", "Diet: vegan", "Lien Smet", "Sint-Jan"):
        assert words in page.text
    assert "Noor" not in page.text
    with portal.session() as session:
        letters = session.execute(select(Letter.kind, Letter.recipient).order_by(Letter.id).offset(1)).all()
        assert letters == [("changed", "Emma@school.example"), ("welcome", "wout@school.example")]
    # Going back in the browser and sending the old form again would undo what was done since: it is asked first.
    assert emma.submit(form, changed | {"school": "Sint-Piet"}).status == 409


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_change_that_cannot_be_keeps_what_was_typed_and_what_one_has(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2, max_party=4)})
    emma, url = sign_up(portal, "Emma", "Noor")
    form = emma.submit(emma.get(f"{url}/change"), press="Add a colleague")
    lien = {"joining-0-first_name": "Lien", "joining-0-last_name": "Smet", "phone": "0470 12 34 56"}
    refused = emma.submit(form, lien)
    assert refused.status == 409
    assert "There is no place for this change." in refused.text
    assert refused.form()["phone"] == "0470 12 34 56"
    assert "Lien" not in emma.get(url).text
    for wrong in (
        {"people-1-first_name": " "},
        {"people-1-email": "noor@"},
        {"people-0-email": "a@b.example", "people-1-email": "A@b.example"},
    ):
        told = emma.submit(emma.get(f"{url}/change"), wrong)
        assert told.status == 422
        assert "Noor Maes:" in told.words(".notice.wrong")[0] or "Emma" in told.words(".notice.wrong")[0]


TICKETS = "[{id: full, label: Volledig, price: 80}, {id: half, label: Half, price: 40}]"
RENAMED = "[{id: normal, label: Normaal, price: 65}, {id: half, label: Half, price: 40}]"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("before", "kept"), [(TICKETS, ("full", "Volledig · €80 · as it is now")), (None, ("", "as it is now"))]
)
def test_a_ticket_that_the_file_no_longer_names_is_kept_by_who_has_it(
    make_portal: MakePortal, before: str | None, kept: tuple[str, str]
) -> None:
    portal = make_portal({"nascholing": event_file(tickets=before, capacity=1)})
    emma = portal.visitor()
    values = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
    url = emma.submit(emma.get(FORM), values | ({"ticket": "full"} if before else {})).location
    portal.write({"nascholing": event_file(tickets=RENAMED, capacity=1)})
    portal.reread()
    for who, form in (
        (emma, emma.get(f"{url}/change")),
        (owner := portal.organiser(), owner.get(f"/admin{page_of(portal)}/change")),
    ):
        offered = form.find("input[type=radio]")
        assert [(offered[0].attrs["value"] or "", form.words(".choice label")[0])] == [kept]
        assert [radio.attrs["value"] for radio in offered[1:]] == ["normal", "half"]
        assert not form.words("[role=radiogroup] .mark")
        changed = who.submit(form, {"phone": "0470 12 34 56"})
        assert changed.status == 303, changed.text
    assert emma.submit(emma.get(f"{url}/change"), {"people-0-ticket": "normal"}).status == 303
    assert "Normaal" in emma.get(url).text


def page_of(portal: PortalUnderTest) -> str:
    with portal.session() as session:
        return f"/events/nascholing/registrations/{session.scalars(select(Registration.reference)).one()}"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nothing_is_changed_once_sign_up_is_closed(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(signup_closes="2027-01-10T12:00")})
    emma, url = sign_up(portal, "Emma")
    form = emma.get(f"{url}/change")
    portal.clock.now = datetime(2027, 1, 10, 11, 1, tzinfo=UTC)
    assert "Change something" not in emma.get(url).text
    assert emma.submit(form, {"school": "Sint-Jan"}).status == 303
    assert "Sint-Jan" not in emma.get(url).text


def test_another_address_counts_once_its_reader_says_so(make_portal: MakePortal) -> None:
    portal = make_portal()
    emma, url = sign_up(portal, "Emma")
    sign_up(portal, "Noor")
    assert emma.submit(emma.get(f"{url}/address"), {"email": "emma@"}).status == 422
    assert emma.submit(emma.get(f"{url}/address"), {"email": "EMMA@school.example"}).status == 422
    asked = emma.follow(emma.submit(emma.get(f"{url}/address"), {"email": "emma@home.example"}))
    assert "We have sent a mail to emma@home.example." in asked.text
    proof = proof_sent_to(portal, "emma@home.example")
    reader = portal.visitor()
    assert reader.get(proof.partition(".")[0]).status == 404, "what stands in the database is half of it"
    question = reader.get(proof)
    assert "Emma@school.example" in emma.get(url).text
    assert reader.submit(question).location == url
    assert "emma@home.example" in emma.get(url).text
    assert reader.get(proof).status == 404
    with portal.session() as session:
        told = session.execute(select(Letter.kind, Letter.recipient).order_by(Letter.id).offset(3)).all()
        assert told == [("changed", "Emma@school.example"), ("changed", "emma@home.example")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_with_a_registration_of_its_own_is_not_taken_over(make_portal: MakePortal) -> None:
    portal = make_portal()
    emma, url = sign_up(portal, "Emma")
    sign_up(portal, "Noor")
    emma.submit(emma.get(f"{url}/address"), {"email": "noor@school.example"})
    proof = proof_sent_to(portal, "noor@school.example")
    reader = portal.visitor()
    assert reader.submit(reader.get(proof)).status == 409
    portal.clock.now += timedelta(days=3)
    assert reader.get(proof).status == 404


def proof_sent_to(portal: PortalUnderTest, address: str) -> str:
    """The path of the link in the letter that asks whether the address is theirs."""
    with portal.session() as session:
        letter = session.scalars(
            select(Letter).where(Letter.kind == "address", Letter.recipient == address)
        ).one()
        assert "{registration-link" not in letter.text + letter.html
        assert "/addresses/" not in letter.text + letter.html, "who reads the database confirms nothing"
        sent = letter_keys.with_links(letter, letter.text, "", portal.settings.secret_keys)
        found = re.search(r"(/addresses/\S+)", sent)
        assert found is not None
        return found[1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_there_is_to_take_home_is_there_when_it_is_time(make_portal: MakePortal) -> None:
    materials = (
        "[{label: Vooraf lezen, url: https://a.example/1, from: registration}, "
        "{label: Slides, url: https://a.example/2, from: end}]"
    )
    portal = make_portal({"nascholing": event_file(capacity=1, materials=materials)})
    emma, url = sign_up(portal, "Emma")
    noor, noors = sign_up(portal, "Noor")
    assert "Vooraf lezen" in emma.get(url).text
    assert "Slides" not in emma.get(url).text
    assert "Vooraf lezen" not in noor.get(noors).text
    portal.clock.now = datetime(2027, 2, 3, 15, 31, tzinfo=UTC)
    assert emma.get(url).find('a[href="https://a.example/2"]')


def test_a_lost_link_is_sent_again_and_whoever_asks_learns_nothing(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    sign_up(portal, "Emma")
    stranger = portal.visitor()
    form = stranger.get("/registrations/")
    learned = []
    for address in ("EMMA@school.example", "nobody@school.example", "emma@school.example"):
        with statements_of(portal) as asked:
            answer = stranger.submit(form, {"email": address})
        learned.append((answer.status, answer.body, [statement.split()[:3] for statement in asked]))
    assert learned[0] == learned[1] == learned[2]
    assert stranger.submit(form, {"email": "emma"}).status == 422
    assert portal.answer_asked() == 1
    stranger.submit(form, {"email": "emma@school.example"})
    assert portal.answer_asked() == 0, "not twice within the hour"
    portal.clock.now = datetime(2027, 2, 4, 12, tzinfo=UTC)
    stranger.submit(form, {"email": "emma@school.example"})
    assert portal.answer_asked() == 0, "it is over"
    with portal.session() as session:
        _confirmed, letter = session.scalars(select(Letter).order_by(Letter.id))
        assert letter.kind == "link"
        assert "asked us for the link" in " ".join(letter.text.split())
        assert link_requests.nobody_asked(session)


def test_a_link_that_is_asked_for_by_signing_up_again_is_of_that_event_alone(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    sign_up(portal, "Emma")
    visitor = portal.visitor()
    values = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
    visitor.submit(visitor.get("/events/other/signup"), values)
    sign_up_again = portal.visitor()
    assert sign_up_again.submit(sign_up_again.get(FORM), values).status == 200
    assert portal.answer_asked() == 1
    with portal.session() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "link")).one()
        assert letter.event_slug == "nascholing"
        assert "filled in the form for this event once more" in " ".join(letter.text.split())

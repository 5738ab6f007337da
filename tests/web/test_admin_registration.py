"""What an organiser does about one registration."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from portal.storage.models import Attendee, HistoryEntry, Letter, Registration
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
LIST = "/admin/events/nascholing/attendees"


def sign_up(portal: PortalUnderTest, *names: str, **typed: str) -> None:
    visitor = portal.visitor()
    form = visitor.get("/events/nascholing/signup")
    sent = {
        "first_name": names[0],
        "last_name": "Peeters",
        "email": f"{names[0].lower()}@school.example",
        "privacy": "y",
    }
    for number, name in enumerate(names[1:]):
        form = visitor.submit(form, press="Add a colleague")
        sent |= {f"people-{number}-first_name": name, f"people-{number}-last_name": "Maes"}
    assert visitor.submit(form, sent | typed).status == 303


def page_of(organiser: Visitor, first_name: str) -> Answer:
    """The page of a registration, as one gets there: by the list."""
    found = organiser.get(f"{LIST}?q={first_name}")
    return organiser.get(found.find("tbody th a")[0].attrs["href"])


def form_for(action: str) -> str:
    return f'form[action$="/{action}"]'


def test_everything_about_a_registration_is_on_one_page(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2)})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma", "Noor")
    sign_up(portal, "Wout")
    page = page_of(organiser, "Emma")
    for words in ("Emma Peeters", "Noor Maes", "emma@school.example", "signed up"):
        assert words in page.text
    assert "number 1 in line" in page_of(organiser, "Wout").text


def test_people_are_cancelled_with_a_letter_or_without_and_the_line_moves(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2)})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma", "Noor")
    sign_up(portal, "Wout")
    page = page_of(organiser, "Emma")
    assert organiser.submit(page, form=form_for("cancel")).status == 422
    done = organiser.submit(page, {"person": "1", "letter": None}, form=form_for("cancel"))
    assert "Cancelled." in organiser.follow(done).text
    with portal.session() as session:
        statuses = session.execute(select(Attendee.first_name, Attendee.status).order_by(Attendee.first_name))
        assert statuses.all() == [("Emma", "confirmed"), ("Noor", "cancelled"), ("Wout", "confirmed")]
        assert session.scalars(select(Letter.kind).order_by(Letter.id)).all() == [
            "confirmed",
            "waitlisted",
            "promoted",
        ]
        entry = session.scalars(select(HistoryEntry).where(HistoryEntry.action == "cancelled")).one()
        assert (entry.actor, entry.organiser.email) == ("organiser", "an@leraars.example")
    organiser.submit(page_of(organiser, "Emma"), {"person": "0"}, form=form_for("cancel"))
    with portal.session() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "cancelled")).one()
        assert letter.recipient == "emma@school.example"


def test_who_waits_gets_a_place_by_hand_and_over_capacity_only_when_that_is_said(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, waitlist="manual")})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma")
    sign_up(portal, "Wout")
    page = page_of(organiser, "Wout")
    refused = organiser.submit(page, form=form_for("promote"))
    assert refused.status == 409
    done = organiser.submit(refused, {"over_capacity": "y"}, form=form_for("promote"))
    assert "over capacity" in organiser.follow(done).text
    with portal.session() as session:
        assert session.scalars(select(Attendee.status)).all() == ["confirmed", "confirmed"]
        assert "promoted" in session.scalars(select(Letter.kind)).all()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_organisers_at_once_lose_nothing(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(max_party=2)})
    an, bo = portal.organiser("an@leraars.example"), portal.organiser("bo@leraars.example")
    sign_up(portal, "Emma")
    forms = [visitor.get(page_of(visitor, "Emma").url + "/change") for visitor in (an, bo)]
    assert an.submit(forms[0], {"school": "Sint-Jan", "letter": None}).status == 303
    told = bo.submit(forms[1], {"phone": "09 111 22 33"})
    assert told.status == 409
    assert "Something else was changed meanwhile." in told.text
    assert told.form()["phone"] == "09 111 22 33"
    assert "School or organisation: Sint-Jan" in told.text
    assert bo.submit(told).status == 303
    with portal.session() as session:
        kept = session.scalars(select(Registration)).one()
        assert (kept.school, kept.phone) == ("Sint-Jan", "09 111 22 33")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_calls_is_signed_up_even_when_it_is_closed_or_full(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, waitlist="off", signup_closes="2026-12-01")})
    organiser = portal.organiser("an@leraars.example")
    form = organiser.get("/admin/events/nascholing/add")
    done = organiser.submit(form, {"first_name": "Emma", "last_name": "Peeters"})
    assert "Signed up." in organiser.follow(done).text
    form = organiser.get("/admin/events/nascholing/add")
    wout = {"first_name": "Wout", "last_name": "Maes", "email": "wout@school.example"}
    refused = organiser.submit(form, wout)
    assert refused.status == 409
    assert organiser.submit(refused, {"over_capacity": "y"}).status == 303
    with portal.session() as session:
        assert session.scalars(select(Attendee.status)).all() == ["confirmed", "confirmed"]
        assert session.scalars(select(Letter.recipient)).all() == ["wout@school.example"]
        assert session.scalars(select(HistoryEntry.note)).all() == ["", "over_capacity"]
    again = organiser.submit(organiser.get("/admin/events/nascholing/add"), wout)
    assert "This address has this registration already." in organiser.follow(again).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_note_is_for_organisers_and_the_link_for_the_registrant(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma")
    page = page_of(organiser, "Emma")
    noted = organiser.follow(organiser.submit(page, {"note": "Komt met de trein"}, form=form_for("note")))
    assert "Komt met de trein" in noted.text
    organiser.submit(page, form=form_for("link"))
    with portal.session() as session:
        _confirmed, letter = session.scalars(select(Letter).order_by(Letter.id))
        assert letter.kind == "link"
        assert "An organiser of this event sends you the link" in " ".join(letter.text.split())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_registration_of_another_event_is_not_found_here_and_not_shown_to_others(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(), "andere": event_file()})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma")
    url = page_of(organiser, "Emma").url
    assert organiser.get(url.replace("nascholing", "andere")).status == 404
    bound = portal.organiser("bo@leraars.example", "organiser", events=("andere",))
    for action in ("", "/change"):
        assert bound.get(url + action).status == 403
    token = bound.get("/admin/events/andere/add").form()["csrf_token"]
    for action in ("/cancel", "/promote", "/note", "/link", "/change"):
        assert bound.post(url + action, {"csrf_token": token, "person": "0", "note": "x"}).status == 403
        assert organiser.post(url + action, {"person": "0"}).status == 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_registration_asks_the_database_the_same_for_one_and_for_six(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(max_party=6)})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma")
    sign_up(portal, "Wout", "Noor", "Lien", "Jan", "Stijn", "Els")
    asked = []
    for name in ("Emma", "Wout"):
        url = page_of(organiser, name).url
        with statements_of(portal) as statements:
            organiser.get(url)
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 10


def test_a_party_is_moved_whole_with_its_money_or_stays(make_portal: MakePortal) -> None:
    portal = make_portal(
        {
            "nascholing": event_file(capacity=2, price=65),
            "andere": event_file(title="Andere", capacity=2, price=50),
        }
    )
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma", "Noor")
    sign_up(portal, "Wout")
    page = page_of(organiser, "Emma")
    organiser.submit(page, {"amount": "130", "received_on": "2027-01-04"}, form=form_for("payments"))
    moved = organiser.follow(organiser.submit(page, {"letter": None}, form=form_for("move")))
    assert "Andere" in moved.text
    assert "Moved." in moved.text
    for words in ("Emma Peeters", "Noor Maes", "\u20ac130", "To pay back"):
        assert words in moved.text
    with portal.session() as session:
        people = session.execute(
            select(Attendee.event_slug, Attendee.status).order_by(Attendee.registration_id, Attendee.position)
        ).all()
        assert people == [
            ("nascholing", "cancelled"),
            ("nascholing", "cancelled"),
            ("nascholing", "confirmed"),
            ("andere", "confirmed"),
            ("andere", "confirmed"),
        ]
        paid = {r.event_slug: r.amount_paid for r in session.scalars(select(Registration)) if r.payments}
        assert paid == {"nascholing": 0, "andere": 13000}
        assert session.scalars(select(Letter.kind)).all().count("promoted") == 1
    # Two have gone: who stays is not taken along, and nobody is moved twice.
    sent = {"csrf_token": page.form(form_for("move"))["csrf_token"], "to": "andere|"}
    assert "Somebody was cancelled" in organiser.follow(organiser.post(page.url + "/move", sent)).text


DIET = "{name: diet, label: Diet, type: text, each: true}"
BUS = "{name: bus, label: Bus, type: radio, options: [Gent, Aalst]}"
HERE = f"[{DIET}, {BUS}, {{name: level, label: Level, type: text}}]"
THERE = f"[{BUS.replace('Aalst', 'Brugge')}, {DIET}, {{name: level, label: Level, type: textarea}}]"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_is_moved_takes_along_what_they_typed(make_portal: MakePortal) -> None:
    portal = make_portal(
        {
            "nascholing": event_file(price=65, questions=HERE),
            "andere": event_file(title="Andere", price=65, questions=THERE),
        }
    )
    organiser = portal.organiser("an@leraars.example")
    typed = {
        "answers-bus": "Gent",
        "answers-diet": "nuts",
        "answers-level": "high",
        "people-0-email": "bo@school.example",
        "people-0-answers-diet": "vegan",
        "billing-name": "School vzw",
        "billing-reference": "PO 7",
    }
    sign_up(portal, "Emma", "Bo", **typed)
    organiser.submit(page_of(organiser, "Emma"), {"person": "0"}, form=form_for("cancel"))
    moved = organiser.follow(organiser.submit(page_of(organiser, "Emma"), form=form_for("move")))
    assert "Moved." in moved.text
    with portal.session() as session:
        arrived = session.scalars(select(Registration).where(Registration.event_slug == "andere")).one()
        (bo,) = arrived.attendees
        assert (bo.first_name, bo.email, arrived.email) == ("Bo", "bo@school.example", "emma@school.example")
        answers = {answer.name: answer.value for answer in bo.all_answers}
        assert answers == {"bus": "Gent", "diet": "vegan", "level": ""}
        assert arrived.billing is not None
        assert (arrived.billing.name, arrived.billing.reference) == ("School vzw", "PO 7")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_there_is_no_place_nothing_is_given_up(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "andere": event_file(capacity=1, waitlist="off")})
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma", "Noor")
    told = organiser.follow(organiser.submit(page_of(organiser, "Emma"), form=form_for("move")))
    assert told.find("[role=alert]")
    with portal.session() as session:
        assert session.scalars(select(Attendee.status)).all() == ["confirmed", "confirmed"]
    bound = portal.organiser("bo@leraars.example", "organiser", events=("nascholing",))
    assert not page_of(bound, "Emma").find(form_for("move"))

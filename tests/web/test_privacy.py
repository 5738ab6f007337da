"""What is kept of somebody: given to them, and removed."""

import json
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.domain import privacy
from portal.domain.new_address import PROOF_HOLDS
from portal.storage.checkins import Checkin
from portal.storage.database import transaction
from portal.storage.ledger import AddressChange, StatementEntry
from portal.storage.models import Attendee, Base, Letter, Organiser, Registration
from portal.worker import Clerk
from tests.support.portal import PortalUnderTest, event_file
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
FORM = "/events/nascholing/signup"
QUESTIONS = (
    "[{name: diet, label: Diet, type: text, each: true}, "
    "{name: level, label: Level, type: radio, options: [a, b]}]"
)


def sign_up(portal: PortalUnderTest, name: str) -> tuple[Visitor, str]:
    visitor = portal.visitor()
    sent = {
        "first_name": name,
        "last_name": "Peeters",
        "email": f"{name}@school.example",
        "school": "Sint-Jan",
        "phone": "0470 12 34 56",
        "remarks": "Ik kom met de trein",
        "answers-diet": f"noten, zegt {name}",
        "answers-level": "a",
        "privacy": "y",
    }
    return visitor, visitor.submit(visitor.get(FORM), sent).location


def everything(portal: PortalUnderTest) -> str:
    """All rows of all tables as text."""
    with portal.engine.connect() as connection:
        return " ".join(
            repr(row) for table in Base.metadata.sorted_tables for row in connection.execute(table.select())
        )


def test_one_takes_along_all_that_is_kept(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS, price=65)})
    emma, url = sign_up(portal, "Emma")
    answer = emma.get(f"{url}/data.json")
    assert answer.headers["Cache-Control"] == "no-store"
    data = json.loads(answer.body)
    assert (data["email"], data["remarks"]) == ("Emma@school.example", "Ik kom met de trein")
    assert data["people"][0]["answers"] == {"Diet": "noten, zegt Emma", "Level": "a"}
    assert [letter["kind"] for letter in data["letters"]] == ["confirmed"]
    assert [entry["what"] for entry in data["history"]] == ["signed_up"]
    assert re.fullmatch(r"[0-9]{3}/[0-9]{4}/[0-9]{5}", data["payment_reference"])
    assert (data["email_to_confirm"], data["transfers_to_be_looked_at"]) == (None, [])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_not_settled_yet_and_what_was_pressed_at_the_door_is_taken_along_too(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    emma, url = sign_up(portal, "Emma")
    emma.submit(emma.get(f"{url}/address"), {"email": "emma@home.example"})
    portal.organiser()
    at = portal.clock.now
    with portal.session() as session, transaction(session):
        owner, one = session.scalars(select(Organiser)).one(), session.scalars(select(Registration)).one()
        for action, minutes in (("out", 60), ("in", 0)):
            pressed = at + timedelta(minutes=minutes)
            session.add(
                Checkin(
                    registration_id=one.id, position=0, action_id=action, action=action, at=pressed,
                    received_at=pressed, organiser_id=owner.id,
                )
            )  # fmt: skip
        session.add(
            StatementEntry(
                fingerprint="f", received_on=at.date(), amount=6500, currency="EUR", name="P. Peeters",
                text="Emma", proposed_id=one.id, reason="amount_and_name", imported_at=at,
            )
        )  # fmt: skip
    data = json.loads(emma.get(f"{url}/data.json").body)
    assert data["email_to_confirm"] == {"email": "emma@home.example", "asked_at": at.isoformat()}
    assert [tap["what"] for tap in data["people"][0]["at_the_door"]] == ["in", "out"]
    (transfer,) = data["transfers_to_be_looked_at"]
    assert (transfer["name"], transfer["text"], transfer["amount"]) == ("P. Peeters", "Emma", 6500)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_that_nobody_confirms_is_forgotten(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    emma, url = sign_up(portal, "Emma")
    emma.submit(emma.get(f"{url}/address"), {"email": "emma@home.example"})
    clerk = Clerk(portal.engine, portal.app.extensions["portal"].catalogue, "http://localhost")
    kept = []
    for waited in (PROOF_HOLDS - timedelta(seconds=1), PROOF_HOLDS):
        clerk.forget(portal.clock.now + waited)
        with portal.session() as session:
            kept.append(len(session.scalars(select(AddressChange)).all()))
    assert kept == [1, 0]


def test_who_asks_for_it_is_forgotten_and_the_place_goes_on(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, questions=QUESTIONS)})
    emma, url = sign_up(portal, "Emma")
    noor, noors = sign_up(portal, "Noor")
    asked = emma.get(f"{url}/erase")
    assert "Emma" in emma.get(url).text
    assert "Your data is removed" in emma.submit(asked).text
    assert emma.get(url).status == 404
    assert "You are signed up" in noor.get(noors).text
    assert "Emma" not in everything(portal)
    with portal.session() as session:
        gone = session.scalars(select(Registration).order_by(Registration.id)).first()
        assert gone is not None
        assert (gone.status, [a.value for a in gone.attendees[0].all_answers]) == ("cancelled", ["", "a"])


def test_names_go_when_they_have_been_kept_for_long_enough(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    emma, url = sign_up(portal, "Emma")
    events = portal.app.extensions["portal"].catalogue.snapshot.events
    over_at = events["nascholing"].over_at
    with portal.session() as session:
        assert privacy.expired(session, events, 365, over_at + timedelta(days=364)) == []
        later = over_at + timedelta(days=365)
        (found,) = privacy.expired(session, events, 365, later)
        assert (found.slug, found.registrations) == ("nascholing", 1)
        # Of an event whose file is gone, the day of the last sign-up is what is known.
        assert privacy.expired(session, {}, 365, portal.clock.now + timedelta(days=366)) != []
        with transaction(session):
            assert privacy.anonymise_event(session, "nascholing", later) == 1
        assert privacy.expired(session, events, 365, later) == []
        assert session.scalars(select(Attendee.status)).all() == ["confirmed"]
        assert session.scalars(select(Letter.id)).all() == []
    assert "Emma" not in everything(portal)
    assert emma.get(url).status == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_worker_forgets_by_itself(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    sign_up(portal, "Emma")
    catalogue = portal.app.extensions["portal"].catalogue
    clerk = Clerk(portal.engine, catalogue, "http://localhost")
    over_at = catalogue.snapshot.events["nascholing"].over_at
    with portal.session() as session, transaction(session):
        # Of a payer for whom nobody was found, too.
        facts = {"received_on": over_at.date(), "amount": 100, "currency": "EUR", "reason": "amount_and_name"}
        session.add(StatementEntry(fingerprint="f", name="Emma", imported_at=over_at, **facts))
    assert [clerk.forget(over_at + timedelta(days=days)) for days in (364, 365, 366)] == [0, 1, 0]
    assert "Emma" not in everything(portal)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_list_of_removed_people_still_opens(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS)})
    emma, url = sign_up(portal, "Emma")
    emma.submit(emma.get(f"{url}/erase"))
    organiser = portal.organiser()
    page = organiser.get("/admin/events/nascholing/attendees")
    assert organiser.get(page.find("tbody th a")[0].attrs["href"]).status == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_all_registrations_of_an_address_are_found_whoever_made_them(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(questions=QUESTIONS), "andere": event_file()})
    sign_up(portal, "Emma")
    visitor = portal.visitor()
    form = visitor.submit(visitor.get("/events/andere/signup"), press="Add a colleague")
    sent = {"first_name": "Jan", "last_name": "Smet", "email": "jan@school.example", "privacy": "y"}
    with_emma = {
        "people-0-first_name": "Emma",
        "people-0-last_name": "Peeters",
        "people-0-email": "EMMA@school.example",
    }
    assert visitor.submit(form, sent | with_emma).status == 303
    with portal.session() as session:
        found = privacy.data_of_address(session, "emma@School.example")
    assert [one["event"]["slug"] for one in found] == ["nascholing", "andere"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_organiser_gives_or_removes_what_is_kept_of_one_person(make_portal: MakePortal) -> None:
    portal = make_portal(
        {"nascholing": event_file(questions=QUESTIONS), "andere": event_file(questions=QUESTIONS)}
    )
    sign_up(portal, "Emma")
    organiser = portal.organiser()
    assert organiser.get("/admin/privacy?email=emma").find("[role=alert]")
    assert "Nothing is kept" in organiser.get("/admin/privacy?email=nobody@school.example").text
    page = organiser.get("/admin/privacy?email=EMMA@school.example")
    (kept,) = json.loads(organiser.submit(page, form='form[action$="/data"]').body)
    assert kept["email"] == "Emma@school.example"
    erase = 'form[action$="/erase"]'
    assert organiser.follow(organiser.submit(page, form=erase)).find("[role=alert]")
    assert "Emma" in everything(portal)
    done = organiser.follow(organiser.submit(page, {"sure": "y"}, form=erase))
    assert "One registration was removed." in done.text
    assert "Emma" not in everything(portal)
    assert "365 days after the event" in done.text


ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SITE = "name: Leraars Leren\ncontact: info@leraars.example\nlanguages: [nl, en]\n"
BANK = 'bank: {name: Leraars vzw, iban: "BE71 0961 2345 6769"}\n'


def notice_of(make_portal: MakePortal, site: str = SITE, **options: object) -> str:
    return make_portal(site=site, **options).visitor().get("/privacy").text


@ONLY_SQLITE
def test_visitors_read_how_long_names_are_kept_here(make_portal: MakePortal) -> None:
    assert "At the latest 365 days after the event" in notice_of(make_portal)
    assert "At the latest 90 days after the event" in notice_of(make_portal, SITE + "keep_days: 90\n")


@ONLY_SQLITE
def test_visitors_read_through_whose_server_letters_leave(make_portal: MakePortal) -> None:
    assert "No letters leave this site" in notice_of(make_portal)
    with_server = notice_of(make_portal, smtp_url="smtp://user:hush@mail.host.example:587?starttls=1")
    assert "through the mail server mail.host.example." in with_server
    assert "hush" not in with_server
    assert "through our own mail server" in notice_of(make_portal, smtp_url="smtp://localhost")


@ONLY_SQLITE
def test_visitors_read_of_money_only_where_it_is_taken(make_portal: MakePortal) -> None:
    free = notice_of(make_portal)
    assert "what was paid" not in free
    assert "bookkeeping" not in free
    paid = notice_of(make_portal, files={"nascholing": event_file(price=65)})
    assert "what was paid" in paid
    assert "statement" not in paid
    assert "statement" in notice_of(make_portal, SITE + BANK)


@ONLY_SQLITE
@pytest.mark.parametrize(
    ("country", "url"),
    [
        ("BE", "https://www.dataprotectionauthority.be/"),
        ("België", "https://www.dataprotectionauthority.be/"),
        ("nl", "https://www.autoriteitpersoonsgegevens.nl/"),
        ("France", "https://www.cnil.fr/"),
        ("Deutschland", "https://www.bfdi.bund.de/"),
        ("LU", "https://cnpd.public.lu/"),
    ],
)
def test_the_authority_is_that_of_the_organisations_country(
    make_portal: MakePortal, country: str, url: str
) -> None:
    page = make_portal(site=SITE + f"organisation: {{country: {country}}}\n").visitor().get("/privacy")
    assert page.find(f'main a[href="{url}"]')


@ONLY_SQLITE
def test_without_a_country_that_we_know_the_authority_is_named_in_general(make_portal: MakePortal) -> None:
    assert "data protection authority of your country" in notice_of(make_portal)


@ONLY_SQLITE
@pytest.mark.parametrize("base_url", ["http://localhost", "https://portal.example"])
def test_the_cookies_that_are_set_are_those_that_visitors_read_of(
    make_portal: MakePortal, base_url: str
) -> None:
    portal = make_portal(base_url=base_url)
    visitor, set_here = portal.visitor(language=""), set()
    for answer in (
        visitor.get("/"),
        visitor.get(FORM),
        visitor.post("/language/en", {"next": "/"}),
        visitor.get("/admin/login"),
    ):
        set_here |= {cookie.partition("=")[0] for cookie in answer.headers.getlist("Set-Cookie")}
    notice = portal.visitor().get("/privacy")
    assert set(notice.words("main li code")) == set_here
    assert "365 days" in notice.text


@ONLY_SQLITE
def test_visitors_read_where_to_see_and_remove_what_is_kept(make_portal: MakePortal) -> None:
    page = make_portal().visitor().get("/privacy")
    assert page.find('main a[href="/registrations/"]')
    assert page.find('main a[href^="mailto:info@leraars.example"]')


@ONLY_SQLITE
def test_the_record_of_processing_holds_what_article_30_asks_for(make_portal: MakePortal) -> None:
    portal = make_portal(
        site=SITE + "organisation: {name: Leraars vzw, country: BE}\n", smtp_url="smtp://mail.host.example"
    )
    record = portal.organiser().get("/admin/privacy")
    labels = set(record.words("dl dt"))
    assert labels >= {
        "Controller", "Purposes", "Whose data", "Which data", "Who receives it", "Other countries", "How long",
        "How it is protected", "Supervisory authority",
    }  # fmt: skip
    assert "mail.host.example" in record.text


@ONLY_SQLITE
def test_who_meets_a_hindrance_reads_whom_to_tell(make_portal: MakePortal) -> None:
    visitor = make_portal().visitor()
    page = visitor.get("/accessibility")
    assert visitor.get("/").find('footer a[href="/accessibility"]')
    assert page.find('main a[href^="mailto:info@leraars.example"]')
    assert "level AA" in page.text

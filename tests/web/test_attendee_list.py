"""The attendee list: narrowed, chosen from, acted upon, written to."""

import csv
from collections.abc import Callable, Iterator
from io import StringIO
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from sqlalchemy import select

from portal.domain import letter_keys
from portal.domain.letters import LINK_MARK
from portal.storage.mailings import Mailing
from portal.storage.models import Attendee, Letter
from tests.support.many import sign_up_many
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
LIST = "/admin/events/nascholing/attendees"
MAIL = "/admin/events/nascholing/mail"
DAY = {
    "sessions": "[{id: am, label: Voormiddag}, {id: pm, label: Namiddag}]",
    "tickets": (
        "[{id: full, label: Volledige dag, price: 140, sessions: [am, pm]}, "
        "{id: half, label: Voormiddag, price: 65, sessions: [am]}]"
    ),
    "questions": (
        "[{name: lunch, label: Lunch, type: radio, options: [ja, nee], each: true}, "
        "{name: topics, label: Onderwerpen, type: checkboxes, options: [AI, robots]}, "
        "{name: vegan, label: Vegan, type: checkbox}]"
    ),
}


def sign_up(portal: PortalUnderTest, name: str, **more: str | list[str]) -> None:
    visitor = portal.visitor()
    sent = {"first_name": name, "last_name": "Peeters", "email": f"{name}@school.example", "privacy": "y"}
    assert visitor.submit(visitor.get("/events/nascholing/signup"), sent | more).status == 303


def names(page: Answer) -> list[str]:
    return page.words("tbody td[data-label='First name']")


def act(organiser: Visitor, what: str, *people: str, query: str = "") -> Answer:
    """Tick people in the list and press a button below it."""
    page = organiser.get(LIST + query)
    ticked = [
        one.attrs["value"]
        for one in page.find("tbody input[name=person]")
        if one.attrs["aria-label"].split()[0] in people
    ]
    form = 'form[action$="/act"]'
    return organiser.submit(page, {"person": ticked or None}, form=form, press=what)


def test_each_filter_narrows_the_list_and_the_file_alike(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(**DAY)})
    organiser = portal.organiser()
    lunch = "answers-lunch"
    sign_up(portal, "Emma", ticket="full", **{lunch: "ja", "answers-topics": ["AI", "robots"]})
    sign_up(portal, "Noor", ticket="half", **{lunch: "nee", "answers-topics": ["robots"]})
    act(organiser, "Has paid", "Noor")
    act(organiser, "Check in", "Emma")
    for query, expected in {
        "?session=am": ["Emma", "Noor"],
        "?session=pm": ["Emma"],
        "?session=none": [],
        "?paid=open": ["Emma"],
        "?paid=paid": ["Noor"],
        "?here=in": ["Emma"],
        "?here=out": ["Noor"],
        "?answer-lunch=nee": ["Noor"],
        "?answer-topics=AI": ["Emma"],
        "?answer-topics=robots&paid=paid": ["Noor"],
        "?paid=perhaps&here=where&sort=nothing&page=99": ["Emma", "Noor"],
    }.items():
        assert sorted(names(organiser.get(LIST + query))) == expected, query
        file = organiser.get(LIST + ".csv" + query).text
        assert sorted(row["first_name"] for row in csv.DictReader(StringIO(file))) == expected, query


def test_beside_each_choice_stands_how_many_it_would_leave(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(**DAY | {"capacity": 4})})
    organiser = portal.organiser()
    for name, ticket, lunch, topics in (
        ("Emma", "full", "ja", ["AI", "robots"]),
        ("Noor", "half", "nee", ["robots"]),
        ("Wout", "half", "ja", ["AI"]),
        ("Lies", "full", "nee", []),
        ("Anna", "half", "ja", ["robots"]),
    ):
        answers = {
            "answers-lunch": lunch,
            "answers-topics": topics,
            "answers-vegan": "y" if lunch == "nee" else "",
        }
        sign_up(portal, name, ticket=ticket, **{k: v for k, v in answers.items() if v})
    act(organiser, "Has paid", "Noor", "Emma")
    act(organiser, "Check in", "Emma", "Wout")
    organiser.submit(organiser.follow(act(organiser, "Cancel …", "Lies")))
    for query in (
        "",
        "?q=noor",
        "?session=am&paid=paid",
        "?answer-lunch=ja&answer-topics=AI&here=in",
        "?status=cancelled&answer-topics=robots&q=school",
    ):
        page = organiser.get(LIST + query)
        beside = list(numbers_beside(page))
        assert len(beside) == 4 + 2 + 2 + 2 + 2 + 2 + 2 + 2
        for name, value, number in beside:
            narrowed = {**dict(parse_qsl(query[1:])), name: value}
            assert len(names(organiser.get(f"{LIST}?{urlencode(narrowed)}"))) == number, (query, name, value)


def numbers_beside(page: Answer) -> Iterator[tuple[str, str, int]]:
    """Each choice of each filter: its name and value in the address, and how many the page says that it leaves."""
    for link in page.find(".counts a"):
        status = dict(parse_qsl(urlsplit(link.attrs["href"]).query)).get("status", "")
        yield "status", status, int(link.to_text().split()[-1])
    for option in page.find("form.search select option"):
        if option.attrs["value"]:
            yield (
                option.parent.attrs["name"],
                option.attrs["value"],
                int(option.to_text().split("(")[-1].rstrip(" )")),
            )


def test_answers_sort_as_what_they_are(make_portal: MakePortal) -> None:
    questions = (
        "[{name: bags, label: Tassen, type: number, each: true}, {name: born, label: Geboren, type: date}, "
        "{name: town, label: Stad, type: text}]"
    )
    portal = make_portal({"nascholing": event_file(questions=questions)})
    organiser = portal.organiser()
    for name, bags, born, town in (
        ("Emma", "10", "1990-05-01", "gent"),
        ("Noor", "9", "1989-12-31", "Aalst"),
        ("Wout", "", "", ""),
        ("Lies", "100", "2001-01-01", "Zele"),
    ):
        sign_up(portal, name, **{"answers-bags": bags, "answers-born": born, "answers-town": town})
    for key, expected in {
        "bags": ["Wout", "Noor", "Emma", "Lies"],
        "born": ["Wout", "Noor", "Emma", "Lies"],
        "town": ["Wout", "Noor", "Emma", "Lies"],
        "nothing": ["Emma", "Noor", "Wout", "Lies"],
        "' or 1 --": ["Emma", "Noor", "Wout", "Lies"],
    }.items():
        query = "?" + urlencode({"sort": f"answer:{key}"})
        assert names(organiser.get(LIST + query)) == expected, key
        assert names(organiser.get(LIST + query + "&descending=1")) == expected[::-1], key


def test_each_heading_that_is_shown_sorts(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(**DAY)})
    organiser = portal.organiser()
    sign_up(portal, "Emma", ticket="full", **{"answers-lunch": "ja"})
    sign_up(portal, "Noor", ticket="half", **{"answers-lunch": "nee"})
    act(organiser, "Check in", "Noor")
    every = [box.attrs["value"] for box in organiser.get(LIST).find("input[name=column]")]
    page = organiser.get(LIST + "?" + urlencode({"column": every}, doseq=True))
    links = [heading.attrs["href"] for heading in page.find("thead th a")]
    assert len(links) == len(every) + 1
    for link in links:
        ways = [names(organiser.get(link + more)) for more in ("", "&descending=1")]
        assert ways[0] == ways[1][::-1], link
    # What somebody does not have comes before what others have, on every database.
    assert names(organiser.get(LIST + "?sort=checked_in_at")) == ["Emma", "Noor"]


def test_a_party_keeps_its_shares_and_common_answers_however_the_list_is_narrowed(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(**DAY | {"max_party": 3})})
    organiser = portal.organiser()
    visitor = portal.visitor()
    form = visitor.submit(visitor.get("/events/nascholing/signup"), press="Add a colleague")
    emma = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
    asked = {"ticket": "full", "answers-lunch": "ja", "answers-topics": ["AI", "robots"]}
    noor = {"first_name": "Noor", "last_name": "Aerts", "ticket": "half", "answers-lunch": "nee"}
    noor = {f"people-0-{name}": value for name, value in noor.items()}
    assert visitor.submit(form, emma | asked | noor).status == 303
    act(organiser, "Has paid", "Emma")
    (row,) = csv.DictReader(StringIO(organiser.get(LIST + ".csv?q=aerts").text))
    assert (row["amount_due"], row["amount_paid"]) == ("65.00", "65.00")
    assert (row["answer:lunch"], row["answer:topics"]) == ("nee", "AI; robots")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_columns_are_chosen_and_remembered(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    sign_up(portal, "Emma", phone="0470 12 34 56")
    assert "0470 12 34 56" not in organiser.get(LIST).text
    chosen = organiser.get(LIST + "?column=phone&column=first_name&column=nothing")
    assert chosen.words("thead th") == ["Tick", "Last name", "First name", "Telephone"]
    assert "0470 12 34 56" in organiser.get(LIST).text


def test_who_is_ticked_is_cancelled_after_one_more_question(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2)})
    organiser = portal.organiser()
    for name in ("Emma", "Noor", "Wout"):
        sign_up(portal, name)
    assert "Tick somebody" in organiser.follow(act(organiser, "Cancel …")).text
    asked = organiser.follow(act(organiser, "Cancel …", "Emma", "Noor"))
    assert statuses(portal) == ["confirmed", "confirmed", "waitlisted"]
    done = organiser.submit(asked)
    assert "2 people are cancelled." in organiser.follow(done).text
    assert statuses(portal) == ["cancelled", "cancelled", "confirmed"]
    assert "0 people are cancelled." in organiser.follow(organiser.submit(asked)).text
    with portal.session() as session:
        assert session.scalars(select(Letter.kind)).all().count("cancelled") == 2


def test_who_waits_gets_places_as_far_as_there_are(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, waitlist="manual")})
    organiser = portal.organiser()
    for name in ("Emma", "Noor", "Wout"):
        sign_up(portal, name)
    organiser.submit(organiser.follow(act(organiser, "Cancel …", "Emma")))
    said = organiser.follow(act(organiser, "Give places", "Noor", "Wout")).text
    assert "One party got its places. For one there was no room." in said
    assert statuses(portal) == ["cancelled", "confirmed", "waitlisted"]


def test_a_mail_is_looked_at_tried_and_sent_once(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser("an@leraars.example")
    sign_up(portal, "Emma")
    sign_up(portal, "Noor")
    page = organiser.follow(act(organiser, "Mail", "Emma"))
    assert "One letter" in page.text
    text = {
        "subject": "Tot morgen, {first_name}",
        "text": "Dag **{first_name}**,\n\nzie [je pagina]({link}).",
    }
    shown = organiser.submit(page, text, press="See how it arrives")
    assert "Tot morgen, Emma" in shown.text
    with portal.session() as session:
        assert session.scalars(select(Letter).where(Letter.kind == "mailing")).all() == []
    tried = organiser.submit(shown, press="Send me a test")
    with portal.session() as session:
        test = session.scalars(select(Letter).where(Letter.kind == "mailing")).one()
        assert (test.recipient, test.registration_id) == ("an@leraars.example", None)
        assert "-link" not in test.text + test.html
    again = organiser.submit(tried, press="See how it arrives")
    for _ in range(2):  # a second press sends nothing new
        assert organiser.submit(again, press="Send one letter").status == 303
    with portal.session() as session:
        mailing = session.scalars(select(Mailing)).one()
        letter = session.scalars(select(Letter).where(Letter.mailing_id == mailing.id)).one()
        assert (letter.recipient, letter.subject) == ("Emma@school.example", "Tot morgen, Emma")
        assert f'<a href="{letter_keys.bound(LINK_MARK, letter.message_id)}"' in letter.html
        assert "<strong>Emma</strong>" in letter.html
    assert "Tot morgen, {first_name}" in organiser.get(MAIL).text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_cancelled_gets_a_mail_only_when_they_were_chosen(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    for name in ("Emma", "Noor"):
        sign_up(portal, name)
    organiser.submit(organiser.follow(act(organiser, "Cancel …", "Noor")))
    pages = (
        (organiser.get(MAIL), "Emma"),
        (organiser.get(f"{MAIL}?status=cancelled"), "Noor"),
        (organiser.follow(act(organiser, "Mail", "Noor")), "Noor"),
    )
    for page, to in pages:
        assert "One letter" in page.text
        assert ("Who cancelled gets none" in page.text) == (to == "Emma")
        typed = {"subject": "Tot morgen", "text": "Dag"}
        shown = organiser.submit(page, typed, press="See how it arrives")
        assert organiser.submit(shown, press="Send one letter").status == 303
    with portal.session() as session:
        sent = session.scalars(select(Letter).where(Letter.kind == "mailing").order_by(Letter.id)).all()
        assert [letter.recipient for letter in sent] == [f"{to}@school.example" for _page, to in pages]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"subject": "", "text": "Dag"}, "Fill in a subject."),
        ({"subject": "Dag", "text": " "}, "Write something first."),
        ({"subject": "Dag", "text": "Dag {naam}"}, "This means nothing here: {naam}."),
    ],
)
def test_a_mail_that_cannot_be_sent_keeps_what_was_written(
    make_portal: MakePortal, typed: dict[str, str], says: str
) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    sign_up(portal, "Emma")
    told = organiser.submit(organiser.get(MAIL), typed, press="See how it arrives")
    assert told.status == 422
    assert says in told.text
    assert told.form()["subject"] == typed["subject"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_names_cannot_write_into_a_mail(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser = portal.organiser()
    sign_up(portal, "<b>[x](https://evil.example)", email="x@school.example")
    page = organiser.submit(
        organiser.get(MAIL), {"subject": "Dag", "text": "Dag {first_name}"}, press="Send me a test"
    )
    assert page.status == 200
    with portal.session() as session:
        letter = session.scalars(select(Letter).where(Letter.kind == "mailing")).one()
        assert 'href="https://evil.example' not in letter.html


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sheet_and_badges_have_who_comes_by_name(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2)})
    organiser = portal.organiser()
    for name in ("Wout", "Emma", "Noor"):
        sign_up(portal, name)
    assert organiser.get("/admin/events/nascholing/sheet").words("tbody th") == [
        "Peeters Emma",
        "Peeters Wout",
    ]
    badges = organiser.follow(act(organiser, "Name badges", "Wout"))
    assert badges.words(".badges .who") == ["Wout Peeters"]


def test_the_list_asks_the_same_of_the_database_for_few_and_for_many(make_portal: MakePortal) -> None:
    portal = make_portal({"few": event_file(**DAY), "many": event_file(**DAY)})
    organiser = portal.organiser()
    asked = []
    for slug, count in (("few", 5), ("many", 5_000)):
        sign_up_many(portal.engine, slug, confirmed=count, at=portal.clock.now)
        with statements_of(portal) as statements:
            page = organiser.get(
                f"/admin/events/{slug}/attendees?status=confirmed&here=out&sort=answer:lunch"
            )
        assert page.words(".counts a")[0] == f"All {count}"
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 12


def test_many_filters_at_once_are_no_more_questions_to_the_database(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(**DAY)})
    organiser = portal.organiser()
    sign_up(portal, "Emma", ticket="full", **{"answers-lunch": "ja"})
    asked = []
    for query in ("", "?status=confirmed&session=am&paid=open&here=out&answer-lunch=ja&sort=answer:lunch"):
        with statements_of(portal) as statements:
            assert names(organiser.get(LIST + query)) == ["Emma"]
        asked.append(len(statements))
    assert asked[0] == asked[1]
    endless = urlencode({f"answer-{number}": "x" for number in range(2_000)})
    assert organiser.get(f"{LIST}?{endless}").status == 200


def statuses(portal: PortalUnderTest) -> list[str]:
    with portal.session() as session:
        return list(session.scalars(select(Attendee.status).order_by(Attendee.registration_id)))

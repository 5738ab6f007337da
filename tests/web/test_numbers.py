"""The pages of numbers."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.support.accessibility import check_in_every_way
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.many import sign_up_many
from tests.support.portal import NOW, PortalUnderTest, event_file, statements_of
from tests.web.test_admin import sign_up

MakePortal = Callable[..., PortalUnderTest]
NUMBERS = "/admin/events/nascholing/numbers"
LEVEL = "[{name: level, label: Ervaring, type: radio, options: [Geen, Veel], each: true}]"


@pytest.fixture
def three(make_portal: MakePortal) -> PortalUnderTest:
    """Three people of two schools, of whom the last waits."""
    portal = make_portal({"nascholing": event_file(capacity=2, questions=LEVEL)})
    sign_up(portal, "Emma", "Peeters", school="Sint-Jozef", **{"answers-level": "Geen"})
    sign_up(portal, "Noor", "Aerts", school="sint-jozef", **{"answers-level": "Veel"})
    sign_up(portal, "Lies", "Maes", school="GO! Atheneum", **{"answers-level": "Veel"})
    return portal


def test_each_figure_says_its_finding_and_has_its_table(three: PortalUnderTest) -> None:
    page = three.organiser().get(NUMBERS)
    findings = page.words("figcaption")
    assert findings[0] == "All 2 places are taken, since Monday 4 January 2027."
    assert "Of 1 person who ever waited, 0 has a place now." in findings
    assert "All whose school is known come from sint-jozef." in [
        words.lower().replace("all", "All") for words in findings
    ]
    assert len(findings) == len(page.find("figure")) == len(page.find("figure table"))
    (row,) = page.words("#over-time-finding ~ details tbody tr")
    assert row.split()[-4:] == ["3", "0", "2", "1"]
    assert page.words("[aria-labelledby=question-1] tbody tr") == ["Geen 1", "Veel 1"]


def test_the_page_of_all_events_tells_terms_and_who_comes_back(make_portal: MakePortal) -> None:
    later = event_file(title="Later", date="2027-04-03T13:30:00", end_date=None, capacity=5)
    portal = make_portal({"nascholing": event_file(), "later": later})
    sign_up(portal, "Emma", "Peeters")
    visitor = portal.visitor()
    form = visitor.get("/events/later/signup")
    emma = {"first_name": "Emma", "last_name": "P", "email": "EMMA@school.example", "privacy": "y"}
    assert visitor.submit(form, emma).status == 303
    page = portal.organiser().get("/admin/numbers")
    assert "1 of 1 people had a place at more than one event." in page.words("figcaption")
    terms = page.words("[aria-labelledby=terms] tbody tr")
    assert [
        row.startswith(start)
        for row, start in zip(
            terms, ("April to August 2027 1 1 of 5", "January to March 2027 1 1"), strict=True
        )
    ] == [True, True]
    assert page.find(f'a[href="{NUMBERS}"]')


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_numbers_are_one_click_from_the_list_and_the_overview(three: PortalUnderTest) -> None:
    organiser = three.organiser()
    assert organiser.get("/admin/events/nascholing/attendees").find(f'a[href="{NUMBERS}"]')
    assert organiser.get("/admin/").find('a[href="/admin/numbers"]')


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_without_anybody_or_without_its_file_has_a_page(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "gone": event_file(title="Weg")})
    organiser = portal.organiser()
    assert "Nobody has signed up yet." in organiser.get(NUMBERS).text
    visitor = portal.visitor()
    form = visitor.get("/events/gone/signup")
    visitor.submit(form, {"first_name": "E", "last_name": "P", "email": "e@x.example", "privacy": "y"})
    (portal.content / "events" / "gone.md").unlink()
    portal.reread()
    page = organiser.get("/admin/events/gone/numbers")
    assert page.words("figcaption")[0] == "1 person has a place."
    assert organiser.get("/admin/events/nope/numbers").status == 404


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_only_who_may_sees_numbers(three: PortalUnderTest) -> None:
    bound = three.organiser("b@leraars.example", "organiser", ("nascholing",))
    elsewhere = three.organiser("c@leraars.example", "organiser", ("other",))
    door = three.organiser("d@leraars.example", "door", ("nascholing",))
    for url in (NUMBERS, "/admin/numbers"):
        assert three.visitor().get(url).status == 303
        assert bound.get(url).status == 200
        assert door.get(url).status == 403
    assert elsewhere.get(NUMBERS).status == 403
    assert "Nascholing" not in elsewhere.get("/admin/numbers").text


def test_the_pages_cost_the_same_for_five_and_for_five_hundred(make_portal: MakePortal) -> None:
    portal = make_portal({"few": event_file(capacity=5), "many": event_file(capacity=500)})
    organiser = portal.organiser()
    costs = []
    for slug, people in (("few", 5), ("many", 500)):
        sign_up_many(portal.engine, slug, confirmed=people, waiting=people // 5, at=NOW)
        for url in (f"/admin/events/{slug}/numbers", "/admin/numbers"):
            with statements_of(portal) as asked:
                assert str(people) in organiser.get(url).text
            costs.append(len(asked))
    assert costs[:2] == costs[2:]
    assert max(costs) <= 7, costs  # two of them are the organiser's own


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_numbers_and_files_can_be_read_by_everybody(
    live_portal: Callable[..., LivePortal],
    browser: Browser,
    make_portal: MakePortal,
    database_url: str,
) -> None:
    draft = event_file(title="Een heel lang woord: onderwijsvernieuwingsdag", status="draft", questions=LEVEL)
    three = make_portal(
        {
            "nascholing": event_file(capacity=2, questions=LEVEL),
            "draft": draft,
            "wrong": event_file(date="morgen"),
        }
    )
    for first, school in (
        ("Emma", "Sint-Jozef"),
        ("Noor", "Een school met een heel lange naam"),
        ("Lies", ""),
    ):
        sign_up(three, first, "Peeters", school=school, **{"answers-level": "Geen"})
    session = three.organiser().client.get_cookie("session")
    assert session
    live = live_portal(
        database_url=database_url, content=three.content, PORTAL_SECRET_KEY=three.settings.secret_key
    )
    with open_page(browser) as page:
        page.context.add_cookies([{"name": "session", "value": session.value, "url": live.url}])
        for path in (
            NUMBERS,
            "/admin/numbers",
            "/admin/content",
            "/admin/content/draft/preview",
            "/admin/content/draft/form",
        ):
            page.goto(live.url + path)
            for details in page.locator("main details").all():
                details.evaluate("element => element.open = true")
            assert page.locator(".account").count(), f"not signed in at {path}"
            check_in_every_way(page)

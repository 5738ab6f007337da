"""At the door, as a phone asks and as a browser without scripts does."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.domain import accounts
from portal.storage.checkins import Checkin
from portal.storage.database import transaction
from portal.storage.models import Attendee, Organiser, OrganiserEvent
from tests.support.many import sign_up_many
from tests.support.portal import NOW, PASSWORD, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
DOOR = "/admin/events/nascholing/door"
TODAY = {"date": "2027-01-04T13:30:00", "end_date": "2027-01-04T16:30:00"}
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def sign_up(portal: PortalUnderTest, first: str, last: str, slug: str = "nascholing", **values: str) -> None:
    visitor = portal.visitor()
    sent = {
        "first_name": first,
        "last_name": last,
        "email": f"{first.lower()}@school.example",
        "privacy": "y",
    }
    form = visitor.get(f"/events/{slug}/signup")
    assert visitor.submit(form, sent | values).status == 303


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalUnderTest:
    """An event of today for two; the third who signed up waits. Another event is of somebody else."""
    made = make_portal({"nascholing": event_file(**TODAY, capacity=2), "andere": event_file(**TODAY)})
    sign_up(made, "Emma", "Peeters", school="Sint-Jozef, Aalst")
    sign_up(made, "Noor", "Aérts")
    sign_up(made, "Wout", "Claes")
    sign_up(made, "Jan", "Maes", slug="andere")
    return made


@pytest.fixture
def helper(portal: PortalUnderTest) -> Visitor:
    return portal.organiser("door@leraars.example", "door", ("nascholing",))


def everybody(answer: Answer) -> dict[str, list[Any]]:
    """The list of a phone by first name: code, first and last name, ticket, school, status, in since."""
    return {row[1]: row for row in json.loads(answer.text)["people"]}


def code_of(visitor: Visitor, first: str, door: str = DOOR) -> str:
    return str(everybody(visitor.get(f"{door}/list"))[first][0])


def send(visitor: Visitor, *taps: object, door: str = DOOR, token: str | None = None) -> Answer:
    """What a phone sends, with the token that came with its list."""
    if token is None:
        token = visitor.get(f"{door}/list").headers["X-CSRFToken"]
    return visitor.post_json(f"{door}/taps", {"taps": taps}, headers={"X-CSRFToken": token})


def tap(code: str, action: str = "in", *, id_: str = "tap-1", ago: object = 0) -> dict[str, object]:
    return {"id": id_, "code": code, "action": action, "ago": ago}


def outcomes(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.text
    return list(json.loads(answer.text)["outcomes"])


def milliseconds(ago: int = 0) -> int:
    return round((NOW - timedelta(milliseconds=ago)).timestamp() * 1000)


def test_a_helper_lands_on_the_doors_of_their_own_events(portal: PortalUnderTest) -> None:
    with portal.session() as session, transaction(session):
        accounts.add(session, "d@leraars.example", "door", PASSWORD, events=["nascholing"], now=NOW)
    visitor = portal.visitor()
    asked = visitor.get("/admin/")  # the link at the foot of each page
    answer = visitor.submit(visitor.get(asked.location), {"email": "d@leraars.example", "password": PASSWORD})
    assert answer.location == "/admin/door"
    page = visitor.follow(answer)
    assert [link.attrs["href"] for link in page.find("main a")] == [DOOR]
    assert {link.attrs["href"] for link in page.find('a[href^="/admin"]')} == {
        "/admin/door",
        "/admin/me",
        DOOR,
    }


@ONLY_SQLITE
def test_the_list_leads_to_the_door(portal: PortalUnderTest) -> None:
    page = portal.organiser().get("/admin/events/nascholing/attendees")
    assert page.find(f'main a[href="{DOOR}"]')


def test_without_scripts_a_person_is_searched_and_let_in_and_out(
    portal: PortalUnderTest, helper: Visitor
) -> None:
    found = helper.submit(helper.get(DOOR), {"q": "aerts"}, form="form[role=search]")
    assert [row for row in found.words(".guest .name") if row] == ["Noor Aérts"]
    done = helper.follow(helper.submit(found, form="#guests", press="In Noor Aérts"))
    assert done.words("#said") == ["Noor Aérts is in."]
    assert done.words(".shown a") == ["2 Everybody", "1 Expected", "1 Here"]
    assert done.form("form[role=search]")["q"] == "aerts"
    portal.clock.pass_by(timedelta(minutes=1))
    out = helper.follow(helper.submit(done, form="#guests", press="Out Noor Aérts"))
    assert out.words("#said") == ["Noor Aérts is out."]
    portal.clock.pass_by(timedelta(minutes=1))
    # The page that was still open in another helper's hand.
    again = helper.follow(helper.submit(found, form="#guests", press="In Noor Aérts"))
    assert again.words("#said") == ["Noor Aérts is in."]
    portal.clock.pass_by(timedelta(minutes=5))
    twice = helper.follow(helper.submit(found, form="#guests", press="In Noor Aérts"))
    assert twice.words("#said .heed") == ["Noor Aérts was in already, since 10:02."]


def test_who_waits_is_found_and_has_no_button(helper: Visitor) -> None:
    page = helper.get(f"{DOOR}?q=wout")
    assert "Wout Claes" in page.text
    assert page.find("#guests button") == []
    refused = helper.follow(
        helper.post(DOOR, {"in": code_of(helper, "Wout"), "csrf_token": page.form("#guests")["csrf_token"]})
    )
    assert refused.words("#said .heed") == ["Wout Claes is on the waiting list and has no place."]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Noor Aérts", "Emma Peeters"]),
        ("?show=expected", ["Noor Aérts", "Emma Peeters"]),
        ("?show=here", []),
        ("?q=sint-jozef", ["Emma Peeters"]),
        ("?show=nonsense&page=99", ["Noor Aérts", "Emma Peeters"]),
        ("?page=-1&q=%00zz", []),
    ],
)
@ONLY_SQLITE
def test_the_page_shows_whom_its_address_asks_for(helper: Visitor, query: str, names: list[str]) -> None:
    assert helper.get(DOOR + query).words(".guests .name") == names


@ONLY_SQLITE
def test_a_scanned_code_finds_the_person(helper: Visitor) -> None:
    code = code_of(helper, "Emma")
    for typed in (code, code.replace("-", "").lower()):
        page = helper.get(DOOR, query_string={"q": typed})
        assert page.words(".guests .name") == ["Emma Peeters"]


def test_a_phone_gets_what_it_needs_and_no_more(portal: PortalUnderTest, helper: Visitor) -> None:
    answer = helper.get(f"{DOOR}/list")
    assert answer.headers["Cache-Control"] == "no-store"
    emma = everybody(answer)["Emma"]
    assert re.fullmatch(r"\w{4}-\w{4}-1", emma[0])
    assert emma[1:] == ["Emma", "Peeters", "", "Sint-Jozef, Aalst", "confirmed", None]
    assert everybody(answer)["Wout"][5] == "waitlisted"
    assert "@" not in answer.text
    assert json.loads(answer.text)["until"] == milliseconds() + 18 * 3_600_000  # four at night in Brussels


def test_a_list_that_is_still_the_same_is_not_sent_again(helper: Visitor) -> None:
    first = helper.get(f"{DOOR}/list")
    same = helper.get(f"{DOOR}/list", headers={"If-None-Match": first.headers["ETag"]})
    assert (same.status, same.body) == (304, b"")
    assert same.headers["X-CSRFToken"]
    send(helper, tap(code_of(helper, "Emma")))
    other = helper.get(f"{DOOR}/list", headers={"If-None-Match": first.headers["ETag"]})
    assert everybody(other)["Emma"][6] == milliseconds()


@ONLY_SQLITE
def test_a_long_list_is_sent_small(helper: Visitor) -> None:
    zipped = helper.get(f"{DOOR}/list", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert zipped.body.startswith(b"\x1f\x8b")


def test_what_was_pressed_without_a_connection_counts_at_its_own_time(
    portal: PortalUnderTest, helper: Visitor
) -> None:
    emma, noor = code_of(helper, "Emma"), code_of(helper, "Noor")
    sent = [
        tap(emma, "in", id_="a", ago=600_000),
        tap(emma, "out", id_="b", ago=300_000),
        tap(noor, "in", id_="c", ago=120_000),
    ]
    assert [one["kind"] for one in outcomes(send(helper, *sent))] == ["done", "done", "done"]
    assert [one["kind"] for one in outcomes(send(helper, *sent))] == ["done", "done", "done"]
    late = tap(emma, "in", id_="d", ago=400_000)
    assert outcomes(send(helper, late)) == [{"id": "d", "kind": "overtaken", "since": None, "before": None}]
    twice = tap(noor, "in", id_="e", ago=60_000)
    assert outcomes(send(helper, twice)) == [
        {"id": "e", "kind": "already", "since": milliseconds(120_000), "before": milliseconds(120_000)}
    ]
    with portal.session() as session:
        assert len(session.scalars(select(Checkin)).all()) == 5
        came = session.scalars(select(Attendee.checked_in_at).where(Attendee.first_name == "Noor")).one()
        assert came == NOW - timedelta(seconds=120)
    csv = portal.organiser().get("/admin/events/nascholing/attendees.csv").text
    assert "2027-01-04T09:58:00+01:00" in csv


def test_an_organiser_can_find_who_let_somebody_in(portal: PortalUnderTest, helper: Visitor) -> None:
    code = code_of(helper, "Emma")
    send(helper, tap(code))
    page = portal.organiser().get(f"/admin/events/nascholing/registrations/{code.removesuffix('-1')}")
    assert "In Emma Peeters Monday 4 January 2027, 10:00 · door@leraars.example" in page.text


@pytest.mark.parametrize("ago", [-600_000, 10**30, 14 * 24 * 3_600_000])
def test_a_phone_whose_clock_is_wrong_still_lets_people_in(helper: Visitor, ago: int) -> None:
    (outcome,) = outcomes(send(helper, tap(code_of(helper, "Emma"), ago=ago)))
    assert (outcome["kind"], outcome["since"]) == ("done", milliseconds())


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        {"taps": "x"},
        {"taps": [1]},
        {"taps": [{"id": "a"}]},
        {"taps": [tap("x", "up")]},
        {"taps": [tap("x", id_="")]},
        {"taps": [tap("x", id_="\0")]},
        {"taps": [tap("x", id_="y" * 65)]},
        {"taps": [tap("x", ago="1")]},
        {"taps": [tap("x", ago=None)]},
        {"taps": [tap("x", id_=str(i)) for i in range(201)]},
    ],
)
@ONLY_SQLITE
def test_a_message_that_no_phone_sends_is_refused(helper: Visitor, sent: object) -> None:
    token = helper.get(f"{DOOR}/list").headers["X-CSRFToken"]
    answer = helper.post_json(f"{DOOR}/taps", sent, headers={"X-CSRFToken": token})
    assert answer.status == 400


@ONLY_SQLITE
def test_brackets_without_end_are_refused(helper: Visitor) -> None:
    headers = {"X-CSRFToken": helper.get(f"{DOOR}/list").headers["X-CSRFToken"]}
    address, data = f"{DOOR}/taps", "[" * 200_000
    sent = helper.client.post(address, data=data, content_type="application/json", headers=headers)
    assert sent.status_code == 400


def test_codes_of_nobody_harm_nothing(helper: Visitor) -> None:
    taps = [
        tap(code, id_=f"t{i}") for i, code in enumerate(["", "\0", "ZZZZ-ZZZZ-1", "ZZZZ-ZZZZ-0", "é" * 999])
    ]
    assert {one["kind"] for one in outcomes(send(helper, *taps))} == {"unknown"}
    assert outcomes(send(helper)) == []


@ONLY_SQLITE
def test_a_tap_needs_the_token(helper: Visitor) -> None:
    assert send(helper, tap("x"), token="").status == 400
    assert helper.post(DOOR, {"in": code_of(helper, "Emma")}).status == 400


@pytest.mark.parametrize(
    ("role", "events", "status"),
    [
        ("owner", (), 200),
        ("organiser", ("nascholing",), 200),
        ("organiser", ("andere",), 403),
        ("door", ("nascholing",), 200),
        ("door", ("andere",), 403),
    ],
)
@ONLY_SQLITE
def test_a_door_is_for_the_accounts_of_its_event(
    portal: PortalUnderTest, role: str, events: tuple[str, ...], status: int
) -> None:
    for path in ("", "?kept=1", "/list", "/worker.js"):
        assert portal.visitor().get(DOOR + path).status == 303
    visitor = portal.organiser("x@leraars.example", role, events)
    for path in ("", "?kept=1", "/list", "/worker.js"):
        assert visitor.get(DOOR + path).status == status
    # With a token that is good, and codes that they cannot know.
    owner = portal.organiser("o@leraars.example")
    own = f"/admin/events/{events[0] if events else 'nascholing'}/door"
    token = visitor.get(f"{own}/list").headers["X-CSRFToken"]
    code = code_of(owner, "Emma")
    assert send(visitor, tap(code), token=token).status == status
    answer = visitor.post(DOOR, {"in": code, "csrf_token": token})
    assert answer.status == (303 if status == 200 else 403)
    with portal.session() as session:
        assert bool(session.scalars(select(Checkin)).all()) == (status == 200)


@ONLY_SQLITE
def test_somebody_of_another_event_is_not_let_in_through_ones_own_door(portal: PortalUnderTest) -> None:
    jan = code_of(portal.organiser("o@leraars.example"), "Jan", "/admin/events/andere/door")
    helper = portal.organiser("d@leraars.example", "door", ("nascholing",))
    assert outcomes(send(helper, tap(jan)))[0]["kind"] == "unknown"


@ONLY_SQLITE
def test_a_role_or_an_event_that_is_taken_away_ends_at_once(portal: PortalUnderTest) -> None:
    visitor = portal.organiser("a@leraars.example", "organiser", ("nascholing",))
    token = visitor.get(f"{DOOR}/list").headers["X-CSRFToken"]
    code = code_of(visitor, "Emma")
    with portal.session() as session, transaction(session):
        session.execute(update(Organiser).values(role="door"))
    assert visitor.get("/admin/").status == 403
    assert visitor.get("/admin/events/nascholing/attendees.csv").status == 403
    assert visitor.get(DOOR).status == 200
    with portal.session() as session, transaction(session):
        session.execute(update(OrganiserEvent).values(event_slug="andere"))
    assert visitor.get(DOOR).status == 403
    assert send(visitor, tap(code), token=token).status == 403
    with portal.session() as session, transaction(session):
        accounts.disable(session, "a@leraars.example", NOW)
    assert send(visitor, tap(code), token=token).status == 303


@ONLY_SQLITE
def test_an_event_whose_file_is_gone_keeps_its_door(portal: PortalUnderTest, helper: Visitor) -> None:
    (portal.content / "events" / "nascholing.md").unlink()
    portal.reread()
    assert "Emma Peeters" in helper.get(DOOR).text
    assert outcomes(send(helper, tap(code_of(helper, "Emma"))))[0]["kind"] == "done"
    assert portal.organiser().get("/admin/events/nope/door").status == 404


@ONLY_SQLITE
def test_only_this_page_may_run_scripts_and_use_the_camera(portal: PortalUnderTest, helper: Visitor) -> None:
    page = helper.get(DOOR)
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    for url in ("/", "/events/nascholing/signup", "/admin/forgot"):
        elsewhere = portal.visitor().get(url).headers
        assert "script-src" not in elsewhere["Content-Security-Policy"]
        assert "camera=()" in elsewhere["Permissions-Policy"]


@ONLY_SQLITE
def test_scripts_are_kept_for_ever_under_a_name_that_tells_their_content(
    portal: PortalUnderTest, helper: Visitor
) -> None:
    (script,) = helper.get(DOOR).find("script[src]")
    src = script.attrs["src"]
    answer = portal.visitor().get(src)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    zipped = portal.visitor().get(src, headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert portal.visitor().get(re.sub(r"-\w{12}/", "-000000000000/", src)).status == 404
    assert portal.visitor().get(src.replace("page.js", "nothing.js")).status == 404
    assert portal.visitor().get(src.replace("page.js", "../../portal.js")).status == 404


@ONLY_SQLITE
def test_what_a_phone_keeps_of_the_page_names_nobody(helper: Visitor) -> None:
    kept = helper.get(f"{DOOR}?kept=1")
    for word in ("Emma", "Peeters", "Noor", "door@leraars.example"):
        assert word not in kept.body.decode()
    worker = helper.get(f"{DOOR}/worker.js")
    assert worker.headers["Service-Worker-Allowed"] == DOOR
    assert worker.headers["Content-Type"].startswith("text/javascript")


@ONLY_SQLITE
def test_signing_out_removes_what_the_phone_kept(helper: Visitor) -> None:
    answer = helper.submit(helper.get(DOOR), form='form[action="/admin/logout"]')
    assert answer.headers["Clear-Site-Data"] == '"storage"'


def test_five_hundred_people_ask_the_database_no_more_than_five(make_portal: MakePortal) -> None:
    portal = make_portal({name: event_file(**TODAY) for name in ("few", "many")})
    sign_up_many(portal.engine, "few", confirmed=5, at=NOW)
    sign_up_many(portal.engine, "many", confirmed=500, at=NOW)
    visitor = portal.organiser()
    asked = {}
    for slug in ("few", "many"):
        for path in ("", "/list"):
            with statements_of(portal) as statements:
                visitor.get(f"/admin/events/{slug}/door{path}")
            asked[slug, path] = len(statements)
    assert asked["few", ""] == asked["many", ""] <= 4
    assert asked["few", "/list"] == asked["many", "/list"] <= 4
    assert len(visitor.get("/admin/events/many/door?page=10").find(".guests li")) == 50


def test_a_hundred_taps_ask_no_more_than_one(portal: PortalUnderTest, helper: Visitor) -> None:
    code, token = code_of(helper, "Emma"), helper.get(f"{DOOR}/list").headers["X-CSRFToken"]
    asked = []
    for number in (1, 100):
        taps = [tap(code, "in" if i % 2 else "out", id_=f"{number}-{i}", ago=100 - i) for i in range(number)]
        with statements_of(portal) as statements:
            assert send(helper, *taps, token=token).status == 200
        asked.append(len(statements))
    # The first tap changes nothing: no one has to be told of it, and nothing is written.
    assert asked[1] <= asked[0] + 2

"""What programs read of events, and how the API describes itself."""

from collections.abc import Callable
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.api import API, PROBLEM, Program, make_token, run_curl
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.test_docs import blocks, table, text_of

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TICKETS = (
    "[{id: full, label: Volledige dag, price: 140, sessions: [am, pm]}, "
    "{id: am, label: Voormiddag, price: 65, sessions: [am], capacity: 1}]"
)
SESSIONS = "[{id: am, label: Voormiddag, capacity: 2}, {id: pm, label: Namiddag}]"


def sign_up(portal: PortalUnderTest, name: str, **values: str) -> None:
    sent = {"first_name": name, "last_name": "Peeters", "email": f"{name}@school.example", "privacy": "y"}
    visitor = portal.visitor()
    answer = visitor.submit(visitor.get("/events/nascholing/signup"), sent | values)
    assert answer.status == 303, answer.text


def slugs(answer: Any) -> list[str]:
    return [event["slug"] for event in answer["events"]]


def test_an_event_tells_a_program_what_its_page_tells(make_portal: MakePortal) -> None:
    keys = {
        "price": "65,50",
        "capacity": 6,
        "summary": "Een zin.",
        "location_link": "https://www.openstreetmap.org/?mlat=51.05",
        "signup_opens": "2026-01-10T12:00",
    }
    event = Program(make_portal({"nascholing": event_file(**keys)})).get("/events/nascholing")
    assert event["url"] == "http://localhost/events/nascholing"
    assert event["starts"] == "2027-02-03T13:30:00+01:00"
    assert event["ends"] == "2027-02-03T16:30:00+01:00"
    assert (event["title"], event["summary"], event["language"]) == ("Nascholing", "Een zin.", "nl")
    assert (event["location"], event["online"]) == ("De Krook, Gent", False)
    assert event["location_url"] == keys["location_link"]
    assert event["price"] == {
        "text": "€\N{NO-BREAK SPACE}65,50",
        "lowest": 6550,
        "highest": 6550,
        "currency": "EUR",
    }
    assert event["signup_url"] == "http://localhost/events/nascholing/signup"
    assert event["signup_opens"] == "2026-01-10T12:00:00+01:00"
    assert event["ics_url"] == "http://localhost/events/nascholing.ics"
    assert (event["state"], event["places"]["free"]) == ("open", 6)


def test_the_places_of_tickets_and_sessions_are_told_as_they_are_taken(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=5, tickets=TICKETS, sessions=SESSIONS)})
    for name, ticket in (("Emma", "am"), ("Noor", "am"), ("Lies", "full")):
        sign_up(portal, name, ticket=ticket)
    event = Program(portal).get("/events/nascholing")
    full, am = (ticket["places"] for ticket in event["tickets"])
    assert am == {"capacity": 1, "taken": 1, "free": 0, "waiting": 1}
    assert full == {"capacity": None, "taken": 1, "free": 0, "waiting": 0}
    morning, afternoon = (session["places"] for session in event["sessions"])
    assert morning == {"capacity": 2, "taken": 2, "free": 0, "waiting": 1}
    assert afternoon == {"capacity": None, "taken": 1, "free": 3, "waiting": 0}
    assert event["places"] == {"capacity": 5, "taken": 2, "free": 0, "waiting": 1}
    assert event["state"] == "waitlist"
    assert (event["price"]["lowest"], event["price"]["highest"]) == (6500, 14000)


def test_as_many_places_are_free_as_the_page_says_on_tickets_that_are_sold_now(
    make_portal: MakePortal,
) -> None:
    early = "{id: early, label: Vroeg, capacity: 9, closes: 2027-01-01T00:00}"
    portal = make_portal(
        {"nascholing": event_file(tickets=f"[{early}, {{id: late, label: Laat, capacity: 2}}]")}
    )
    event = Program(portal).get("/events/nascholing")
    assert [ticket["on_sale"] for ticket in event["tickets"]] == [False, True]
    assert event["places"]["free"] == 2
    assert "2 places left" in portal.visitor().get("/events/nascholing").text


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        ("open", {}),
        ("waitlist", {"status": "full"}),
        ("full", {"title": "VOLZET Nascholing", "waitlist": '"off"'}),
        ("not_open", {"signup_opens": "2027-01-10T12:00"}),
        ("closed", {"signup_closes": "2027-01-01T12:00"}),
        ("cancelled", {"status": "cancelled"}),
        ("over", {"date": "2026-02-03T13:30:00", "end_date": None}),
        ("external", {"registration": None, "registration_link": "https://elders.example/x"}),
        ("none", {"registration": "none"}),
    ],
)
def test_each_state_is_said_in_its_own_word(
    make_portal: MakePortal, state: str, keys: dict[str, Any]
) -> None:
    event = Program(make_portal({"nascholing": event_file(**keys)})).get("/events/nascholing")
    assert event["state"] == state
    if state == "external":
        assert event["signup_url"] == keys["registration_link"]
    assert state in table("docs/api.md", "state")


def test_events_are_found_by_when_language_and_words(make_portal: MakePortal) -> None:
    program = Program(
        make_portal(
            {
                "later": event_file("Over robots", date="2027-03-01T09:00:00", end_date=None),
                "sooner": event_file(language="en"),
                "past": event_file(date="2026-11-01T09:00:00", end_date=None),
                "older": event_file(date="2026-10-01T09:00:00", end_date=None),
            }
        )
    )
    assert slugs(program.get("/events")) == ["sooner", "later"]
    assert slugs(program.get("/events?when=past")) == ["past", "older"]
    assert slugs(program.get("/events?when=all")) == ["older", "past", "sooner", "later"]
    assert slugs(program.get("/events?language=nl")) == ["later"]
    assert slugs(program.get("/events?language=fr")) == []
    assert slugs(program.get("/events?q=ROBOT+over")) == ["later"]


def test_a_program_that_follows_the_links_sees_every_event_once(make_portal: MakePortal) -> None:
    files = {f"e{n}": event_file(date=f"2027-02-{n:02}T09:00:00", end_date=None) for n in range(1, 6)}
    program = Program(make_portal(files))
    seen, path = [], "/events?limit=2&q=nascholing"
    while path:
        answer = program.ask(path)
        seen += slugs(answer.json)
        assert (answer.json["total"], answer.json["pages"]) == (5, 3)
        links = dict(reversed(link.split("; rel=")) for link in answer.headers["Link"].split(", "))
        following = links.get('"next"', "").strip("<>")
        assert following.startswith("http://localhost/api/v1/events?") or not following
        path = following.removeprefix(f"http://localhost{API}")
    assert seen == ["e1", "e2", "e3", "e4", "e5"]
    assert set(links) == {'"first"', '"prev"', '"last"'}
    assert slugs(program.get("/events?page=9&limit=2")) == []


def test_the_list_costs_one_statement_however_many_events(make_portal: MakePortal) -> None:
    portal = make_portal({f"e{n}": event_file() for n in range(30)})
    with statements_of(portal) as asked:
        assert len(Program(portal).get("/events")["events"]) == 30
    assert len(asked) == 1


def test_drafts_are_for_nobody_without_a_token_for_them(make_portal: MakePortal) -> None:
    files = {"x": event_file(), "d1": event_file(status="draft"), "d2": event_file(status="draft")}
    portal = make_portal(files)
    for stranger in (
        Program(portal),
        Program(portal, make_token(portal, scopes=["attendees:read"])),
    ):
        assert slugs(stranger.get("/events")) == ["x"]
        assert stranger.problem("/events/d1", 404) == stranger.problem("/events/nowhere", 404)
    bound = Program(portal, make_token(portal, events=("d1",)))
    assert slugs(bound.get("/events")) == ["d1", "x"]
    assert bound.get("/events/d1")["status"] == "draft"
    bound.problem("/events/d2", 404)


def test_what_has_not_changed_is_not_sent_again(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=6)})
    program = Program(portal)
    for path in ("/events", "/events/nascholing", "/openapi.json"):
        first = program.ask(path)
        again = program.ask(path, If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b"")
        assert again.headers["Access-Control-Allow-Origin"] == "*"
        head = program.ask(path, "HEAD")
        assert (head.status_code, head.data, head.headers["ETag"]) == (200, b"", first.headers["ETag"])
    before = program.ask("/events").headers["ETag"]
    sign_up(portal, "Emma")
    assert program.ask("/events", If_None_Match=before).status_code == 200


def test_any_site_may_read_what_is_public_and_none_what_came_with_a_token(make_portal: MakePortal) -> None:
    portal = make_portal()
    public = Program(portal).ask("/events", Origin="https://elsewhere.example")
    assert public.headers["Access-Control-Allow-Origin"] == "*"
    assert public.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in public.headers
    assert "Set-Cookie" not in public.headers
    preflight = Program(portal).ask("/events", "OPTIONS", Access_Control_Request_Method="GET")
    assert preflight.status_code == 200
    assert "Authorization" not in preflight.headers["Access-Control-Allow-Headers"]
    key = Program(portal, make_token(portal))
    for private in (
        key.ask("/events"),
        key.ask("/events/nascholing/attendees"),
        key.ask("/events/nascholing/attendees.csv"),
        Program(portal).ask("/events/nascholing/attendees"),
        Program(portal).ask("/events/nascholing/attendees", "OPTIONS"),
        Program(portal, "portal_wrong").ask("/events"),
    ):
        assert "Access-Control-Allow-Origin" not in private.headers
        assert private.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("query", "what", "mend"),
    [
        ("when=soon", "`when` is 'soon'", "upcoming or past or all"),
        ("lang=nl", "no parameter 'lang'", "`language`"),
        ("page=0", "`page` is '0'", "a whole number, 1 to"),
        ("limit=1000", "`limit` is '1000'", "1 to 100"),
        ("q=a&q=b", "`q` is given 2 times", "once"),
        ("q=%00", "`q`", "pattern"),
        ("q=" + "x" * 201, "201 characters", "at most 200"),
    ],
)
def test_a_wrong_query_is_told_with_its_mend(
    make_portal: MakePortal, query: str, what: str, mend: str
) -> None:
    problem = Program(make_portal()).problem(f"/events?{query}", 400)
    assert what in problem["detail"]
    assert mend in problem["mend"]


def test_what_is_not_there_is_told_as_a_problem_too(make_portal: MakePortal) -> None:
    program = Program(make_portal())
    assert "openapi.json" in program.problem("/nowhere", 404)["mend"]
    for method in ("POST", "DELETE"):
        answer = program.ask("/events", method)
        assert (answer.status_code, answer.content_type) == (405, PROBLEM)
        assert "GET" in answer.headers["Allow"]


def test_who_asks_too_often_is_told_when_to_come_back(make_portal: MakePortal) -> None:
    program = Program(make_portal(rate_limits=True))
    answers = [program.portal.app.test_client().get(f"{API}/events") for _ in range(301)]
    assert {answer.status_code for answer in answers[:300]} == {200}
    assert (answers[300].status_code, answers[300].content_type) == (429, PROBLEM)
    assert 0 < int(answers[300].headers["Retry-After"]) <= 60


def test_the_description_is_openapi_and_leaves_no_address_out(make_portal: MakePortal) -> None:
    portal = make_portal()
    description = Program(portal).description()
    OpenAPIV31SpecValidator(description).validate()
    there_are = {
        rule.rule.removeprefix(API).replace("<slug>", "{slug}")
        for rule in portal.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
    }
    assert set(description["paths"]) == there_are - {"/openapi.json"}
    assert description["servers"] == [{"url": f"http://localhost{API}"}]


def test_every_field_is_described_in_words_or_by_its_name(make_portal: MakePortal) -> None:
    """Money, times and places are never left to be guessed."""
    schemas = Program(make_portal()).description()["components"]["schemas"]
    for name in ("Price", "Places"):
        assert all("description" in field for field in schemas[name]["properties"].values()), name


def test_every_curl_of_the_documentation_works(make_portal: MakePortal) -> None:
    files = {"sociale-robot": event_file(), "old": event_file(date="2026-01-01T09:00:00", end_date=None)}
    portal = make_portal(files)
    program = Program(portal, make_token(portal))
    lines = [line for block in blocks(text_of("docs/api.md"), "sh") for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        answer = run_curl(program, line, "https://events.example.org")
        assert answer.status_code == 200, f"{line}: {answer.text}"


def test_the_documentation_names_every_address_scope_and_status(make_portal: MakePortal) -> None:
    description = Program(make_portal()).description()
    written = [path.replace("SLUG", "{slug}").removeprefix(API) for path in table("docs/api.md", "address")]
    assert sorted(written) == sorted([*description["paths"], "/openapi.json"])
    statuses = {
        status
        for operation in description["paths"].values()
        for status in operation["get"]["responses"]
        if status >= "400"
    }
    assert statuses <= set(table("docs/api.md", "status"))

"""Who comes, for programs with a token: what they may read, and until when."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import select

from portal.domain import accounts, api_tokens
from portal.domain.accounts import Office
from portal.domain.errors import AccountRefused
from portal.storage.database import transaction
from portal.storage.tokens import ApiToken
from tests.support.api import API, PROBLEM, Program, make_token
from tests.support.portal import PortalUnderTest, event_file, statements_of

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
LIST = "/events/nascholing/attendees"
QUESTIONS = (
    "[{name: diet, label: Dieet}, {name: bags, label: Tassen, type: number}, "
    "{name: born, label: Geboren, type: date}]"
)
ANSWERS = {"answers-diet": "vegan", "answers-bags": "2", "answers-born": "1990-05-01"}


def sign_up(portal: PortalUnderTest, first: str, last: str = "Peeters", **values: str) -> None:
    sent = {"first_name": first, "last_name": last, "email": f"{first}@school.example", "privacy": "y"}
    visitor = portal.visitor()
    answer = visitor.submit(visitor.get("/events/nascholing/signup"), sent | values)
    assert answer.status == 303, answer.text
    portal.clock.pass_by(timedelta(minutes=1))


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [row["first_name"] for row in answer["attendees"]]


@pytest.fixture
def three(make_portal: MakePortal) -> PortalUnderTest:
    """Three people, of whom the last waits, and another event without any."""
    files = {
        "nascholing": event_file(capacity=2, price=65, questions=QUESTIONS),
        "other": event_file(title="Ander"),
    }
    portal = make_portal(files)
    sign_up(portal, "Emma", "=1+1", phone="+32 470", **ANSWERS)
    sign_up(portal, "Noor", school="GO! Atheneum")
    sign_up(portal, "Lies")
    return portal


@ONLY_SQLITE
@pytest.mark.parametrize("query", ["after=%0A", "after=1.0%0A", "q=emma%0A", "ticket=x%0A"])
def test_a_line_feed_at_the_end_is_no_value(three: PortalUnderTest, query: str) -> None:
    told = Program(three, make_token(three)).problem(f"{LIST}?{query}", 400)
    assert "pattern" in told["mend"]


def test_a_program_reads_the_columns_of_the_download_as_what_they_are(three: PortalUnderTest) -> None:
    first, *others = Program(three, make_token(three)).get(LIST)["attendees"]
    header = three.organiser("bo@leraars.example").get(f"/admin{LIST}.csv").text.splitlines()[0]
    assert list(first) == header.split(",")
    assert (first["last_name"], first["phone"], first["newsletter"]) == ("=1+1", "+32 470", False)
    assert (first["amount_due"], first["cancelled_at"]) == ("65.00", None)
    assert first["registered_at"] == "2027-01-04T10:00:00+01:00"
    assert (first["answer:diet"], first["answer:bags"], first["answer:born"]) == ("vegan", 2, "1990-05-01")
    assert [row["status"] for row in others] == ["confirmed", "waitlisted"]


@ONLY_SQLITE
def test_the_file_is_the_same_as_the_organisers_download(three: PortalUnderTest) -> None:
    program, organiser = Program(three, make_token(three)), three.organiser("bo@leraars.example")
    for query in ("", "?status=waitlisted", "?q=atheneum&dialect=excel"):
        answer = program.ask(f"{LIST}.csv{query}")
        assert answer.data == organiser.get(f"/admin{LIST}.csv{query}").body
        assert answer.mimetype == "text/csv"


def test_the_filters_are_those_of_the_list(three: PortalUnderTest) -> None:
    program = Program(three, make_token(three))
    assert names(program.get(f"{LIST}?status=confirmed")) == ["Emma", "Noor"]
    assert names(program.get(f"{LIST}?q=ATHEN")) == ["Noor"]
    assert names(program.get(f"{LIST}?ticket=nothing")) == []
    file = program.ask(f"{LIST}.csv?status=waitlisted").text
    assert [row["first_name"] for row in csv.DictReader(StringIO(file))] == ["Lies"]
    assert "confirmed" in program.problem(f"{LIST}?status=here", 400)["mend"]


def test_reading_on_misses_nobody_when_people_come_and_go_meanwhile(three: PortalUnderTest) -> None:
    program = Program(three, make_token(three))
    first = program.ask(f"{LIST}?limit=1&status=confirmed")
    sign_up(three, "Fatima")
    rest = first.json["next"].removeprefix(f"http://localhost{API}")
    assert f'<{first.json["next"]}>; rel="next"' == first.headers["Link"]
    second = program.get(rest)
    assert (names(first.json), names(second), second["next"]) == (["Emma"], ["Noor"], None)
    everybody, path = [], f"{LIST}?limit=2"
    while path:
        answer = program.get(path)
        everybody += names(answer)
        path = (answer["next"] or "").removeprefix(f"http://localhost{API}")
    assert everybody == ["Emma", "Noor", "Lies", "Fatima"]


@ONLY_SQLITE
def test_the_list_costs_as_many_statements_for_many_as_for_few(three: PortalUnderTest) -> None:
    program = Program(three, make_token(three))
    counted = []
    for limit in (1, 3):
        program.get(f"{LIST}?limit={limit}")
        with statements_of(three) as asked:
            program.get(f"{LIST}?limit={limit}")
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 9


@ONLY_SQLITE
def test_without_a_right_token_nobody_reads_a_list_whatever_their_cookies(three: PortalUnderTest) -> None:
    problem = Program(three).ask(LIST)
    assert (problem.status_code, problem.headers["WWW-Authenticate"]) == (401, 'Bearer realm="portal"')
    owner = three.organiser()
    assert owner.get(f"{API}{LIST}").status == 401
    right = make_token(three)
    for wrong in ("portal_x", right[:-1], f"{right}x", "x" * 500, ApiToken.__tablename__):
        answer = Program(three, wrong).ask(LIST)
        assert (answer.status_code, answer.content_type) == (401, PROBLEM)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    for scheme in ("Basic YTpi", "Bearer", "Bearer  ", f"Token {right}", right):
        answer = Program(three).ask(LIST, Authorization=scheme)
        assert answer.status_code == 401, scheme
    assert Program(three, right).ask(LIST).status_code == 200


@ONLY_SQLITE
def test_a_token_reads_only_what_it_is_for(three: PortalUnderTest) -> None:
    drafts = Program(three, make_token(three, scopes=["events:read"]))
    answer = drafts.ask(LIST)
    assert answer.status_code == 403
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert 'scope="attendees:read"' in challenge
    other = Program(three, make_token(three, events=("other",)))
    assert other.get("/events/other/attendees")["attendees"] == []
    there = other.problem(LIST, 404)
    assert there == other.problem("/events/nowhere/attendees", 404)
    assert other.problem(f"{LIST}.csv", 404) == there


@ONLY_SQLITE
def test_a_token_never_reads_more_than_its_account(three: PortalUnderTest) -> None:
    with pytest.raises(AccountRefused, match="may not see"):
        make_token(
            three, of="bo@leraars.example", role="organiser", bound_to=("other",), events=("nascholing",)
        )
    bound = make_token(three, of="bo@leraars.example", role="organiser", bound_to=("other",))
    Program(three, bound).problem(LIST, 404)
    Program(three, bound).get("/events/other/attendees")
    with pytest.raises(AccountRefused, match="door"):
        make_token(three, of="door@leraars.example", role="door")


@ONLY_SQLITE
def test_a_token_shrinks_with_its_account_and_ends_with_it(three: PortalUnderTest) -> None:
    make_token(three, of="bo@leraars.example")  # an owner has to stay
    program = Program(three, make_token(three))
    narrow = Program(three, make_token(three, events=("nascholing",)))
    for role, events, statuses in (
        ("organiser", ["other"], (404, 404)),
        ("organiser", ["nascholing"], (200, 200)),
        ("door", [], (401, 401)),
        ("owner", [], (200, 200)),
    ):
        with three.session() as session, transaction(session):
            account = accounts.find(session, "an@leraars.example")
            accounts.change(Office(session, three.clock.now), account.id, role, events)
        assert (program.ask(LIST).status_code, narrow.ask(LIST).status_code) == statuses, role
    with three.session() as session, transaction(session):
        accounts.disable(session, "an@leraars.example", three.clock.now)
    assert "account is closed" in program.problem(LIST, 401)["detail"]
    assert Program(three, program.token).ask("/events").status_code == 401


@ONLY_SQLITE
def test_a_token_ends_when_it_says_and_when_it_is_revoked(three: PortalUnderTest) -> None:
    now = three.clock.now
    program = Program(three, make_token(three, expires_at=now + timedelta(days=1)))
    for_ever = Program(three, make_token(three))
    three.clock.pass_by(timedelta(days=1) - timedelta(seconds=1))
    assert program.ask(LIST).status_code == 200
    three.clock.pass_by(timedelta(seconds=1))
    assert program.ask(LIST).status_code == 401
    assert for_ever.ask(LIST).status_code == 200
    with three.session() as session, transaction(session):
        last = session.scalars(select(ApiToken.id).order_by(ApiToken.id.desc())).first()
        api_tokens.revoke(Office(session, three.clock.now), last)
    assert for_ever.ask(LIST).status_code == 401


@ONLY_SQLITE
def test_nothing_in_the_database_opens_anything(three: PortalUnderTest) -> None:
    token = make_token(three)
    with three.session() as session:
        row = session.scalars(select(ApiToken)).one()
        kept = [str(value) for value in vars(row).values()]
    assert token.startswith(row.start)
    assert len(row.start) < len(token) / 3
    assert not any(token in value for value in kept)
    assert Program(three, row.token_hash).ask(LIST).status_code == 401


def test_when_a_token_was_last_used_is_written_seldom(three: PortalUnderTest) -> None:
    program = Program(three, make_token(three))
    program.get(LIST)

    def writes() -> int:
        with statements_of(three) as asked:
            assert program.ask(LIST).status_code == 200
        return sum(statement.startswith("UPDATE") for statement in asked)

    assert writes() == 0
    three.clock.pass_by(timedelta(minutes=9))
    assert writes() == 0
    three.clock.pass_by(timedelta(minutes=1))
    assert writes() == 1
    with three.session() as session:
        assert session.scalars(select(ApiToken.used_at)).one() == three.clock.now


@ONLY_SQLITE
def test_wrong_tokens_and_eager_programs_are_slowed_down(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    client = portal.app.test_client()

    def ask(token: str) -> int:
        answer = client.get(f"{API}{LIST}", headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.content_type == PROBLEM
        return answer.status_code

    eager, other = make_token(portal), make_token(portal)
    assert [ask(eager) for _ in range(121)] == [200] * 120 + [429]
    assert ask(other) == 200
    assert [ask(f"portal_{n}") for n in range(31)] == [401] * 30 + [429]
    assert client.get(f"{API}/events").status_code == 200


@ONLY_SQLITE
def test_a_database_that_is_away_is_told_to_a_program_too(three: PortalUnderTest) -> None:
    with three.session() as session, transaction(session):
        session.connection().exec_driver_sql("ALTER TABLE ticket_counts RENAME TO away")
    answer = three.app.test_client().get(f"{API}/events")
    assert (answer.status_code, answer.content_type) == (503, PROBLEM)
    assert int(answer.headers["Retry-After"]) > 0


@ONLY_SQLITE
def test_an_event_whose_file_is_gone_keeps_its_list(three: PortalUnderTest) -> None:
    (three.content / "events" / "nascholing.md").unlink()
    three.reread()
    assert names(Program(three, make_token(three)).get(LIST)) == ["Emma", "Noor", "Lies"]

"""The organisers' side."""

import csv
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import select

from portal.domain import accounts, sign_ins
from portal.storage.database import transaction
from portal.storage.models import Attendee, Organiser, OrganiserSession
from tests.support.portal import PASSWORD, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
LIST = "/admin/events/nascholing/attendees"
COLUMNS = (
    "registration,attendee,event,ticket,status,first_name,last_name,email,phone,school,contact_email,language,"
    "newsletter,amount_due,amount_paid,payment_reference,registered_at,cancelled_at,checked_in_at,remarks"
)


def sign_up(portal: PortalUnderTest, first: str, last: str, **values: str) -> None:
    visitor = portal.visitor()
    form = visitor.get("/events/nascholing/signup")
    sent = {
        "first_name": first,
        "last_name": last,
        "email": f"{first.lower()}@school.example",
        "privacy": "y",
    }
    assert visitor.submit(form, sent | values).status == 303


def log_in(visitor: Visitor, email: str, password: str, to: str = "/admin/login") -> Answer:
    return visitor.submit(visitor.get(to), {"email": email, "password": password})


def test_signing_in_leads_to_what_was_asked_for(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser("an@leraars.example")
    visitor = portal.visitor()
    asked = visitor.get(LIST + "?q=emma")
    assert asked.status == 303
    answer = log_in(visitor, "AN@leraars.example", PASSWORD, asked.location)
    assert (answer.status, answer.location) == (303, LIST + "?q=emma")


def test_signing_in_leads_nowhere_else(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser("an@leraars.example")
    answer = log_in(portal.visitor(), "an@leraars.example", PASSWORD, "/admin/login?next=//evil.example")
    assert answer.location == "/admin/"


def test_an_unknown_address_and_a_wrong_password_get_one_answer(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser("an@leraars.example")
    wrong = log_in(portal.visitor(), "an@leraars.example", "not this password")
    unknown = log_in(portal.visitor(), "wie@leraars.example", "not this password")
    assert (wrong.status, unknown.status) == (422, 422)
    assert wrong.words("[role=alert]") == unknown.words("[role=alert]")


def test_signing_in_gives_a_new_session_and_signing_out_ends_it_everywhere(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser("an@leraars.example")
    visitor = portal.visitor()
    visitor.get("/admin/login")
    before = visitor.client.get_cookie("session")
    log_in(visitor, "an@leraars.example", PASSWORD)
    after = visitor.client.get_cookie("session")
    assert before
    assert after
    assert before.value != after.value
    page = visitor.get("/admin/")
    stolen = portal.visitor()
    stolen.client.set_cookie("session", after.value)
    assert stolen.get("/admin/").status == 200
    assert visitor.submit(page, form='form[action="/admin/logout"]').status == 303
    assert stolen.get("/admin/").status == 303


def test_a_sign_in_that_is_not_used_ends(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.organiser()
    for _ in range(3):
        portal.clock.pass_by(sign_ins.IDLE - timedelta(minutes=1))
        assert visitor.get("/admin/").status == 200
    portal.clock.pass_by(sign_ins.IDLE)
    assert visitor.get("/admin/").status == 303


def test_a_disabled_account_is_out_at_once(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.organiser("an@leraars.example")
    with portal.session() as session, transaction(session):
        accounts.disable(session, "an@leraars.example", portal.clock.now)
    assert visitor.get("/admin/").status == 303
    assert log_in(portal.visitor(), "an@leraars.example", PASSWORD).status == 422


def test_a_password_is_kept_as_argon2_and_a_sign_in_as_a_hash(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    with portal.session() as session:
        assert session.scalars(select(Organiser.password_hash)).one().startswith("$argon2id$")
        assert len(session.scalars(select(OrganiserSession.token_hash)).one()) == 64


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_guessing_is_stopped_for_the_address_and_for_the_client(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    portal.organiser("an@leraars.example")
    visitor = portal.visitor()
    page = visitor.get("/admin/login")

    def guess(email: str) -> int:
        return visitor.submit(page, {"email": email, "password": "guess"}).status

    assert [guess("an@leraars.example") for _ in range(11)] == [422] * 10 + [429]
    assert guess("An@Leraars.Example") == 429
    assert [guess(f"x{i}@leraars.example") for i in range(30)][-1] == 429


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("url", ["/admin/", LIST, f"{LIST}.csv"])
def test_only_who_may_sees_the_organisers_side(make_portal: MakePortal, url: str) -> None:
    portal = make_portal()
    assert portal.visitor().get(url).status == 303
    assert portal.organiser("o@leraars.example", "owner").get(url).status == 200
    assert portal.organiser("a@leraars.example", "organiser").get(url).status == 200
    assert portal.organiser("b@leraars.example", "organiser", ("nascholing",)).get(url).status == 200
    bound_elsewhere = portal.organiser("c@leraars.example", "organiser", ("other",)).get(url)
    assert bound_elsewhere.status == (200 if url == "/admin/" else 403)
    assert portal.organiser("d@leraars.example", "door", ("nascholing",)).get(url).status == 403


def test_the_overview_tells_how_many_come_and_wait_in_one_query_each(make_portal: MakePortal) -> None:
    files = {f"e{number}": event_file(title=f"Ander {number}") for number in range(10)}
    portal = make_portal(files | {"nascholing": event_file(capacity=1)})
    sign_up(portal, "Emma", "Peeters")
    sign_up(portal, "Noor", "Maes")
    organiser = portal.organiser()
    with statements_of(portal) as asked:
        page = organiser.get("/admin/")
    (row,) = [words for words in page.words("main tr, main li") if "Nascholing" in words]
    assert "1" in row
    assert "wait" in row
    assert len(asked) <= 15, asked  # each thing that may need attention takes one


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_overview_says_what_needs_attention(make_portal: MakePortal) -> None:
    portal = make_portal(
        {
            "nascholing": event_file(price=65, minimum=8),
            "vol": event_file(title="Vol", capacity=9),
            "af": event_file(title="Af", minimum=5, status="cancelled"),
        }
    )
    organiser = portal.organiser()
    sign_up(portal, "Emma", "Peeters")
    assert "1 new this week" in organiser.get("/admin/").text
    assert "needs 8 to go on" not in organiser.get("/admin/").text
    portal.clock.now += timedelta(days=21)  # nine days before the event
    text = log_in(portal.visitor(), "an@leraars.example", PASSWORD)
    assert text.status == 303
    again = portal.visitor()
    log_in(again, "an@leraars.example", PASSWORD)
    seen = again.get("/admin/").text
    for words in ("1 has not paid yet", "needs 8 to go on"):
        assert words in seen
    assert "new this week" not in seen
    assert "needs 5 to go on" not in seen, "that one is cancelled"
    portal.clock.now += timedelta(days=365 + 2)
    late = portal.visitor()
    log_in(late, "an@leraars.example", PASSWORD)
    assert "Names that are removed soon" in late.get("/admin/").text


def test_an_event_whose_file_is_gone_keeps_its_list(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    sign_up(portal, "Emma", "Peeters")
    (portal.content / "events" / "nascholing.md").unlink()
    portal.reread()
    organiser = portal.organiser()
    assert organiser.get("/admin/").find(f'a[href="{LIST}"]')
    assert "Peeters" in organiser.get(LIST).text
    assert "Peeters" in organiser.get(f"{LIST}.csv").text
    assert organiser.get("/admin/events/nope/attendees").status == 404


@pytest.fixture
def three(make_portal: MakePortal) -> PortalUnderTest:
    """Three people, of whom the last waits."""
    portal = make_portal({"nascholing": event_file(capacity=2, questions="[{name: diet, label: Dieet}]")})
    sign_up(portal, "Émilie", "Peeters", school="Sint-Jozef", email="em@school.example")
    portal.clock.pass_by(timedelta(minutes=1))
    sign_up(portal, "Noor", "Aerts", school="GO! Atheneum", **{"answers-diet": "vegan"})
    portal.clock.pass_by(timedelta(minutes=1))
    sign_up(portal, "Lies", "Maes")
    return portal


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["Peeters", "Aerts", "Maes"]),
        ("?q=emil", ["Peeters"]),
        ("?q=SINT+peeters", ["Peeters"]),
        ("?q=noor@", ["Aerts"]),
        ("?q=%25", []),
        ("?status=waitlisted", ["Maes"]),
        ("?status=nonsense", ["Peeters", "Aerts", "Maes"]),
        ("?sort=last_name", ["Aerts", "Maes", "Peeters"]),
        ("?sort=last_name&descending=1", ["Peeters", "Maes", "Aerts"]),
        ("?sort=registered_at&descending=1", ["Maes", "Aerts", "Peeters"]),
        ("?sort=nonsense&page=99", ["Peeters", "Aerts", "Maes"]),
        ("?page=-1", ["Peeters", "Aerts", "Maes"]),
    ],
)
def test_what_is_shown_is_what_is_downloaded(three: PortalUnderTest, query: str, names: list[str]) -> None:
    organiser = three.organiser()
    shown = organiser.get(LIST + query)
    assert [
        name for row in shown.words("tbody tr") for name in ("Peeters", "Aerts", "Maes") if name in row
    ] == names
    download = organiser.get(f"{LIST}.csv{query}")
    rows = list(csv.DictReader(StringIO(download.text, newline="")))
    assert [row["last_name"] for row in rows] == names


def test_the_download_is_the_contracts_to_the_byte(three: PortalUnderTest) -> None:
    organiser = three.organiser()
    answer = organiser.get(f"{LIST}.csv")
    lines = answer.body.decode().split("\r\n")
    assert lines[0] == COLUMNS + ",answer:diet"
    rows = list(csv.reader(StringIO(answer.text, newline="")))
    first, second = rows[1], rows[2]
    assert first[1] == f"{first[0]}-1"
    assert first[2:6] == ["nascholing", "", "confirmed", "Émilie"]
    assert first[11:19] == ["en", "no", "0.00", "0.00", "", "2027-01-04T10:00:00+01:00", "", ""]
    assert second[-1] == "vegan"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nascholing-attendees.csv"'
    excel = organiser.get(f"{LIST}.csv?dialect=excel").body
    assert excel.startswith(b"\xef\xbb\xbfregistration;attendee;")
    assert excel.count(b"\r\n") == 4
    assert organiser.get(f"{LIST}.csv?dialect=lotus").status == 404


def test_a_formula_in_a_name_is_defused_in_the_download_only(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal, "Emma", "=HYPERLINK(1)", phone="+32 470")
    organiser = portal.organiser()
    assert "'=HYPERLINK(1)" in organiser.get(f"{LIST}.csv").text
    assert "'+32 470" in organiser.get(f"{LIST}.csv?dialect=excel").text
    assert "'=" not in organiser.get(LIST).text


def test_a_question_that_is_no_longer_asked_keeps_its_column(three: PortalUnderTest) -> None:
    three.write({"nascholing": event_file(capacity=2)})
    three.reread()
    assert three.organiser().get(f"{LIST}.csv").text.splitlines()[0].endswith("answer:diet")


def test_the_list_is_paged_and_costs_the_same_however_long(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal, "Emma", "Peeters")
    organiser = portal.organiser()
    organiser.get(LIST)
    with statements_of(portal) as few:
        organiser.get(LIST)
    with portal.session() as session, transaction(session):
        one = session.scalars(select(Attendee)).one()
        values = {c.name: getattr(one, c.name) for c in Attendee.__table__.columns}
        session.add_all(
            Attendee(**values | {"position": n, "search_text": f"peeters {n}"}) for n in range(1, 120)
        )
    with statements_of(portal) as many:
        page = organiser.get(f"{LIST}?page=2")
    assert len(page.find("tbody tr")) == 50
    assert len(many) == len(few) <= 10, many
    assert len(organiser.get(f"{LIST}.csv").text.splitlines()) == 121


def test_private_pages_are_never_kept(three: PortalUnderTest) -> None:
    organiser = three.organiser()
    for url in ("/admin/", LIST, f"{LIST}.csv"):
        assert organiser.get(url).headers["Cache-Control"] == "no-store"

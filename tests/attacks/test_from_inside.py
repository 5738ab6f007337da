"""Attacks through what is typed, brought and kept: injected headers and formulas, fields too many, sign-ins, tokens."""

import ast
import csv
import io
import string
from collections.abc import Callable, Iterator
from email import message_from_bytes
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

import portal as package
from portal.domain.api_tokens import ATTENDEES
from portal.formats import mail
from portal.storage.mailings import Mailing
from portal.storage.models import Attendee, Letter, Organiser, Registration
from portal.worker import Postman
from tests.support.api import API, PROBLEM, make_token
from tests.support.portal import PASSWORD, SECRET, PortalUnderTest, event_file
from tests.support.visitor import Answer, Values

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
FORM = "/events/nascholing/signup"
CAPACITY = 5
INJECTED = "Emma\r\nBcc: all@evil.example\r\n\r\nBuy this"
SOURCES = sorted(Path(package.__file__).parent.rglob("*.py"))


def sign_up(portal: PortalUnderTest, **values: str) -> Answer:
    visitor = portal.visitor()
    return visitor.post(FORM, visitor.get(FORM).form() | EMMA | values)


def sent(portal: PortalUnderTest, folder: Path) -> Iterator[bytes]:
    sender = mail.Sender("Leraars\r\nBcc: x@evil.example", "info@leraars.example")
    Postman(portal.engine, mail.Folder(folder), sender, "http://localhost", (SECRET,)).send_due(
        portal.clock.now
    )
    yield from (file.read_bytes() for file in folder.iterdir())


@ONLY_SQLITE
def test_nothing_that_is_typed_becomes_a_header_of_a_letter(make_portal: MakePortal, tmp_path: Path) -> None:
    title = '"Nascholing\\r\\nBcc: all@evil.example"'
    portal = make_portal({"nascholing": event_file(title=title, notify="each")})
    assert (
        sign_up(
            portal, first_name=INJECTED, last_name="Peeters\nX-Evil: 1", school="A\r\nCc: b@evil.example"
        ).status
        == 303
    )
    assert sign_up(portal, email="a@b.example\r\nBcc: c@evil.example").status == 422
    with portal.session() as session:
        assert session.scalars(select(Letter.kind)).all() == ["confirmed"]
        letter = session.scalars(select(Letter)).one()
        made = mail.message(
            sender=mail.Sender("Leraars", "info@leraars.example"),
            recipient=letter.recipient,
            reply_to=letter.reply_to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            message_id=letter.message_id,
            written_at=letter.created_at,
        )
    read = message_from_bytes(made.as_bytes())
    assert {"bcc", "cc", "x-evil"}.isdisjoint(name.lower() for name in read)
    assert read["To"] == "emma@school.example"
    for header in ("subject", "recipient", "reply_to"):
        with pytest.raises(ValueError, match=r"(?i)line|header|address|domain|atom|invalid"):
            broken = {"recipient": "a@b.example", "reply_to": "", "subject": "S"} | {
                header: "a@b.example\r\nBcc: x@y.example"
            }
            mail.message(
                sender=mail.Sender("Leraars", "info@leraars.example"), text="", html="", message_id="<a@b>",
                written_at=portal.clock.now, **broken,
            )  # fmt: skip


FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0", "＝1+1")


@ONLY_SQLITE
@pytest.mark.parametrize("dialect", ["rfc4180", "excel"])
def test_no_cell_of_a_list_runs_and_no_name_of_a_file_breaks_out(
    make_portal: MakePortal, dialect: str
) -> None:
    portal = make_portal({'x"; filename=evil.exe': event_file(anchor="nascholing")})
    for number, formula in enumerate(FORMULAS):
        assert (
            sign_up(portal, first_name=formula, school=formula, email=f"e{number}@school.example").status
            == 303
        )
    owner = portal.organiser()
    answer = owner.get(f"/admin/events/nascholing/attendees.csv?dialect={dialect}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nascholing-attendees.csv"'
    text = answer.body.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), delimiter=";" if dialect == "excel" else ","))
    assert len(rows) == len(FORMULAS)
    assert not [cell for row in rows for cell in row.values() if cell and cell[0] in "=+-@\t\r＝"]


@ONLY_SQLITE
def test_nobody_fills_in_what_no_form_asks(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=65, capacity=1)})
    extra = {
        "status": "confirmed", "price": "0", "amount_due": "0", "id": "1", "reference": "AAAA-BBBB", "token_hash": "x",
        "role": "owner", "checked_in_at": "2027-01-01", "over_capacity": "1", "people-0-status": "confirmed",
    }  # fmt: skip
    assert sign_up(portal, **extra).status == 303
    other = sign_up(portal, **extra | {"email": "noor@school.example"})
    assert other.status == 303
    with portal.session() as session:
        first, second = session.scalars(select(Registration).order_by(Registration.id))
        assert (first.amount_due, first.status, second.status) == (6500, "confirmed", "waitlisted")
        assert first.attendees[0].checked_in_at is None
        assert first.reference != "AAAA-BBBB"
    organiser = portal.organiser("bo@leraars.example", "organiser")
    page = organiser.get("/admin/me")
    token = page.form("form[action='/admin/me/password']")["csrf_token"]
    organiser.post(
        "/admin/me/password", {"csrf_token": token, "password": "x" * 20, "role": "owner", "id": "1"}
    )
    with portal.session() as session:
        assert session.scalars(select(Organiser.role)).all() == ["organiser"]


@ONLY_SQLITE
def test_a_session_that_somebody_else_planted_is_not_signed_in(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    attacker, victim = portal.visitor(), portal.visitor()
    attacker.get("/admin/login")
    planted = attacker.client.get_cookie("session")
    assert planted is not None
    victim.client.set_cookie("session", planted.value)
    victim.submit(victim.get("/admin/login"), {"email": "an@leraars.example", "password": PASSWORD})
    assert victim.get("/admin/").status == 200
    assert attacker.get("/admin/").status == 303
    again = victim.client.get_cookie("session")
    assert again is not None
    assert again.value != planted.value


@ONLY_SQLITE
def test_signing_out_everywhere_ends_a_stolen_cookie(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    cookie = owner.client.get_cookie("session")
    assert cookie is not None
    thief = portal.visitor()
    thief.client.set_cookie("session", cookie.value)
    assert thief.get("/admin/").status == 200
    page = owner.get("/admin/")
    token = page.find('input[name="csrf_token"]')[0].attrs["value"]
    assert owner.post("/admin/logout", {"csrf_token": token}).status == 303
    assert thief.get("/admin/").status == 303


SECRETS = ("token", "proof", "secret", "hmac", "csrf", "password")
LOOK_UP = ("where", "select", "exists")
"""A database looks hashes up: how long that takes tells nothing of the token."""
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
ALLOWED = {"dumps.py": {"subprocess"}}
"""PostgreSQL's own programs make and restore its backups; nothing of a request reaches them."""
FORBIDDEN_MODULES = {
    "pickle",
    "marshal",
    "shelve",
    "dill",
    "jsonpickle",
    "subprocess",
    "ctypes",
    "xml.sax",
    "telnetlib",
}
"""What makes objects or commands of text."""


def named(node: ast.AST) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_secrets_are_compared_in_equal_time_and_text_never_becomes_code() -> None:
    faults = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        queries = (
            node for node in ast.walk(tree) if isinstance(node, ast.Call) and named(node.func) in LOOK_UP
        )
        in_queries = {id(inner) for query in queries for inner in ast.walk(query)}
        for node in ast.walk(tree):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if (
                isinstance(node, ast.Compare)
                and isinstance(node.ops[0], ast.Eq | ast.NotEq)
                and id(node) not in in_queries
            ):
                words = {named(side) for side in (node.left, *node.comparators)}
                secret = {word for word in words if any(part in word.lower().split("_") for part in SECRETS)}
                if secret:
                    faults.append(f"{where} compares {secret}")
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in FORBIDDEN_CALLS
            ):
                faults.append(f"{where} calls {node.func.id}")
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = {alias.name for alias in node.names} | {getattr(node, "module", None) or ""}
                faults += [
                    f"{where} imports {module}"
                    for module in modules & FORBIDDEN_MODULES - ALLOWED.get(path.name, set())
                ]
    assert not faults, "\n".join(faults)


FIELDS = st.text(max_size=30) | st.sampled_from(
    ["first_name", "last_name", "email", "phone", "school", "ticket", "remarks", "privacy", "newsletter", "website",
     "form_id", "csrf_token", "answers-diet", "answers-number", "answers-day", "answers-many", "answers-", "add",
     "people-0-first_name", "people-0-last_name", "people-0-email", "people-0-ticket", "people-0-answers-diet",
     "people-1-first_name", "people-99-first_name", "people-x-y", "people--1-first_name", "remove", "remove-0",
     "billing-method", "billing-vat", "billing-country", "billing-name", "billing-postcode", "seen", "before",
     "joining-0-first_name", "person_0-first_name", "person_0-ticket", "person_9-email"]
)  # fmt: skip
ODD = (
    "", "y", "0", "-1", "9" * 30, "9" * 4_400, "emma@school.example", "full", "am", "BE", "\x00", "é" * 300, "{}",
    "2027-02-30", "1e309", "NaN", "<script>", "{{7*7}}", "' OR 1=1 --", "\ud7ff", "＠", "x" * 5_000, "[[1]]",
)  # fmt: skip
VALUES = st.one_of(st.text(max_size=60), st.text(string.printable, max_size=20), st.sampled_from(ODD))
KEYS = {
    "capacity": CAPACITY,
    "price": 65,
    "max_party": 3,
    "questions": "[{name: diet, label: Dieet, type: text, each: true}, {name: day, label: Dag, type: date}, "
    "{name: number, label: Aantal, type: number, max: 9}, "
    "{name: many, label: Keuze, type: checkboxes, options: [a, b]}]",
}


@ONLY_SQLITE
def test_whatever_a_form_holds_it_is_read_or_refused_and_places_hold(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(**KEYS)})
    portal.app.config["PROPAGATE_EXCEPTIONS"] = False
    visitor = portal.visitor()
    sound: Values = dict(visitor.get(FORM).form()) | EMMA
    own = visitor.post(FORM, sound).location
    change: Values = visitor.get(f"{own}/change").form()
    numbers = iter(range(1_000_000))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.dictionaries(FIELDS, VALUES | st.lists(VALUES, max_size=3), max_size=6),
        st.booleans(),
        st.booleans(),
    )
    @example({}, False, False)  # a form without the number of what was seen
    @example({"seen": "9" * 4_400, "form_id": "9" * 4_400}, True, False)
    def sends(odd: dict[str, str | list[str]], whole: bool, new: bool) -> None:
        address = (
            {"email": f"x{next(numbers)}@school.example", "form_id": f"{next(numbers):022}"} if new else {}
        )
        form = {**(sound if whole else {"csrf_token": sound["csrf_token"]}), **address, **odd}
        assert visitor.client.post(FORM, data=form).status_code < 500
        form = {**(change if whole else {"csrf_token": change["csrf_token"]}), **odd}
        assert visitor.client.post(f"{own}/change", data=form).status_code < 500
        with portal.session() as session:
            confirmed = select(func.count()).select_from(Attendee).where(Attendee.status == "confirmed")
            assert (session.scalar(confirmed) or 0) <= CAPACITY

    sends()
    with portal.session() as session:
        assert (session.scalar(select(func.count()).select_from(Registration)) or 0) > CAPACITY, (
            "nothing was sent"
        )


LIST = "/admin/events/nascholing"
NUL_IN_QUERY = (
    f"{LIST}/attendees?q=%00", f"{LIST}/attendees?ticket=%00", f"{LIST}/attendees?answer-x=%00",
    f"{LIST}/attendees.csv?ticket=%00", f"{LIST}/attendees.xlsx?answer-%00=x", f"{LIST}/mail?ticket=a%00b",
    f"{LIST}/badges?ticket=%00", f"{API}/events/nascholing/attendees.csv?ticket=%00", "/?q=%00",
)  # fmt: skip
NUL_IN_PATH = (
    "/admin/events/%00/attendees", f"{LIST}/registrations/%00", "/registrations/a%00b", "/events/%00/signup",
    f"{API}/events/%00/attendees",
)  # fmt: skip


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_character_that_no_database_takes_is_refused_in_an_address_and_left_out_of_what_is_typed(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    assert sign_up(portal).status == 303
    owner = portal.organiser()
    bearer = {"Authorization": f"Bearer {make_token(portal)}"}
    for status, addresses in ((400, NUL_IN_QUERY), (404, NUL_IN_PATH)):
        for address in addresses:
            asked = owner.client.get(address, headers=bearer if address.startswith(API) else {})
            assert asked.status_code == status, address
            assert (asked.mimetype == PROBLEM) is address.startswith(API), address
    with portal.session() as session:
        page = f"{LIST}/registrations/{session.scalars(select(Registration.reference)).one()}"
    form = owner.get(page).form(f'form[action="{page}/note"]')
    assert owner.post(f"{page}/note", form | {"note": "Called\0\r\nagain"}).status == 303
    assert "Called again" in owner.get(page).text
    form = owner.get(f"{LIST}/mail").form() | {"subject": "To\0day", "ticket": "\0", "q": "emma\0"}
    shown = owner.post(f"{LIST}/mail", form | {"text": "- one\0\r\n    - \x1btwo", "do": "send"})
    assert shown.status == 303, shown.text
    assert owner.get(f"{LIST}/mail").words(".said") == ["- one - two"]
    with portal.session() as session:
        assert "- one\n    - two" in session.scalars(select(Mailing.text)).one()
    form = owner.get("/admin/api").form('form[action="/admin/api"]')
    made = owner.post("/admin/api", form | {"name": "web\0site", "scopes": ATTENDEES})
    assert made.status == 200, made.text
    assert owner.post("/admin/me/sign-ins/end", form | {"sign_in": "a\0b"}).status == 303

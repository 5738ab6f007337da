"""Attacks that need no account: addresses and headers that were made up, paths, sizes, and guesses in great number."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import session as made
from flask_wtf.csrf import generate_csrf

from portal.storage.models import Attendee, Letter
from tests.support.portal import PASSWORD, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
FORM = "/events/nascholing/signup"
EVIL = "evil.example"


def sign_up(portal: PortalUnderTest, **values: str) -> Answer:
    visitor = portal.visitor()
    return visitor.submit(visitor.get(FORM), EMMA | values)


@ONLY_SQLITE
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": EVIL},
        {"X-Forwarded-Host": EVIL},
        {"Forwarded": f"host={EVIL}"},
        {"X-Original-URL": f"https://{EVIL}/"},
        {"X-Forwarded-Proto": "https", "X-Forwarded-Host": EVIL, "X-Forwarded-Prefix": f"//{EVIL}"},
    ],
    ids="+".join,
)
def test_no_header_leads_anybody_elsewhere(make_portal: MakePortal, headers: dict[str, str]) -> None:
    portal = make_portal()
    portal.organiser()
    visitor = portal.visitor()
    login = visitor.get("/admin/login")
    answers = [
        visitor.get("/", headers=headers),
        visitor.get("/events/nascholing", headers=headers),
        visitor.get("/events/nascholing.ics", headers=headers),
        visitor.get("/admin/", headers=headers),
        visitor.submit(login, {"email": "an@leraars.example", "password": PASSWORD}, headers=headers),
        visitor.submit(visitor.get("/admin/forgot"), {"email": "an@leraars.example"}, headers=headers),
        visitor.submit(visitor.get("/registrations/"), {"email": "emma@school.example"}, headers=headers),
    ]
    for answer in answers:
        assert EVIL not in answer.body.decode(), answer.url
        assert EVIL not in answer.headers.get("Location", "")
    portal.answer_asked()
    with portal.session() as session:
        assert all(EVIL not in letter.text + letter.html for letter in session.query(Letter))


WAYS = (
    f"https://{EVIL}/", f"//{EVIL}/", f"/\\{EVIL}", f"\\\\{EVIL}", f"/\t/{EVIL}", f"/\n/{EVIL}", f"/\x00/{EVIL}",
    "javascript:alert(1)", f"http:{EVIL}", f"@{EVIL}", f" //{EVIL}", f"https:/{EVIL}", f"///{EVIL}",
)  # fmt: skip


@ONLY_SQLITE
def test_a_way_on_that_somebody_else_named_stays_here(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    for way in WAYS:
        visitor = portal.visitor()
        assert visitor.post("/language/en", {"next": way}).location == "/", way
        if "\0" in way:
            assert visitor.get("/admin/login", query_string={"next": way}).status == 400
            continue
        token = visitor.get("/admin/login", query_string={"next": way}).form()["csrf_token"]
        values = {"email": "an@leraars.example", "password": PASSWORD, "csrf_token": token}
        signed_in = visitor.post("/admin/login", values, query_string={"next": way})
        assert (signed_in.status, signed_in.location) == (303, "/admin/"), way


PATHS = (
    "../site.yaml", "..%2Fsite.yaml", "%2e%2e/site.yaml", "..%252Fsite.yaml", "....//site.yaml", "..\\site.yaml",
    "%2e%2e%5csite.yaml", "a.png%00.yaml", "/etc/passwd", "%2Fetc%2Fpasswd", ".git/config", "link.png",
    "folder/secret.txt", "a.png/../../site.yaml", "~root", "C:/windows", "a.png/", "", ".", "..",
)  # fmt: skip


@ONLY_SQLITE
def test_no_path_leads_out_of_the_pictures(make_portal: MakePortal, tmp_path: Path) -> None:
    portal = make_portal()
    images = portal.content / "images"
    (images / ".git").mkdir(parents=True)
    (images / ".git" / "config").write_text("hush-hush")
    (images / "a.png").write_bytes(b"\x89PNG")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("hush-hush")
    (images / "link.png").symlink_to(tmp_path / "outside" / "secret.txt")
    (images / "folder").symlink_to(tmp_path / "outside")
    visitor = portal.visitor()
    assert visitor.get("/images/a.png").status == 200
    for path in PATHS:
        answer = visitor.client.get(f"/images/{path}", buffered=True)
        assert answer.status_code in (301, 308, 404), path
        assert b"hush" not in answer.data
        assert b"contact:" not in answer.data


@ONLY_SQLITE
def test_no_address_leads_to_a_file_of_the_content(make_portal: MakePortal, tmp_path: Path) -> None:
    (tmp_path / "outside.md").write_text(event_file(title="Buiten"))
    portal = make_portal()
    (portal.content / "events" / "inside.md").symlink_to(tmp_path / "outside.md")
    portal.reread()
    assert "Buiten" not in portal.visitor().get("/").text, "a link out of the folder is no event"
    for slug in ("..%2Fsite", "nascholing.md", "%2e%2e", "nascholing%00", "..;", "a" * 3_000):
        assert portal.visitor().client.get(f"/events/{slug}").status_code == 404, slug


@ONLY_SQLITE
def test_what_is_sent_has_an_end(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    form = visitor.get(FORM).form() | EMMA
    assert visitor.post(FORM, form | {"remarks": "x" * 2_000_000}).status == 413
    many = {**form, **{f"x{n}": "" for n in range(600)}}
    assert visitor.client.post(FORM, data=many, content_type="multipart/form-data").status_code == 413
    deep = "[" * 100_000 + "]" * 100_000
    answer = visitor.client.post("/admin/login/passkey", data=deep, content_type="application/json")
    assert answer.status_code in (400, 422)


@ONLY_SQLITE
def test_guesses_are_counted_for_an_account_wherever_they_come_from(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    portal.organiser()

    def guess(email: str, client: str) -> Answer:
        visitor = portal.visitor()
        page = visitor.get("/admin/login")
        environment = {"REMOTE_ADDR": client}
        return visitor.submit(page, {"email": email, "password": "wrong"}, environ_base=environment)

    of_one_account = [guess("an@leraars.example", f"192.0.2.{n}") for n in range(11)]
    assert [answer.status for answer in of_one_account] == [422] * 10 + [429]
    assert 0 < int(of_one_account[-1].headers["Retry-After"]) <= 900
    assert guess("bo@leraars.example", "192.0.2.3").status == 422, "nobody else is kept out"


LIMITED = ("/registrations/", "/admin/forgot", FORM)


@ONLY_SQLITE
@pytest.mark.parametrize("path", LIMITED)
def test_nobody_tries_for_ever_and_no_header_makes_one_somebody_else(
    make_portal: MakePortal, path: str
) -> None:
    portal = make_portal(rate_limits=True)
    visitor = portal.visitor()
    page = visitor.get(path)
    for number in range(60):
        values = {"email": f"x{number}@school.example"}
        answer = visitor.submit(page, values, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        if answer.status == 429:
            break
    assert answer.status == 429
    assert int(answer.headers["Retry-After"]) > 0


@ONLY_SQLITE
@pytest.mark.parametrize("when", ["closed", "full", "wrong", "cancelled"])
def test_who_is_signed_up_cannot_be_found_out_without_signing_up(make_portal: MakePortal, when: str) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, waitlist="off")})
    assert sign_up(portal).status == 303
    if when == "closed":
        portal.clock.pass_by(timedelta(days=60))
    if when == "cancelled":
        portal.write({"nascholing": event_file(capacity=1, waitlist="off", status="cancelled")})
        portal.reread()
    told = []
    other = portal.visitor()
    page = opened_form(portal, other)
    for email in ("emma@school.example", "nora@school.example"):
        with statements_of(portal) as asked:
            wrong = {"privacy": ""} if when == "wrong" else {}
            answer = other.post(FORM, page | EMMA | {"email": email} | wrong)
        told.append((answer.status, answer.text.replace(email, ""), [s.split()[:3] for s in asked]))
    assert told[0] == told[1]
    assert told[0][0] in (409, 422)


def opened_form(portal: PortalUnderTest, visitor: Visitor) -> dict[str, str]:
    """A form that was opened while one could still sign up: its token is this visitor's."""
    with portal.app.test_request_context():
        token = generate_csrf()
        secret = made["csrf_token"]
    with visitor.client.session_transaction() as session:
        session["csrf_token"] = secret
    return {"csrf_token": token, "form_id": "f" * 22}


@ONLY_SQLITE
def test_pages_of_one_person_are_kept_by_nobody(make_portal: MakePortal) -> None:
    portal = make_portal()
    own = sign_up(portal).location
    owner = portal.organiser()
    for answer in (
        portal.visitor().get(own),
        portal.visitor().get(f"{own}/change"),
        owner.get("/admin/"),
        owner.get("/admin/events/nascholing/attendees.csv"),
        owner.get("/"),
        owner.get("/events/nascholing"),
        portal.visitor().get(FORM),
        portal.visitor().get("/admin/login"),
        portal.visitor().get("/registrations/x"),
    ):
        assert answer.headers["Cache-Control"] == "no-store", answer.url
    # What a cache takes for a picture is still one person's page, or nothing.
    assert portal.visitor().get(f"{own}/x.css").status == 404
    assert portal.visitor().get(f"{own}.png").status == 404
    public = portal.visitor("").get("/events/nascholing")
    assert public.headers["Cache-Control"] == "no-cache"
    assert {"Cookie", "Accept-Language"} <= set(re.split(r",\s*", public.headers["Vary"]))


NUMBERS = ("9" * 30, "9" * 4_400, "-1", "1.5", "٣", "²", "1e9", "0", "NaN", "x", "2147483648")


@ONLY_SQLITE
def test_no_number_in_an_address_or_a_form_is_too_large(make_portal: MakePortal) -> None:
    portal = make_portal()
    own = sign_up(portal).location
    owner = portal.organiser()
    emma = portal.visitor()
    page = emma.get(f"{own}/cancel").form()
    for number in NUMBERS:
        asked = {
            "page": number,
            "account": number,
            "person": f"{number}.{number}",
            "dialect": number,
            "past": number,
        }
        for path in (
            "/admin/log",
            "/admin/events/nascholing/attendees",
            "/admin/events/nascholing/door",
            "/",
        ):
            assert owner.get(path, query_string=asked).status in (200, 404), (path, number[:20])
        assert owner.client.get(f"/admin/accounts/{number}").status_code in (200, 404)
        assert emma.post(f"{own}/cancel", page | {"person": number}).status in (303, 422) or number == "0"


@ONLY_SQLITE
@pytest.mark.parametrize("number", ["\u00b2", "9" * 5_000])
def test_a_row_of_a_form_with_a_number_that_is_none_is_nobody(make_portal: MakePortal, number: str) -> None:
    portal = make_portal()
    owner, stranger = portal.organiser(), portal.visitor()
    nobody = {f"{rows}-{number}-first_name": "Noor" for rows in ("people", "joining")}
    signed_up = stranger.post(FORM, stranger.get(FORM).form() | EMMA | nobody)
    assert signed_up.status == 303
    change, framed = f"{signed_up.location}/change", "/embed/nascholing/signup"
    assert stranger.post(change, stranger.get(change).form() | nobody).status == 303
    other = EMMA | {"email": "bo@school.example"}
    sent = stranger.get(framed).form() | other | nobody
    assert stranger.post(framed, sent, headers={"Sec-Fetch-Site": "same-origin"}).status == 200
    add = "/admin/events/nascholing/add"
    assert (
        owner.post(add, owner.get(add).form() | other | {"email": "wout@school.example"} | nobody).status
        == 303
    )
    with portal.session() as session:
        assert {person.first_name for person in session.query(Attendee)} == {"Emma"}

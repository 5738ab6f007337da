"""The tools of the tests, where they could pass what they should refuse."""

import smtplib
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from flask import Flask, request
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import create_engine, inspect, text

from tests.support.accessibility import check_accessibility
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.mail import PostOffice
from tests.support.pages import check_page
from tests.support.postgres import start_postgres
from tests.support.visitor import Visitor

FORM = """
  <form method="post" action="/signup">
    <p><label for="name">Name</label> <input id="name" name="name" value="An"></p>
    <p><label for="diet">Diet</label>
      <select id="diet" name="diet"><option value="">–</option><option selected>vegan</option></select></p>
    <fieldset><legend>When</legend>
      <label><input type="checkbox" name="when" value="am" checked> Morning</label>
      <label><input type="checkbox" name="when" value="pm" checked> Afternoon</label>
      <label><input type="checkbox" name="when" value="eve"> Evening</label>
    </fieldset>
    <p><label for="remarks">Remarks</label> <textarea id="remarks" name="remarks">
None yet</textarea></p>
    <input type="hidden" name="csrf_token" value="abc">
    <button>Send</button> <button name="people" value="more">A colleague</button>
  </form>"""


def html(body: str = "", *, head: str = "", before: str = "<h1>Agenda</h1>", lang: str = ' lang="nl"') -> str:
    return (
        f'<!doctype html>\n<html{lang}><head><meta charset="utf-8"><title>Agenda – Dwengo</title>{head}</head>'
        f"<body><main>{before}{body}</main></body></html>"
    )


def test_a_good_page_is_let_through() -> None:
    page = check_page(
        html(FORM + '<h2 id="more">More</h2><p><a href="#more"><img src="/x.png" alt="More"></a></p>')
    )
    assert page.query("h1")


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        (html("<p>a</b></p>"), "not valid HTML"),
        (html().removeprefix("<!doctype html>"), "not valid HTML"),
        (html("<p><div>a</div></p>"), "not valid HTML"),
        (html('<p class="a" class="b">c</p>'), "not valid HTML"),
        (html(lang=""), "does not say its language"),
        (html(before=""), "0 × <h1>"),
        (html("<h1>Again</h1>"), "2 × <h1>"),
        (html(before="<h1> </h1>"), "<h1> is empty"),
        (html(head="<title>Twice</title>"), "2 × <title>"),
        (html('<p id="a">a</p><p id="a">b</p>'), "id 'a' is used 2 times"),
        (html('<p id="a b">a</p>'), "is not a name"),
        (html('<label for="x">X</label>'), "is for nothing"),
        (html('<input name="x">'), "has no label"),
        (html('<label for="x"></label><input id="x" name="x">'), "has no label"),
        (html('<select name="x"><option>a</option></select>'), "has no label"),
        (html("<fieldset><p>When?</p></fieldset>"), "does not begin with a legend"),
        (html('<p aria-describedby="x">a</p>'), "points to 'x'"),
        (html("<h3>Deep</h3>"), "skips a level"),
        (html(before="<h2>First</h2><h1>Agenda</h1>"), "comes before the h1"),
        (html("<span><div>a</div></span>"), "may not stand inside"),
        (html("<ul><p>a</p></ul>"), "may not stand inside"),
        (html('<button><a href="/x">a</a></button>'), "may not stand inside"),
        (html("<label>a <button>b</button></label>"), "may not stand inside"),
        (html('<a href="">a</a>'), "has no address"),
        (html("<a>a</a>"), "has no address"),
        (html('<a href="#gone">a</a>'), "leads nowhere"),
        (html('<a href="/x"><img src="/x.png" alt=""></a>'), "says nothing"),
        (html("<button></button>"), "says nothing"),
        (html('<input type="submit" value="">'), "says nothing"),
        (html('<img src="/x.png">'), "has no alt"),
        (html('<p style="color: red">a</p>'), "has style="),
        (html('<p onclick="go()">a</p>'), "has onclick="),
        (html('<a href=" JavaScript:go()">a</a>'), "has a script for an address"),
        (html(head="<style>p {}</style>"), "styles belong in the stylesheet"),
        (html("<script>go()</script>"), "scripts belong in a file"),
    ],
)
def test_a_page_with_a_fault_is_refused(page: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        check_page(page)


@pytest.fixture
def site() -> Flask:
    """A portal in miniature, with one good page and some bad ones."""
    app = Flask(__name__, static_folder=None)
    policy = {"Content-Security-Policy": "default-src 'none'; img-src *; form-action 'self'"}
    bodies = {
        "/": FORM,
        "/pale": f'<p>Read <a href="/" id="pale">this</a></p><p role="buton">{"word " * 9}</p>',
        "/broken": '<p id="a">a</p><p id="a">b</p>',
        "/inline": "<script>alert(1)</script>",
        "/abroad": '<img src="http://example.org/x.png" alt="">',
        "/gone": '<img src="/nowhere.png" alt="">',
    }
    for number, (path, body) in enumerate(bodies.items()):
        app.add_url_rule(path, str(number), lambda body=body: (html(body), policy))

    @app.post("/signup")
    def signup() -> tuple[str, int]:
        pairs = (f"{name}={value}" for name, values in request.form.lists() for value in values)
        return html(f"<p>{' '.join(pairs)}</p>"), 422

    return app


@pytest.fixture
def address(site: Flask) -> Iterator[str]:
    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    with make_server("127.0.0.1", 0, site, handler_class=Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_visitor_sees_the_form_as_a_browser_would_send_it(site: Flask) -> None:
    assert Visitor(site).get("/").form() == {
        "name": "An",
        "diet": "vegan",
        "when": ["am", "pm"],
        "remarks": "None yet",
        "csrf_token": "abc",
    }


def test_a_visitor_changes_what_is_there_and_presses_a_button(site: Flask) -> None:
    visitor = Visitor(site)
    answer = visitor.submit(
        visitor.get("/"), {"name": "Bo", "when": ["eve"], "diet": ""}, press="A colleague"
    )
    assert answer.status == 422
    assert answer.words("p") == ["name=Bo diet= when=eve remarks=None yet csrf_token=abc people=more"]


@pytest.mark.parametrize("values", [{"nome": "Bo"}, {"diet": "meat"}, {"when": ["night"]}])
def test_a_visitor_cannot_send_what_the_form_does_not_offer(site: Flask, values: dict[str, str]) -> None:
    visitor = Visitor(site)
    with pytest.raises(AssertionError, match=r"the form has no|does not offer"):
        visitor.submit(visitor.get("/"), values)


def test_a_visitor_does_not_accept_a_faulty_page(site: Flask) -> None:
    with pytest.raises(AssertionError, match="used 2 times"):
        Visitor(site).get("/broken")


def test_the_browser_fills_in_a_form_whatever_its_answer(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("Name").fill("Bo")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("name=Bo")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "fault"),
    [("/inline", "Content Security Policy"), ("/abroad", "another machine"), ("/gone", "404 for")],
)
def test_the_browser_refuses_what_a_visitor_would_not_notice(
    browser: Browser, address: str, path: str, fault: str
) -> None:
    with pytest.raises(AssertionError, match=fault), open_page(browser) as page:
        page.goto(address + path)


def test_an_accessible_page_is_let_through(page: Page, address: str) -> None:
    page.goto(address)
    check_accessibility(page)


def test_what_only_shows_once_drawn_is_found(page: Page, address: str) -> None:
    page.goto(address + "/pale")
    page.evaluate("document.getElementById('pale').style.color = '#ddd'")
    with pytest.raises(AssertionError, match=r"(?s)aria-roles.*color-contrast|color-contrast.*aria-roles"):
        check_accessibility(page)


def test_a_database_has_the_tables_and_nothing_in_them(database_url: str) -> None:
    engine = create_engine(database_url)
    tables = inspect(engine).get_table_names()
    assert len(tables) > 1
    with engine.begin() as connection:
        for table in set(tables) - {"alembic_version"}:
            assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() == 0  # noqa: S608
        # Stays behind in this database only: the test runs again on a fresh one.
        connection.execute(text("CREATE TABLE left_behind (id integer)"))
    assert "left_behind" not in tables
    engine.dispose()


def test_postgresql_leaves_nothing_behind() -> None:
    with start_postgres() as url:
        engine = create_engine(url)
        forgotten = engine.connect()
        assert forgotten.execute(text("SELECT lower('É')")).scalar() == "é"
    forgotten.invalidate()
    forgotten.close()
    assert not Path(url.partition("host=")[2]).exists()


def test_mail_arrives_or_is_refused(smtp: PostOffice) -> None:
    letter = EmailMessage()
    letter["Subject"] = "Bevestiging: café"
    letter.set_content("Tot dan, Zoë")
    with smtplib.SMTP("127.0.0.1", smtp.port) as post:
        post.send_message(letter, "portal@example.org", ["an@example.org"])
        smtp.refuse("451 4.3.0 Try again later", at="DATA")
        with pytest.raises(smtplib.SMTPDataError, match="451"):
            post.send_message(letter, "portal@example.org", ["an@example.org"])
        smtp.accept()
        smtp.refuse("550 5.1.1 Nobody here")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            post.send_message(letter, "portal@example.org", ["an@example.org"])
    [arrived] = smtp.letters
    assert (arrived.recipients, arrived.subject) == (("an@example.org",), "Bevestiging: café")
    assert arrived.text == "Tot dan, Zoë\n"


def test_the_real_server_serves_the_sample_content(
    live_portal: Callable[..., LivePortal], page: Page
) -> None:
    portal = live_portal()
    page.goto(portal.url)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    check_page(page.request.get(portal.url).text())


def test_a_server_that_cannot_start_says_why(live_portal: Callable[..., LivePortal]) -> None:
    with pytest.raises(RuntimeError, match="PORTAL_RATE_LIMITS"):
        live_portal(PORTAL_RATE_LIMITS="perhaps")

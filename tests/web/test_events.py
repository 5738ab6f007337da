"""The public pages: agenda, event, calendar file, pictures, languages."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from werkzeug.test import EnvironBuilder, run_wsgi_app

from tests.support.portal import SITE, PortalUnderTest, event_file, statements_of

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_agenda_shows_what_is_to_come_by_date_and_leaves_drafts_out(make_portal: MakePortal) -> None:
    portal = make_portal(
        {
            "later": event_file(title="Later", date="2027-03-01T09:00:00", end_date=None),
            "sooner": event_file(title="Sooner"),
            "past": event_file(title="Past", date="2026-11-01T09:00:00", end_date=None),
            "draft": event_file(title="Draft", status="draft"),
        }
    )
    visitor = portal.visitor()
    assert visitor.get("/").words("main h3, main li h2") == ["Sooner", "Later"]
    past = visitor.get("/?past=1").text
    assert "Past" in past
    assert "Sooner" not in past


def test_the_agenda_can_be_searched_by_parts_of_words_without_accents(make_portal: MakePortal) -> None:
    files = {"robot": event_file(title="Sociale robot"), "cafe": event_file(title="Café chantant")}
    visitor = make_portal(files).visitor()
    assert "Café" in visitor.get("/?q=CAFE").text
    assert "robot" not in visitor.get("/?q=CAFE").text
    assert visitor.get("/?q=nergens").status == 200
    assert visitor.get(f"/?q={'e' * 1000}").find("#q")[0].attrs["value"] == "e" * 200


def test_an_event_tells_when_where_what_it_costs_and_what_is_left(make_portal: MakePortal) -> None:
    keys = {"price": 65, "capacity": 6, "location_link": "https://www.openstreetmap.org/?mlat=51.05"}
    page = (
        make_portal({"nascholing": event_file("**Meebrengen:** laptop", **keys)})
        .visitor("nl")
        .get("/events/nascholing")
    )
    text = page.text.replace("\N{NO-BREAK SPACE}", " ")
    for told in ("woensdag 3 februari 2027, 13.30–16.30 uur", "De Krook, Gent", "€ 65", "Meebrengen"):
        assert told in text
    assert page.find('a[href="https://www.openstreetmap.org/?mlat=51.05"]')
    assert page.find('a[href="/events/nascholing/signup"]')


def test_an_event_of_others_leads_to_them(make_portal: MakePortal) -> None:
    link = "https://elders.example/inschrijven"
    files = {"x": event_file(registration=None, registration_link=link)}
    page = make_portal(files).visitor().get("/events/x")
    assert page.find(f'a[href="{link}"]')
    assert not page.find('a[href$="/signup"]')


def test_nobody_is_told_that_it_is_free_unless_the_file_says_so(make_portal: MakePortal) -> None:
    files = {
        "silent": event_file(),
        "free": event_file(price=0),
        "words": event_file("**Prijs:** gratis voor leden, anders €20"),
    }
    visitor = make_portal(files).visitor()
    assert "free" not in visitor.get("/events/silent").text
    assert "free" in visitor.get("/events/free").text
    assert "see the text" in visitor.get("/events/words").text


def test_nothing_of_the_text_runs(make_portal: MakePortal) -> None:
    text = (
        "<script>alert(1)</script>\n\n[klik](javascript:alert(1))\n\n<iframe src='https://evil.example'></iframe>"
        "\n\n<p onclick='alert(1)'>tekst</p>"
    )
    page = make_portal({"x": event_file(text)}).visitor().get("/events/x")
    for danger in ("script:not([type])", "iframe", "[onclick]", "[href^=javascript]"):
        assert not page.find(danger), danger
    assert "tekst" in page.text


def test_search_engines_and_previews_are_told_of_the_event_and_nothing_can_break_out(
    make_portal: MakePortal,
) -> None:
    files = {"x": event_file(title="'</script><b>Titel'")}
    page = make_portal(files, base_url="https://portal.example").visitor().get("/events/x")
    (data,) = page.find('script[type="application/ld+json"]')
    assert "\\u003c/script>" in data.to_text()
    assert page.find('meta[property="og:url"]')[0].attrs["content"] == "https://portal.example/events/x"


def test_the_calendar_file_counts_the_changes_of_what_it_shows(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()

    def sequence() -> int:
        answer = visitor.get("/events/nascholing.ics")
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        (event,) = Calendar.from_ical(answer.body).walk("VEVENT")
        return int(event["SEQUENCE"])

    assert [sequence(), sequence()] == [0, 0]
    portal.write({"nascholing": event_file(location="Elders")})
    portal.reread()
    assert [sequence(), sequence()] == [1, 1]


def test_a_picture_is_served_and_nothing_outside_the_folder(make_portal: MakePortal) -> None:
    portal = make_portal()
    (portal.content / "images").mkdir()
    (portal.content / "images" / "plan.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    visitor = portal.visitor()
    answer = visitor.get("/images/plan.svg")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "image/svg+xml; charset=utf-8")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    for outside in ("../site.yaml", "..%2fsite.yaml", "nope.png", "%00"):
        assert visitor.get(f"/images/{outside}").status == 404


def test_the_language_is_the_visitors_then_the_events_then_the_browsers_then_the_sites(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"dutch": event_file(), "english": event_file(language="en")})
    visitor = portal.visitor("")

    def language(url: str, browser: str) -> str:
        return str(visitor.get(url, headers={"Accept-Language": browser}).find("html")[0].attrs["lang"])

    assert language("/", "it") == "nl"
    assert language("/", "en-GB,en;q=0.8") == "en"
    assert language("/events/dutch", "en") == "nl"
    assert language("/events/english", "nl") == "en"
    answer = visitor.post("/language/en", {"next": "/events/dutch"})
    assert (answer.status, answer.location) == (303, "/events/dutch")
    assert language("/events/dutch", "nl") == "en"


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/x\r\nSet-Cookie: a=b"]
)
def test_choosing_a_language_leads_nowhere_else(make_portal: MakePortal, elsewhere: str) -> None:
    assert make_portal().visitor().post("/language/nl", {"next": elsewhere}).location == "/"


def test_another_language_leads_from_the_answer_to_a_form_to_a_page_that_is_there(
    make_portal: MakePortal,
) -> None:
    owner = make_portal().organiser()
    token = {"csrf_token": owner.get("/events/nascholing/signup").form()["csrf_token"]}
    gone = "/admin/events/nascholing/registrations/ABCD-EFGH"
    for address, way in (
        ("/events/nascholing/signup?from=mail", "/events/nascholing/signup?from=mail"),
        ("/admin/me/password", "/admin/me"),
        (f"{gone}/note", gone),
        ("/language/xx", "/"),
    ):
        answer = owner.post(address, token)
        assert answer.status in (404, 422), address
        assert answer.form("form.languages")["next"] == way
        assert owner.follow(owner.submit(answer, form="form.languages")).status == (
            404 if way == gone else 200
        )


@pytest.mark.parametrize(
    ("path", "status"),
    [("/", 200), ("/nothing", 404), ("/events/nascholing/signup", 200), ("/admin/payments", 303)],
)
def test_bytes_that_are_no_text_in_an_address_are_passed_over(
    make_portal: MakePortal, path: str, status: int
) -> None:
    asked = EnvironBuilder(path).get_environ() | {"QUERY_STRING": "x=\xe9"}
    _body, answered, _headers = run_wsgi_app(make_portal().app, asked)
    assert answered.startswith(str(status))


def test_a_language_that_the_site_does_not_offer_cannot_be_chosen(make_portal: MakePortal) -> None:
    assert make_portal().visitor().post("/language/de").status == 404


def test_what_is_not_there_leads_on(make_portal: MakePortal) -> None:
    visitor = make_portal().visitor()
    for url in ("/nope", "/events/nope", "/events/nope/signup", "/events/nope.ics", "/registrations/nope"):
        answer = visitor.get(url)
        assert answer.status == 404
        assert answer.find('main a[href="/"]')
    assert visitor.post("/").status == 405


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/events/nascholing",
        "/events/nascholing/signup",
        "/privacy",
        "/accessibility",
        "/nope",
        "/admin/login",
    ],
)
def test_every_page_carries_the_headers_that_keep_its_reader_safe(make_portal: MakePortal, url: str) -> None:
    headers = make_portal(base_url="https://portal.example").visitor().get(url).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"]


def test_a_public_page_needs_one_style_sheet_no_script_no_cookie_and_few_bytes(
    make_portal: MakePortal,
) -> None:
    visitor = make_portal().visitor()
    page = visitor.get("/events/nascholing")
    assert "Set-Cookie" not in page.headers
    assert not page.find('script:not([type="application/ld+json"])')
    (sheet,) = page.find('link[rel="stylesheet"]')
    style = visitor.get(sheet.attrs["href"], headers={"Accept-Encoding": "gzip"})
    assert "immutable" in style.headers["Cache-Control"]
    assert len(page.body) + len(style.body) < 30_000


def test_the_agenda_asks_the_database_once_however_many_events(make_portal: MakePortal) -> None:
    portal = make_portal(
        {f"e{number}": event_file(title=f"Nascholing {number}", capacity=5) for number in range(40)}
    )
    with statements_of(portal) as asked:
        portal.visitor().get("/")
    assert len(asked) == 1


def test_an_event_that_is_over_stays_and_says_so(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.clock.now = datetime(2027, 2, 4, tzinfo=UTC)
    page = portal.visitor().get("/events/nascholing")
    assert "This event is over." in page.text
    assert not page.find('a[href$="/signup"]')


def test_a_file_that_breaks_while_running_keeps_its_last_good_page(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    assert visitor.get("/events/nascholing").status == 200
    portal.write({"nascholing": "---\ntitle: [\n---\n"})
    portal.reread()
    assert "Nascholing" in visitor.get("/events/nascholing").text


def test_machines_are_told_whether_it_lives_and_can_serve(make_portal: MakePortal) -> None:
    visitor = make_portal().visitor()
    assert (visitor.get("/healthz").status, visitor.get("/readyz").status) == (200, 200)


def test_the_portal_wears_the_organisations_colour_and_name(make_portal: MakePortal) -> None:
    visitor = make_portal(site=SITE + 'accent: "#aa3377"\n').visitor()
    page = visitor.get("/")
    assert "Leraars Leren" in page.text
    (sheet,) = page.find('link[rel="stylesheet"]')
    assert "#aa3377" in visitor.get(sheet.attrs["href"]).text.lower()


def test_prices_opening_and_closing_are_said_in_words(make_portal: MakePortal) -> None:
    portal = make_portal(
        {"x": event_file(signup_opens="2027-01-10T12:00:00", signup_closes="2027-01-20T12:00:00")}
    )
    visitor = portal.visitor()
    assert "Sunday 10 January 2027" in visitor.get("/events/x").text
    portal.clock.pass_by(timedelta(days=20))
    assert "closed" in visitor.get("/events/x").text

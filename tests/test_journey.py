"""The main job in a real browser: a teacher signs up with a colleague, an organiser takes the list away."""

import csv
import re
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.accessibility import check_in_every_way
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.mail import PostOffice

LivePortals = Callable[..., LivePortal]
EVENT = "schrijven_zonder_schrijver_2030_03_20"
ORGANISER, PASSWORD = "an@leraars.example", "correct horse battery"


def fill(page: Page, values: dict[str, str]) -> None:
    for name, value in values.items():
        page.locator(f'[name="{name}"]').fill(value)


def send(page: Page) -> None:
    page.locator("main form .send button").click()


def sign_in(page: Page, portal: LivePortal) -> None:
    added = portal.run("user", "add", ORGANISER, "--role", "owner", "--password-stdin", typed=PASSWORD)
    assert added.returncode == 0, added.stderr
    page.goto(f"{portal.url}/admin/")
    fill(page, {"email": ORGANISER, "password": PASSWORD})
    page.locator("main form button").click()


def written(content: Path, event: str, site: str = "") -> Path:
    """A content folder with one event, called nascholing; ``site`` is what its site.yaml says besides."""
    (content / "events").mkdir(parents=True)
    (content / "site.yaml").write_text(f"name: Leraars Leren\ncontact: info@leraars.example\n{site}")
    (content / "events" / "nascholing.md").write_text(event)
    return content


def test_from_the_event_page_on_a_phone_to_the_organisers_excel(
    live_portal: LivePortals, smtp: PostOffice, page: Page, browser: Browser
) -> None:
    portal = live_portal(smtp_url=smtp.url)

    # A teacher opens the link between two lessons, reads, and presses the one button.
    page.goto(f"{portal.url}/events/{EVENT}")
    expect(page.locator("main")).to_contain_text("€ 65")
    expect(page.locator("main")).to_contain_text("De Krook")
    button = page.locator(f'main a[href="/events/{EVENT}/signup"]').first
    expect(button).to_be_in_viewport()
    button.click()

    # With a colleague; the first try has a mistake, and nothing typed is lost.
    fill(page, {"first_name": "Emma", "last_name": "Peeters", "email": "emma@", "phone": "+32 470 00 00 00"})
    page.locator("button[name=add_person]").click()
    fill(page, {"people-0-first_name": "=Noor", "people-0-last_name": "Aerts"})
    page.locator("#privacy").check()
    send(page)
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    expect(page.locator("#email")).to_be_focused()
    expect(page.locator('[name="people-0-last_name"]')).to_have_value("Aerts")
    page.locator("#email").fill("emma@school.example")
    send(page)

    page.wait_for_url("**/registrations/*")
    for told in ("Emma", "Peeters", "=Noor", "Aerts", "€ 130", "emma@school.example"):
        expect(page.locator("main")).to_contain_text(told)
    own_page = page.url
    page.reload()
    expect(page.locator("main")).to_contain_text("Peeters")

    # The letter comes by itself, and its link leads here.
    smtp.wait_for(1)
    assert own_page in smtp.letters[0].text

    # The organiser signs in on a laptop and finds both.
    with open_page(browser, viewport={"width": 1280, "height": 900}, accept_downloads=True) as laptop:
        sign_in(laptop, portal)
        laptop.locator(f'main a[href="/admin/events/{EVENT}/attendees"]').first.click()
        expect(laptop.locator("tbody tr")).to_have_count(2)
        laptop.locator("main input[name=q]").fill("noor")
        laptop.locator("main input[name=q]").press("Enter")
        expect(laptop.locator("tbody tr")).to_have_count(1)
        laptop.goto(f"{portal.url}/admin/events/{EVENT}/attendees")
        with laptop.expect_download() as download:
            laptop.locator('a[href*="dialect=excel"]').click()
        excel = Path(download.value.path()).read_bytes()
        with laptop.expect_download() as download:
            laptop.locator('a[href$="attendees.csv"]').click()
        plain = Path(download.value.path()).read_bytes()

    rows = list(csv.DictReader(StringIO(plain.decode(), newline="")))
    assert [(row["first_name"], row["status"], row["amount_due"]) for row in rows] == [
        ("Emma", "confirmed", "65.00"),
        ("'=Noor", "confirmed", "65.00"),
    ]
    assert rows[0]["phone"] == "'+32 470 00 00 00"
    assert excel.startswith(b"\xef\xbb\xbfregistration;attendee;event;")
    assert "'=Noor;Aerts" in excel.decode()
    assert excel.count(b"\r\n") == 3
    export = portal.run("export", EVENT)
    assert export.stdout.encode() == plain.replace(b"\r\n", b"\n")


SMALL_EVENT = """---
title: Nascholing
date: 2030-03-20T13:30:00
end_date: 2030-03-20T16:30:00
location: De Krook, Gent
capacity: 2
price: 65
registration: portal
---

Kom mee leren.
"""


@pytest.mark.parametrize(
    ("language", "confirmed", "changed", "promoted"),
    [
        ("nl", "Je bent ingeschreven", "gewijzigd", "plaats"),
        ("fr", "Inscription confirmée", "modifiée", "place"),
    ],
)
def test_a_colleague_is_replaced_somebody_cancels_and_the_first_in_line_gets_the_place(
    live_portal: LivePortals,
    smtp: PostOffice,
    page: Page,
    tmp_path: Path,
    language: str,
    confirmed: str,
    changed: str,
    promoted: str,
) -> None:
    site = "languages: [nl, fr]\nbank: {name: Leraars Leren vzw, iban: BE71 0961 2345 6769}\n"
    content = written(tmp_path / "content", SMALL_EVENT, site)
    portal = live_portal(content=content, smtp_url=smtp.url)
    page.context.add_cookies([{"name": "language", "value": language, "url": portal.url}])
    signup = f"{portal.url}/events/nascholing/signup"

    # Emma takes both places, Wout waits.
    page.goto(signup)
    page.locator("button[name=add_person]").click()
    fill(page, {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example"})
    fill(page, {"people-0-first_name": "Noor", "people-0-last_name": "Aerts"})
    page.locator("#privacy").check()
    send(page)
    expect(page.locator("svg.transfer-qr")).to_be_visible()
    page.goto(signup)
    fill(page, {"first_name": "Wout", "last_name": "Claes", "email": "wout@school.example"})
    page.locator("#privacy").check()
    send(page)
    smtp.wait_for(2)
    letters = {letter.recipients[0]: letter for letter in smtp.letters}
    assert confirmed in letters["emma@school.example"].subject
    assert letters["emma@school.example"].message.get_content_type() == "multipart/mixed"

    # From the letter to the page; Lien comes instead of Noor.
    link = re.search(rf"{portal.url}/registrations/\S+", letters["emma@school.example"].text)
    assert link is not None
    page.goto(link[0])
    page.locator('main a[href$="/change"]').click()
    fill(page, {"people-1-first_name": "Lien", "people-1-email": "lien@school.example"})
    send(page)
    expect(page.locator("main")).to_contain_text("Lien Aerts")
    expect(page.locator("main")).not_to_contain_text("Noor")
    smtp.wait_for(4)
    assert {letter.recipients[0] for letter in smtp.letters[2:]} == {
        "emma@school.example",
        "lien@school.example",
    }
    (told,) = (one for one in smtp.letters[2:] if one.recipients[0] == "emma@school.example")
    assert changed in told.subject + told.text

    # Emma cannot come after all: Wout gets her place, and a letter that says so.
    page.locator('main a[href$="/cancel"]').click()
    page.locator("#person-0").check()
    send(page)
    smtp.wait_for(6)
    (news,) = (one for one in smtp.letters[4:] if one.recipients[0] == "wout@school.example")
    assert promoted in news.subject + news.text
    wouts = re.search(rf"{portal.url}/registrations/\S+", news.text)
    assert wouts is not None
    page.goto(wouts[0])
    expect(page.locator("svg.transfer-qr")).to_be_visible()


FOCUS = """() => {
    const one = document.activeElement, box = one.getClientRects()[0], style = getComputedStyle(one);
    const on_top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 24));
    return {
        what: one.outerHTML.slice(0, 200),
        marked: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        bare: on_top !== null && (one.contains(on_top) || on_top.contains(one)),
    };
}"""
"""How the focus shows: with an outline, and with nothing lying over it."""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until ``selector`` has the focus, which shows on the whole way."""
    wanted = page.locator(selector)
    for _ in range(60):
        page.keyboard.press("Tab")
        focus = page.evaluate(FOCUS)
        assert focus["marked"], f"no focus shows on {focus['what']}"
        assert focus["bare"], f"something lies over {focus['what']}"
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no Tab leads to {selector}")


@pytest.mark.parametrize("width", [320, 1280])
def test_from_the_agenda_to_a_place_by_keyboard_alone(
    live_portal: LivePortals, browser: Browser, width: int
) -> None:
    portal = live_portal()
    with open_page(browser, viewport={"width": width, "height": 640}) as page:
        page.goto(portal.url)
        tab_to(page, f'main a[href="/events/{EVENT}"]')
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/events/{EVENT}")
        tab_to(page, f'.actions a[href="/events/{EVENT}/signup"]')
        page.keyboard.press("Enter")
        page.wait_for_url("**/signup")
        tab_to(page, "#first_name")
        page.keyboard.type("Emma")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_focused()
        tab_to(page, '[role=alert] a[href="#last_name"]')
        page.keyboard.press("Enter")
        expect(page.locator("#last_name")).to_be_focused()
        assert page.evaluate(FOCUS)["bare"]
        page.keyboard.type("Peeters")
        tab_to(page, "#email")
        page.keyboard.type("emma@school.example")
        tab_to(page, "#privacy")
        page.keyboard.press("Space")
        tab_to(page, "main form .send button")
        page.keyboard.press("Enter")
        page.wait_for_url("**/registrations/*")
        tab_to(page, 'main a[href$="/change"]')


def test_what_a_browser_knows_of_its_owner_it_can_fill_in(live_portal: LivePortals, page: Page) -> None:
    portal = live_portal()
    page.goto(f"{portal.url}/events/{EVENT}/signup")
    tokens = {
        name: page.locator(f"#{name}").get_attribute("autocomplete")
        for name in ("first_name", "last_name", "email", "phone", "school")
    }
    assert tokens == {
        "first_name": "given-name",
        "last_name": "family-name",
        "email": "email",
        "phone": "tel",
        "school": "organization",
    }


def test_signing_up_needs_no_script(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal()
    with open_page(browser, java_script_enabled=False) as page:
        page.goto(f"{portal.url}/events/{EVENT}/signup")
        page.locator("button[name=add_person]").click()
        fill(page, {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example"})
        page.locator("button[name=remove_person]").click()
        assert page.locator("#first_name").input_value() == "Emma"
        page.locator("#privacy").check()
        send(page)
        assert "/registrations/" in page.url


def test_a_changed_file_is_seen_by_every_worker_within_two_seconds(
    live_portal: LivePortals, tmp_path: Path, page: Page
) -> None:
    content = written(tmp_path / "content", "---\ntitle: Eerst\ndate: 2030-01-01T10:00:00\n---\n")
    file = content / "events" / "nascholing.md"
    portal = live_portal(content=content, arguments=("--workers", "2"))
    page.goto(portal.url)
    file.write_text("---\ntitle: Daarna\ndate: 2030-01-01T10:00:00\n---\n")
    deadline = time.monotonic() + 2
    while "Daarna" not in page.locator("main").inner_text() and time.monotonic() < deadline:
        page.reload()
    # Both look once a second; enough questions in a row meet both.
    while time.monotonic() < deadline:
        page.reload()
    for _ in range(12):
        page.reload()
        assert "Daarna" in page.locator("main").inner_text()


def test_every_kind_of_page_can_be_used_by_everybody(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal()
    with open_page(browser) as page:
        page.goto(f"{portal.url}/events/{EVENT}/signup")
        page.locator("button[name=add_person]").click()
        check_in_every_way(page)
        send(page)
        check_in_every_way(page)
        fill(page, {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example"})
        page.locator("#privacy").check()
        send(page)
        check_in_every_way(page)
        own_page = page.url
        for below in ("change", "address", "cancel", "erase"):
            page.goto(f"{own_page}/{below}")
            check_in_every_way(page)
        sign_in(page, portal)
        page.goto(f"{portal.url}/admin/events/{EVENT}/attendees")
        page.locator("tbody th a").first.click()
        check_in_every_way(page)
        page.locator('main a[href$="/change"]').click()
        check_in_every_way(page)
        for path in (
            "/",
            "/?q=nothing+like+this",
            f"/events/{EVENT}",
            "/events/robotnamiddag_2030_05_15/signup",
            "/events/stellingenspel_zorg_2027_02_25/signup",
            "/events/stellingenspel_zorg_2027_10_21/signup",
            "/registrations/",
            "/privacy",
            "/accessibility",
            "/nowhere",
            "/admin/",
            "/admin/letters",
            "/admin/payments",
            f"/admin/events/{EVENT}/add",
            f"/admin/events/{EVENT}/attendees",
            f"/admin/events/{EVENT}/import",
            "/admin/webhooks",
            "/admin/events/datadag_2030_05_23/attendees",
        ):
            page.goto(portal.url + path)
            check_in_every_way(page)


def test_every_state_of_a_page_can_be_used_by_everybody(
    live_portal: LivePortals, browser: Browser, tmp_path: Path
) -> None:
    content = written(tmp_path / "content", SMALL_EVENT.replace("capacity: 2", "capacity: 1"))
    portal = live_portal(content=content)
    event, desk = f"{portal.url}/events/nascholing", f"{portal.url}/admin/events/nascholing"
    with open_page(browser) as page:

        def sign_up(first_name: str) -> None:
            page.goto(f"{event}/signup")
            mail = f"{first_name.lower()}@school.example"
            fill(page, {"first_name": first_name, "last_name": "Peeters", "email": mail})
            page.locator("#privacy").check()
            send(page)

        sign_in(page, portal)
        page.goto(f"{desk}/attendees")
        check_in_every_way(page)  # nobody yet
        for path, form in (("/add", "main form"), ("/mail", "main form"), ("/import", "main form")):
            page.goto(desk + path)
            page.locator(f"{form} button.button").last.click()
            check_in_every_way(page)  # with its errors
        page.goto(f"{portal.url}/admin/webhooks")
        page.locator("#webhook button.button").click()
        check_in_every_way(page)
        page.locator("#url").fill("https://planning.example/hook")
        page.locator("#webhook button.button").click()
        expect(page.locator("#secret")).to_be_visible()
        check_in_every_way(page)
        page.locator("main a.button").click()
        page.locator("form[action$=test] button").click()
        expect(page.locator("table")).to_be_visible()
        check_in_every_way(page)

        sign_up("Emma")
        own_page = page.url
        page.goto(event)
        check_in_every_way(page)  # full
        sign_up("Emma")
        check_in_every_way(page)  # signed up already
        page.goto(f"{event}/signup")
        check_in_every_way(page)  # the form for the waiting list
        sign_up("Wout")
        check_in_every_way(page)  # in line
        page.goto(f"{own_page}/cancel")
        send(page)
        check_in_every_way(page)  # cancelled
        page.goto(f"{portal.url}/registrations/")
        page.locator("#email").fill("wout@school.example")
        page.locator("main form button.button").click()
        check_in_every_way(page)  # the link is on its way

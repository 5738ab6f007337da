"""At the door in a real browser: two phones at once, and one of them loses its connection."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.accessibility import check_in_every_way
from tests.support.browser import open_page
from tests.support.clients import fill_in
from tests.support.events import BRUSSELS
from tests.support.live import LivePortal
from tests.support.portal import event_file

LivePortals = Callable[..., LivePortal]
HELPER, PASSWORD = "door@leraars.example", "correct horse battery"
DOOR = "/admin/events/nascholing/door"
PEOPLE = (("Emma", "Peeters"), ("Noor", "Aérts"), ("Wout", "Claes"))
PHONES = (320, 390)
A_LOOK = 10_000
"""Milliseconds in which a phone has surely looked again."""

# The browser of the tests has no eyes. This is what one that has them gives a page.
EYES = """
window.BarcodeDetector = class {
  static async getSupportedFormats() { return ["qr_code"]; }
  async detect() { return window.seen ? [{ rawValue: window.seen }] : []; }
};
const world = document.createElement("canvas");
setInterval(() => world.getContext("2d").fillRect(0, 0, 1, 1), 50);
navigator.mediaDevices.getUserMedia = async () => world.captureStream();
"""


@pytest.fixture
def portal(live_portal: LivePortals, tmp_path: Path) -> LivePortal:
    """Today two of the three who signed up have a place, and a helper has an account."""
    today = datetime.now(BRUSSELS).date()
    hours = {
        "date": f"{today}T00:30:00",
        "end_date": f"{today}T23:59:59",
        "signup_closes": f"{today}T23:59:59",
    }
    events = tmp_path / "content" / "events"
    events.mkdir(parents=True)
    (events.parent / "site.yaml").write_text(
        "name: Leraars Leren\ncontact: info@leraars.example\nlanguages: [en]\n"
    )
    (events / "nascholing.md").write_text(event_file(capacity=2, **hours))
    started = live_portal(content=events.parent, PORTAL_RATE_LIMITS="off")
    for number, (first, last) in enumerate(PEOPLE):
        form = fill_in(started.url, "nascholing", number)
        form.values.update(first_name=first, last_name=last)
        assert form.send().status == 303
    account = ("user", "add", HELPER, "--role", "door", "--event", "nascholing", "--password-stdin")
    added = started.run(*account, typed=PASSWORD)
    assert added.returncode == 0, added.stderr
    return started


@contextmanager
def phone(browser: Browser, portal: LivePortal, *, eyes: bool = False, **context: object) -> Iterator[Page]:
    """A helper's phone, signed in and at the door."""
    with open_page(browser, **context) as page:
        if eyes:
            page.add_init_script(EYES)
        page.goto(f"{portal.url}/admin/login")
        page.locator("#email").fill(HELPER)
        page.locator("#password").fill(PASSWORD)
        page.locator("main form button").click()
        page.locator(f'main a[href="{DOOR}"]').click()
        yield page


def row(page: Page, name: str) -> Locator:
    return page.locator(".guests li").filter(has_text=name)


def tap(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def expect_here(page: Page, number: int) -> None:
    expect(page.locator('[data-show="here"] [data-count]')).to_have_text(str(number), timeout=A_LOOK)
    expect(page.locator("#tally")).to_have_text(f"{number} of 2 people are here")


def kept(page: Page) -> str:
    """All that the phone keeps."""
    return str(page.evaluate("JSON.stringify(Object.entries(localStorage))"))


def wait_until_kept(page: Page) -> None:
    """Until the page can be opened without a connection."""
    expect(page.locator("#ready")).to_be_visible(timeout=A_LOOK)


def wait_until_sent(page: Page) -> None:
    """Until the portal has answered to all that was tapped."""
    page.wait_for_function("() => localStorage.getItem('door:taps:nascholing') === '[]'")


def test_two_phones_at_the_door_and_one_loses_its_connection(portal: LivePortal, browser: Browser) -> None:
    with phone(browser, portal) as one, phone(browser, portal) as other:
        expect_here(one, 0)
        expect(one.locator(".guests li")).to_have_count(2)

        # A name in two letters, a tap, and the other phone sees it without doing anything.
        one.locator("#q").fill("no")
        expect(one.locator(".guests li")).to_have_count(1)
        tap(one, "In Noor Aérts")
        expect(one.locator("#said")).to_have_text("Noor Aérts is in.")
        expect(one.get_by_role("button", name="Out Noor Aérts")).to_be_focused()
        expect_here(one, 1)
        expect_here(other, 1)
        expect(row(other, "Noor")).to_contain_text(datetime.now(BRUSSELS).strftime("%H:"))

        # Who waits is found, and cannot be let in.
        one.locator("#q").fill("wout")
        expect(row(one, "Wout")).to_contain_text("waiting list")
        expect(row(one, "Wout").get_by_role("button")).to_have_count(0)
        one.locator("#q").fill("")

        # The connection drops. The phone goes on, also after the page was closed and opened again.
        wait_until_kept(one)
        one.context.set_offline(True)
        tap(one, "In Emma Peeters")
        expect(one.locator("#said")).to_have_text("Emma Peeters is in.")
        expect(one.locator("#connection")).to_have_text(
            "No connection. You can go on with the list on this phone. 1 tap waits to be sent.",
            timeout=A_LOOK,
        )
        one.reload()
        expect(row(one, "Emma").get_by_role("button", name="Out Emma Peeters")).to_be_visible()
        expect_here(one, 2)
        expect(one.locator("#connection")).to_contain_text("1 tap waits to be sent.", timeout=A_LOOK)
        expect_here(other, 1)

        # Meanwhile another lets the same person in; the first is told so once it is back.
        tap(other, "In Emma Peeters")
        expect_here(other, 2)
        expect(other.locator("#said")).to_have_text("Emma Peeters is in.")
        wait_until_sent(other)
        one.context.set_offline(False)
        expect(one.locator("#said .heed")).to_contain_text(
            "Emma Peeters was in already, since", timeout=A_LOOK
        )
        expect(one.locator("#connection")).to_be_hidden()
        expect_here(one, 2)

        tap(other, "Out Noor Aérts")
        expect_here(one, 1)
        expect(row(one, "Noor").get_by_role("button", name="In Noor Aérts")).to_be_visible()
    export = portal.run("export", "nascholing").stdout
    assert len([line for line in export.splitlines() if f",{datetime.now(BRUSSELS).date()}T" in line]) >= 1


def test_the_list_leaves_the_phone_after_the_day_and_at_signing_out(
    portal: LivePortal, browser: Browser
) -> None:
    with phone(browser, portal) as page:
        expect_here(page, 0)
        wait_until_kept(page)
        assert "Emma" in kept(page)
        page.context.set_offline(True)
        page.clock.set_system_time(datetime.now(BRUSSELS) + timedelta(days=2))
        page.reload()
        expect(page.locator("#connection")).to_be_visible(timeout=A_LOOK)
        assert "Emma" not in kept(page)
        assert "Emma" not in page.content()
    with phone(browser, portal) as page:
        expect_here(page, 0)
        tap(page, "In Emma Peeters")
        expect_here(page, 1)
        assert "Emma" in kept(page)
        wait_until_sent(page)  # signing out is held back while a tap waits
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{portal.url}/")
        assert kept(page) == "[]"


def test_what_waits_survives_a_sign_in_that_ended(portal: LivePortal, browser: Browser) -> None:
    with phone(browser, portal) as page:
        expect_here(page, 0)
        wait_until_kept(page)
        page.context.set_offline(True)
        tap(page, "In Emma Peeters")
        expect(page.locator("#connection")).to_contain_text("1 tap waits", timeout=A_LOOK)
        tap(page, "Sign out")  # which would take it away
        expect(page.locator("#said")).to_have_text("1 tap waits to be sent.")
        assert portal.run("user", "reset", HELPER).returncode == 0
        page.context.set_offline(False)
        expect(page.locator("#connection")).to_contain_text("You are signed out.", timeout=A_LOOK)
        assert "Emma" not in kept(page)
        assert "Emma" not in page.content()
        assert '"action\\":\\"in' in kept(page).replace("\\\\", "\\")


def test_a_code_is_scanned_and_found(portal: LivePortal, browser: Browser) -> None:
    with phone(browser, portal) as page:
        expect_here(page, 0)
        expect(page.locator("#scan")).to_be_hidden()  # this browser cannot
        code = row(page, "Emma").locator("[data-part=code]").inner_text()
        page.locator("#q").fill(code.replace("-", "").lower())
        expect(page.locator(".guests li")).to_have_count(1)
    with phone(browser, portal, eyes=True) as page:
        page.get_by_role("button", name="Scan").click()
        expect(page.locator("#camera video")).to_be_visible()
        page.evaluate("code => { window.seen = code; }", code)
        expect(page.get_by_role("button", name="In Emma Peeters")).to_be_focused()
        page.keyboard.press("Enter")
        expect_here(page, 1)
        page.evaluate("() => { window.seen = 'ZZZZ-ZZZZ-1'; }")
        expect(page.locator("#said .heed")).to_have_text("Nobody here has the code ZZZZ-ZZZZ-1.")
        page.evaluate("code => { window.seen = code; }", code)
        expect(page.locator("#said .heed")).to_contain_text("Emma Peeters was in already, since")
        page.get_by_role("button", name="Scan").click()
        expect(page.locator("#camera")).to_be_hidden()


def test_the_door_can_be_used_by_everybody(portal: LivePortal, browser: Browser) -> None:
    with phone(browser, portal, eyes=True) as page:
        expect_here(page, 0)
        expect(page.locator("#scan")).to_be_visible()
        tap(page, "In Emma Peeters")
        expect_here(page, 1)
        page.locator("#q").fill("e")
        expect(page.locator(".guests li")).to_have_count(3)
        page.locator("#connection").evaluate(
            "one => { one.hidden = false; one.textContent = 'No connection.'; }"
        )
        for width in PHONES:
            check_in_every_way(page, [width])
            for control in page.locator("main").locator("button:visible, input:visible, nav a:visible").all():
                box = control.bounding_box()
                assert box
                assert min(box["width"], box["height"]) >= 44, control.inner_text()
        page.goto(f"{portal.url}/admin/door")
        check_in_every_way(page, PHONES)


def test_the_door_needs_no_script(portal: LivePortal, browser: Browser) -> None:
    with phone(browser, portal, java_script_enabled=False) as page:
        page.locator("#q").fill("aerts")
        page.locator("#find").click()
        expect(page.locator(".guests li")).to_have_count(1)
        tap(page, "In Noor Aérts")
        expect(page.locator("#said")).to_have_text("Noor Aérts is in.")
        expect(page.locator('[data-show="here"]')).to_contain_text("1")

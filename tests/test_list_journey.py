"""An organiser with the list in a real browser: found by keyboard, ticked, written to, changed."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.accessibility import check_accessibility, check_in_every_way
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.mail import PostOffice

LivePortals = Callable[..., LivePortal]
EVENT = "schrijven_zonder_schrijver_2030_03_20"
PAPER = {"width": 718, "height": 1000}
"""A4 without its margins, in px: narrower than many a tablet, and yet no phone."""
ORGANISER, PASSWORD = "an@leraars.example", "correct horse battery"


def sign_up(page: Page, portal: LivePortal, first: str, last: str) -> None:
    page.goto(f"{portal.url}/events/{EVENT}/signup")
    page.locator("#first_name").fill(first)
    page.locator("#last_name").fill(last)
    page.locator("#email").fill(f"{first.lower()}@school.example")
    page.locator("#privacy").check()
    page.locator("main form .send button").click()
    page.wait_for_url("**/registrations/*")


@pytest.mark.parametrize("width", [390, 1280])
def test_from_a_name_in_the_list_to_a_letter_in_the_mailbox(
    live_portal: LivePortals, smtp: PostOffice, browser: Browser, width: int
) -> None:
    portal = live_portal(smtp_url=smtp.url)
    added = portal.run("user", "add", ORGANISER, "--role", "owner", "--password-stdin", typed=PASSWORD)
    assert added.returncode == 0, added.stderr
    with open_page(browser, viewport={"width": width, "height": 900}) as page:
        page.context.add_cookies([{"name": "language", "value": "en", "url": portal.url}])
        for first, last in (("Emma", "Peeters"), ("Noor", "Aerts"), ("Wout", "Claes")):
            sign_up(page, portal, first, last)
        smtp.wait_for(3)
        page.goto(f"{portal.url}/admin/")
        page.locator("#email").fill(ORGANISER)
        page.locator("#password").fill(PASSWORD)
        page.locator("main form button").first.click()
        page.goto(f"{portal.url}/admin/events/{EVENT}/attendees?sort=last_name")

        # By keyboard alone: to the search, from name to name, and into a registration.
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        for name in ("Aerts", "Claes"):
            page.keyboard.press("ArrowDown")
            expect(page.get_by_role("link", name=name)).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        expect(page.locator("h1")).to_have_text("Noor Aerts")
        check_accessibility(page)

        # A note, and a change that is written down.
        page.locator("#note").fill("Komt met de trein")
        page.get_by_role("button", name="Keep this note").click()
        expect(page.locator(".history")).to_contain_text("Komt met de trein")
        page.locator('main a[href$="/change"]').click()
        page.locator("#school").fill("Sint-Jan")
        page.locator("#letter").uncheck()
        page.locator("main form .send button").click()
        expect(page.locator("main")).to_contain_text("Sint-Jan")

        # Whom the search leaves is ticked, and gets a mail.
        page.goto(f"{portal.url}/admin/events/{EVENT}/attendees")
        page.locator("#q").fill("sint jan")
        page.locator("#q").press("Enter")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_role("checkbox", name="Noor Aerts").check()
        page.get_by_role("button", name="Mail", exact=True).click()
        check_accessibility(page)
        page.locator("#subject").fill("Tot morgen, {first_name}")
        page.locator("#text").fill("Breng **je laptop** mee.")
        page.get_by_role("button", name="See how it arrives").click()
        expect(page.locator(".slip")).to_contain_text("Tot morgen, Noor")
        page.get_by_role("button", name="Send one letter").click()
        expect(page.locator("[role=status]")).to_contain_text("One letter is on its way.")
        smtp.wait_for(4)
        letter = smtp.letters[-1]
        assert (letter.recipients, letter.subject) == (("noor@school.example",), "Tot morgen, Noor")
        assert "<strong>je laptop</strong>" in letter.html


def test_the_pages_around_the_list_can_be_used_by_everybody(
    live_portal: LivePortals, browser: Browser
) -> None:
    portal = live_portal()
    added = portal.run("user", "add", ORGANISER, "--role", "owner", "--password-stdin", typed=PASSWORD)
    assert added.returncode == 0, added.stderr
    with open_page(browser) as page:
        sign_up(page, portal, "Emma", "Peeters")
        page.goto(f"{portal.url}/admin/")
        page.locator("#email").fill(ORGANISER)
        page.locator("#password").fill(PASSWORD)
        page.locator("main form button").first.click()
        page.wait_for_url("**/admin/")
        for path in ("sheet", "badges", "mail", "attendees?paid=open"):
            page.goto(f"{portal.url}/admin/events/{EVENT}/{path}")
            check_in_every_way(page)
        page.goto(f"{portal.url}/admin/events/{EVENT}/sheet")
        page.set_viewport_size(PAPER)
        page.emulate_media(media="print")
        expect(page.locator("tbody tr").first).to_have_css("display", "table-row")
        page.emulate_media(media="screen")
        page.goto(f"{portal.url}/admin/privacy?email=emma@school.example")
        check_in_every_way(page)
        page.goto(f"{portal.url}/registrations/")
        check_in_every_way(page)

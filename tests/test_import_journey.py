"""Moving over from another program, in a real browser: a file is brought, a column corrected, people added."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.accessibility import check_accessibility
from tests.support.browser import PHONE, open_page
from tests.support.live import LivePortal

LivePortals = Callable[..., LivePortal]
EVENT = "schrijven_zonder_schrijver_2030_03_20"
ORGANISER, PASSWORD = "an@leraars.example", "correct horse battery"
FORMS = (
    "Tijdstempel;E-mailadres;Naam;Waar geef je les?\n"
    "3/01/2030 10:00:00;emma@x.example;Emma Peeters;Sint-Jozef\n"
    "3/01/2030 10:05:00;noor@;Noor Van den Broeck;GO! Gent\n"
)


def sign_in(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/admin/events/{EVENT}/attendees")
    page.locator("#email").fill(ORGANISER)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()


@pytest.mark.parametrize("width", [PHONE["width"], 1280])
def test_a_list_is_brought_corrected_and_added(
    live_portal: LivePortals, browser: Browser, tmp_path: Path, width: int
) -> None:
    portal = live_portal()
    portal.run("user", "add", ORGANISER, "--role", "owner", "--password-stdin", typed=PASSWORD)
    file = tmp_path / "antwoorden.csv"
    file.write_bytes(FORMS.encode("cp1252"))

    with open_page(browser, viewport={"width": width, "height": 900}) as page:

        def look() -> None:
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
                check_accessibility(page)

        sign_in(page, portal)
        page.locator(f'main a[href="/admin/events/{EVENT}/import"]').click()
        look()
        page.locator("#file").set_input_files(file)
        page.locator("main form .send button").click()

        # What the portal made of it, and the one column that it did not know.
        expect(page.locator("#column-2")).to_have_value("full_name")
        expect(page.locator("main")).to_contain_text("noor@")
        page.locator("#column-3").select_option("school")
        page.locator("button[name=look]").click()
        expect(page.locator("tbody").last).to_contain_text("GO! Gent")
        look()

        # The address of one cannot be right; the other is added.
        page.locator("button[name=add]").click()
        expect(page.get_by_role("alert")).to_be_focused()
        page.locator("#leave_out").check()
        page.locator("button[name=add]").click()
        page.wait_for_url("**/import/done?*")
        look()
        page.locator("main a.button").click()
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody")).to_contain_text("Sint-Jozef")

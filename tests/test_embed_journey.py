"""The sign-up on somebody else's page, in a real browser: another origin, a strict policy, no cookies."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.support.accessibility import check_accessibility, check_in_every_way
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.mail import PostOffice

LivePortals = Callable[..., LivePortal]
FIRST, SECOND = "schrijven_zonder_schrijver_2030_03_20", "datadag_2030_05_23"
STYLE = (
    ":root{color-scheme:light dark}body{font:1.1rem/1.5 sans-serif;margin:0 auto;padding:1rem;max-width:50rem}"
    "portal-signup{display:block;min-height:23rem}"
    "@media (max-width:40rem){portal-signup{min-height:31rem}}"
)


@contextmanager
def host_page(portal: LivePortal, policy: str = "") -> Iterator[str]:
    """A static page with two elements on another site (``localhost``, not ``127.0.0.1``), under a strict policy."""
    allowed = policy or f"script-src {portal.url}; frame-src {portal.url}"
    page = f"""<!doctype html><html lang="nl-BE"><head><meta charset="utf-8"><title>Onze school</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css"><script src="{portal.url}/embed.js" defer></script></head>
<body><main><h1>Onze nascholingen</h1>
<portal-signup event="{FIRST}"><a href="{portal.url}/events/{FIRST}">Schrijven zonder schrijver</a></portal-signup>
<p id="between">En ook:</p>
<portal-signup event="{SECOND}" language="en"><a href="{portal.url}/events/{SECOND}">Datadag</a></portal-signup>
</main></body></html>"""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            css = self.path == "/page.css"
            self.send_response(200)
            self.send_header("Content-Type", "text/css" if css else "text/html; charset=utf-8")
            policy = f"default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; {allowed}"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((STYLE if css else page).encode())

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def frame(page: Page, event: str) -> FrameLocator:
    element = page.locator(f'portal-signup[event="{event}"]')
    element.locator("iframe.speaks").wait_for()
    return element.frame_locator("iframe")


def tab_to(page: Page, within: FrameLocator, selector: str) -> None:
    """Press Tab until ``selector`` has the focus, as somebody without a mouse."""
    wanted = within.locator(selector)
    for _ in range(30):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"no Tab leads to {selector}")


@pytest.mark.parametrize("width", [390, 1280])
def test_who_has_only_a_keyboard_signs_up_in_a_frame_on_another_site(
    live_portal: LivePortals, smtp: PostOffice, browser: Browser, width: int
) -> None:
    portal = live_portal(smtp_url=smtp.url)
    scheme = "dark" if width == 390 else "light"
    with (
        host_page(portal) as url,
        open_page(browser, viewport={"width": width, "height": 900}, color_scheme=scheme) as page,
    ):
        page.goto(url)
        first, second = frame(page, FIRST), frame(page, SECOND)
        # Each speaks its own language, under a name that a screen reader says.
        expect(first.locator("a.button")).to_have_text("Inschrijven")
        expect(second.locator("a.button")).to_have_text("Sign up")
        titles = [one.get_attribute("title") or "" for one in page.locator("portal-signup iframe").all()]
        assert [title.split(":")[0] for title in titles] == ["Schrijven zonder schrijver", "Datadag"]
        check_accessibility(page)

        tab_to(page, first, "a.button")
        page.keyboard.press("Enter")
        expect(first.locator("main")).to_be_focused()
        tab_to(page, first, "#first_name")
        page.keyboard.press("Enter")
        # What is wrong is said, and has the focus; its link leads to the field, and the page around goes along.
        expect(first.locator("[role=alert]")).to_be_focused()
        tab_to(page, first, '[role=alert] a[href="#privacy"]')
        page.keyboard.press("Enter")
        expect(first.locator("#privacy")).to_be_focused()
        expect(first.locator("#privacy")).to_be_in_viewport()
        page.keyboard.press("Space")
        for field, text in (
            ("#email", "emma@school.example"),
            ("#last_name", "Peeters"),
            ("#first_name", "Emma"),
        ):
            while not first.locator(field).evaluate("element => element === document.activeElement"):
                page.keyboard.press("Shift+Tab")
            page.keyboard.type(text)
        page.keyboard.press("Enter")
        expect(first.locator("h1")).to_have_text("Je bent ingeschreven")
        expect(first.locator("main")).to_be_focused()
        expect(page.locator("h1")).to_be_in_viewport()
        assert page.url == url
        assert page.context.cookies() == []
        smtp.wait_for(1)
        assert [letter.recipients for letter in smtp.letters] == [("emma@school.example",)]
        # The other element has not moved on.
        expect(second.locator("a.button")).to_be_visible()


def test_a_page_keeps_its_layout_while_the_frames_come(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal()
    with host_page(portal) as url, open_page(browser, viewport={"width": 1280, "height": 900}) as page:
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => {"
            " for (const entry of list.getEntries()) window.shift += entry.value;"
            "}).observe({type: 'layout-shift', buffered: true})"
        )
        page.goto(url)
        for event in (FIRST, SECOND):
            frame(page, event)
        assert page.evaluate("window.shift") == 0


def test_without_a_script_or_where_the_frame_may_not_come_a_link_is_left(
    live_portal: LivePortals, browser: Browser
) -> None:
    portal = live_portal()
    link = f'a[href="{portal.url}/events/{FIRST}"]'
    with host_page(portal) as url, open_page(browser, java_script_enabled=False) as page:
        page.goto(url)
        expect(page.locator(link)).to_be_visible()
    blocked = browser.new_page()  # where the browser says so in the console
    with host_page(portal, f"script-src {portal.url}; frame-src 'none'") as url:
        blocked.goto(url)
        blocked.locator("portal-signup iframe").first.wait_for(state="attached")
        expect(blocked.locator(link)).to_be_visible()
        assert blocked.locator("portal-signup iframe.speaks").count() == 0
    blocked.close()


def test_the_pages_of_the_frame_can_be_used_by_everybody(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal()
    with open_page(browser) as page:
        page.goto(f"{portal.url}/embed/{SECOND}")
        check_in_every_way(page)
        page.locator("a.button").click()
        page.locator(".send button").click()
        check_in_every_way(page)
        for field, text in (
            ("first_name", "Emma"),
            ("last_name", "Peeters"),
            ("email", "emma@school.example"),
        ):
            page.locator(f"#{field}").fill(text)
        page.locator("input[type=radio]").first.check()
        page.locator("#privacy").check()
        for required in page.locator("main form [required]:not([type=checkbox]):not([type=radio])").all():
            if not required.input_value():
                required.fill("x")
        page.locator(".send button").click()
        expect(page.locator("main .notice strong")).to_have_text("emma@school.example")
        check_in_every_way(page)


def test_only_the_frame_itself_says_how_high_it_is(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal()
    with host_page(portal) as url, open_page(browser) as page:
        page.goto(url)
        frame(page, FIRST)
        heights = page.evaluate(
            """async (portal) => {
                const frame = document.querySelector("portal-signup").shadowRoot.querySelector("iframe");
                const told = [];
                const say = (origin, source, data) => {
                    dispatchEvent(new MessageEvent("message", { origin, source, data }));
                    told.push(frame.style.height);
                };
                say(portal, frame.contentWindow, { portalSignup: 777 });
                say("https://elsewhere.example", frame.contentWindow, { portalSignup: 9000 });
                say(portal, window, { portalSignup: 9000 });
                say(portal, frame.contentWindow, { portalSignup: "9000" });
                say(portal, frame.contentWindow, null);
                return told;
            }""",
            portal.url,
        )
        assert heights == ["777px"] * 5

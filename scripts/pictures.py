"""`make pictures`: every page of a running portal as a picture, on a phone and a laptop, light and dark.

`--sizes` takes them in other ways too: on the smallest screen, a tablet, paper, and with text twice as large. What is
wider than its window is said. Those of the documentation are made of the same pages: `python -m scripts.pictures
--docs`.
"""

import argparse
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page

from portal.storage.database import connect
from tests.support.browser import start_browser
from tests.support.live import LivePortal, serve_portal
from tests.support.many import sign_up_many

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "var" / "pictures"
SIZES = {
    "phone": {"width": 390, "height": 844},
    "laptop": {"width": 1280, "height": 900},
    "small": {"width": 320, "height": 640},
    "tablet": {"width": 768, "height": 1024},
    "paper": {"width": 718, "height": 1000},
    "zoomed": {"width": 640, "height": 450},
    "large": {"width": 390, "height": 844},
}
"""In px. `paper` is A4 without its margins, `zoomed` a laptop at 200 %, `large` a phone with text of 200 %."""
PATIENCE = 60  # seconds
USUAL = ("phone", "laptop")
ORGANISER, PASSWORD = "organiser@example.org", "only for these pictures"
FULL = "robot_soldeertafel_2027_03_24"
FREE = "webinar_chatbot_2027_02_03"
PAID = "nascholing_bias_2027_01_20"
EXAMPLE_ACCOUNT = "BE71 0961 2345 6769"
"""Of nobody: the one that banks explain account numbers with."""
QUESTIONS = "robotnamiddag_2030_05_15"
BROUGHT = """Tijdstempel;E-mailadres;Naam;Waar geef je les?
03/01/2027 10:00:00;an.maes@school.example;An Maes;Sint-Nergenscollege
03/01/2027 10:05:00;noor@;Noor Van den Broeck;Atheneum Nergenshuizen
03/01/2027 10:09:00;samir@school.example;Samir Haddad;Atheneum Nergenshuizen
"""
LONG, NEW = "donaudampfschifffahrt_2027_06_01", "vandaag_erbij_2027_06_02"
"""Events that are written for the pictures only: the longest words and 400 people, and nobody yet."""
WRITTEN = {
    LONG: """---
title: "Rechtsschutzversicherungsgesellschaften, Donaudampfschifffahrtselektrizitätenhauptbetriebswerk: \
  künstliche Intelligenz im fächerübergreifenden Naturwissenschaftsunterricht der Sekundarstufe verstehen und anwenden"
date: 2027-06-01T09:00:00
end_date: 2027-06-03T16:30:00
location: "Naturwissenschaftlich-Technisches Bildungszentrum Nirgendwo, Bundesschnellstraßenverwaltungsgebäude 12a"
capacity: 400
waitlist: auto
price: 1250.50
registration: portal
---
""",
    NEW: "---\ntitle: Nieuw\ndate: 2027-06-02T13:30:00\nlocation: online\ncapacity: 20\nregistration: portal\n---\n",
}


Show = Callable[[Page, LivePortal], None]
"""Makes a browser's page show one of the portal's."""


def sign_up(page: Page, portal: LivePortal, slug: str) -> str:
    """Fill in and send the form of an event; returns the path of the registration's own page."""
    page.goto(f"{portal.url}/events/{slug}/signup")
    page.locator("#first_name").fill("Emma")
    page.locator("#last_name").fill("Peeters")
    page.locator("#email").fill("emma.peeters@school.example")
    page.locator("#school").fill("Sint-Nergenscollege, Verzinningen")
    page.locator("#privacy").check()
    page.locator("form button.button").last.click()
    return page.url.removeprefix(portal.url)


def sign_in(page: Page, portal: LivePortal) -> None:
    """Open the organisers' side."""
    page.goto(f"{portal.url}/admin/login")
    page.locator("#email").fill(ORGANISER)
    page.locator("#password").fill(PASSWORD)
    page.locator("main form button").click()


def _form_with_errors(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/events/{QUESTIONS}/signup")
    page.locator("button[name=add_person]").click()
    page.locator("#email").fill("emma@")
    page.locator("form button.button").last.click()


def _first_of(slug: str, query: str, then: str = "") -> Show:
    """The first registration in an event's list, or a page below it."""

    def show(page: Page, portal: LivePortal) -> None:
        page.goto(f"{portal.url}/admin/events/{slug}/attendees{query}")
        page.locator("tbody th a").first.click()
        if then:
            page.goto(page.url + then)

    return show


def _import_preview(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/admin/events/{QUESTIONS}/import")
    page.locator("#pasted").fill(BROUGHT)
    page.locator("main form button.button").click()


def _busy_door(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/admin/events/{FULL}/door")
    for _ in range(3 - page.locator("button[name=out]:visible").count()):
        page.locator("button[name=in]:visible").first.click()


def _new_token(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/admin/api")
    page.locator("#name").fill("Nieuwsbrief")
    page.locator("#scopes").check()
    page.locator("#token button.button").click()


def _new_webhook(page: Page, portal: LivePortal) -> None:
    page.goto(f"{portal.url}/admin/webhooks")
    page.locator("#url").fill("https://planning.example/naschoolse/meldingen")
    page.locator("#webhook [name=types]").first.check()
    page.locator("#webhook button.button").click()


def _webhook(page: Page, portal: LivePortal) -> None:
    _new_webhook(page, portal)
    page.locator("main a.button").click()
    page.locator("form[action$=test] button").click()


def _sent_empty(path: str, form: str) -> Show:
    """A form sent as it comes: with its errors."""

    def show(page: Page, portal: LivePortal) -> None:
        page.goto(portal.url + path)
        page.locator(f"{form} button.button").last.click()

    return show


def _at(path: str) -> Show:
    def show(page: Page, portal: LivePortal) -> None:
        page.goto(portal.url + path)

    return show


PAGES: dict[str, Show] = {
    "agenda": _at("/"),
    "agenda-past": _at("/?past=1"),
    "agenda-nothing": _at("/?q=nothing+like+this"),
    "event": _at(f"/events/{PAID}"),
    "event-full": _at(f"/events/{FULL}"),
    "event-tickets": _at("/events/datadag_2030_05_23"),
    "event-cancelled": _at("/events/stellingenspel_zorg_2027_02_25"),
    "event-external": _at("/events/stem_studiedag_2027_11_24"),
    "form": _at(f"/events/{PAID}/signup"),
    "form-waiting": _at(f"/events/{FULL}/signup"),
    "form-questions": _at(f"/events/{QUESTIONS}/signup"),
    "form-tickets": _at("/events/datadag_2030_05_23/signup"),
    "form-errors": _form_with_errors,
    "event-long": _at(f"/events/{LONG}"),
    "form-long": _at(f"/events/{LONG}/signup"),
    "frame": _at(f"/embed/{PAID}"),
    "frame-form": _at(f"/embed/{PAID}/signup"),
    "frame-long": _at(f"/embed/{LONG}"),
    "lost": _at("/registrations/"),
    "refused": _at("/events/stellingenspel_zorg_2027_10_21/signup"),
    "privacy": _at("/privacy"),
    "accessibility": _at("/accessibility"),
    "not-found": _at("/nowhere"),
    "sign-in": _at("/admin/login"),
    "forgot": _at("/admin/forgot"),
}
ORGANISERS_PAGES = {
    "overview": _at("/admin/"),
    "letters": _at("/admin/letters"),
    "attendees": _at(f"/admin/events/{FULL}/attendees"),
    "attendees-waiting": _at(f"/admin/events/{FULL}/attendees?status=waitlisted&q=e"),
    "attendees-narrowed": _at(f"/admin/events/{PAID}/attendees?paid=open&here=out&sort=school"),
    "import": _at(f"/admin/events/{FULL}/import"),
    "import-preview": _import_preview,
    "attendees-none": _at(f"/admin/events/{PAID}/attendees?q=nobody"),
    "attendees-many": _at(f"/admin/events/{LONG}/attendees"),
    "attendees-nobody": _at(f"/admin/events/{NEW}/attendees"),
    "one": _first_of(PAID, "?status=confirmed"),
    "one-waiting": _first_of(FULL, "?status=waitlisted"),
    "one-change": _first_of(PAID, "?status=confirmed", "/change"),
    "add": _at(f"/admin/events/{QUESTIONS}/add"),
    "add-errors": _sent_empty(f"/admin/events/{QUESTIONS}/add", "main form"),
    "payments": _at("/admin/payments"),
    "personal-data": _at("/admin/privacy"),
    "mail": _at(f"/admin/events/{FULL}/mail"),
    "mail-errors": _sent_empty(f"/admin/events/{FULL}/mail", "main form"),
    "sheet": _at(f"/admin/events/{FULL}/sheet"),
    "badges": _at(f"/admin/events/{FULL}/badges"),
    "accounts": _at("/admin/accounts"),
    "account": _at("/admin/accounts/1"),
    "account-log": _at("/admin/accounts/log"),
    "webhooks-secret": _new_webhook,
    "webhooks": _at("/admin/webhooks"),
    "webhooks-errors": _sent_empty("/admin/webhooks", "#webhook"),
    "webhook-one": _webhook,
    "api-made": _new_token,
    "api": _at("/admin/api"),
    "api-errors": _sent_empty("/admin/api", "#token"),
    "me": _at("/admin/me"),
    "me-app": _at("/admin/me/app"),
    "doors": _at("/admin/door"),
    "door": _at(f"/admin/events/{FULL}/door"),
    "door-busy": _busy_door,
    "numbers": _at(f"/admin/events/{FULL}/numbers"),
    "numbers-nobody": _at(f"/admin/events/{NEW}/numbers"),
    "numbers-all": _at("/admin/numbers"),
    "files": _at("/admin/content"),
    "files-preview": _at(f"/admin/content/{QUESTIONS}/preview"),
    "files-form": _at(f"/admin/content/{QUESTIONS}/form"),
}
DOCS = {
    "event": ("event", "phone", "nl"),
    "overview": ("overview", "laptop", "en"),
    "attendees": ("attendees", "laptop", "en"),
    "one": ("one", "laptop", "en"),
    "import": ("import-preview", "laptop", "en"),
    "door": ("door-busy", "phone", "en"),
    "numbers": ("numbers", "laptop", "en"),
}
"""The pictures of the documentation: which page, on what, and in which language."""


def main() -> None:
    """Serve the sample content with invented people, and take the pictures."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--docs", action="store_true", help="only those of the documentation, into docs/")
    arguments.add_argument("--language", default="nl", help="of the pages; nl when not given")
    arguments.add_argument("--only", nargs="+", default=[""], help="pages whose name starts with this")
    arguments.add_argument("--sizes", nargs="+", default=USUAL, choices=SIZES)
    chosen = arguments.parse_args()
    with (
        TemporaryDirectory() as folder,
        serve_portal(
            Path(folder), PORTAL_RATE_LIMITS="off", PORTAL_CONTENT_DIR=_content(Path(folder))
        ) as portal,
        start_browser() as browser,
    ):
        portal.run("demo")
        portal.run("user", "add", ORGANISER, "--role", "owner", "--password-stdin", typed=PASSWORD)
        _write_more(portal)
        own_pages, cookies = _visit(browser, portal, chosen.language)
        if chosen.docs:
            _docs(browser, portal, cookies)
        else:
            _all(browser, portal, PAGES | own_pages, cookies, tuple(chosen.only), chosen.sizes)


def _content(folder: Path) -> str:
    """The sample content of an organisation that has a bank account."""
    content = folder / "content"
    shutil.copytree(ROOT / "content", content)
    with (content / "site.yaml").open("a", encoding="utf-8") as file:
        file.write(f"\nbank: {{name: Dwengo vzw, iban: {EXAMPLE_ACCOUNT}}}\n")
    return str(content)


def _write_more(portal: LivePortal) -> None:
    """The events of the pictures, after the sample's people signed up, and 400 people in the first of them."""
    content = Path(portal.environment["PORTAL_CONTENT_DIR"])
    for slug, text in WRITTEN.items():
        (content / "events" / f"{slug}.md").write_text(text, encoding="utf-8")
    engine = connect(f"sqlite:///{portal.data_dir / 'portal.db'}")
    sign_up_many(engine, LONG, confirmed=398, waiting=1, at=datetime.now(UTC))
    engine.dispose()
    until = monotonic() + PATIENCE
    while not all(slug in _sitemap(portal) for slug in WRITTEN):
        if monotonic() > until:
            raise TimeoutError(f"the portal does not show {', '.join(WRITTEN)}")
        sleep(0.2)


def _sitemap(portal: LivePortal) -> str:
    with urlopen(f"{portal.url}/sitemap.xml", timeout=PATIENCE) as answer:  # noqa: S310
        return str(answer.read().decode())


def _visit(browser: Browser, portal: LivePortal, language: str) -> tuple[dict[str, Show], dict[str, object]]:
    """Sign somebody up and sign in; returns the pages of the registrations, and the browser's memory."""
    pages = {}
    with browser.new_context() as context:
        context.add_cookies([{"name": "language", "value": language, "url": portal.url}])
        page = context.new_page()
        pages["registration-waitlisted"] = _at(sign_up(page, portal, FULL))
        own_page = sign_up(page, portal, FREE)
        pages["registration-confirmed"], pages["cancel"] = _at(own_page), _at(f"{own_page}/cancel")
        own_page = sign_up(page, portal, PAID)
        pages["registration-to-pay"] = _at(own_page)
        for below in ("change", "address", "erase"):
            pages[f"registration-{below}"] = _at(f"{own_page}/{below}")
        sign_in(page, portal)
        return pages, context.storage_state()  # type: ignore[return-value]


def _shoot(
    browser: Browser,
    portal: LivePortal,
    state: object,
    show: Show,
    size: str,
    scheme: str,
    to: Path,
) -> None:
    with browser.new_context(
        viewport=SIZES[size],  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        storage_state=state,  # type: ignore[arg-type]
        reduced_motion="reduce",
        bypass_csp=size == "large",
    ) as context:
        page = context.new_page()
        show(page, portal)
        page.wait_for_load_state()
        if size == "paper":
            page.emulate_media(media="print")
        if size == "large":
            page.add_style_tag(content=":root { font-size: 200%; }")
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            sys.stdout.write(f"Wider than its window: {to.stem}\n")
        page.screenshot(path=to, full_page=not to.is_relative_to(ROOT / "docs"))


def _all(
    browser: Browser,
    portal: LivePortal,
    pages: dict[str, Show],
    state: dict[str, object],
    only: tuple[str, ...],
    sizes: Sequence[str],
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    visitor = _visitor(state)
    for name, show in (pages | ORGANISERS_PAGES).items():
        if not name.startswith(only):
            continue
        for size in sizes:
            for scheme in ("light", "dark"):
                to = PICTURES / f"{name}-{size}-{scheme}.png"
                _shoot(
                    browser, portal, state if name in ORGANISERS_PAGES else visitor, show, size, scheme, to
                )
    sys.stdout.write(f"The pictures are in {PICTURES.relative_to(ROOT)}.\n")


def _visitor(state: dict[str, object]) -> dict[str, object]:
    """The browser's memory of somebody who is not signed in."""
    return state | {"cookies": [c for c in state["cookies"] if c["name"] == "language"]}  # type: ignore[attr-defined]


def _docs(browser: Browser, portal: LivePortal, state: dict[str, object]) -> None:
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for name, (page, size, language) in DOCS.items():
        visitor = page not in ORGANISERS_PAGES
        remembered = _speaking(_visitor(state) if visitor else state, language)
        show = (PAGES if visitor else ORGANISERS_PAGES)[page]
        _shoot(browser, portal, remembered, show, size, "light", folder / f"{name}.png")
        _shrink(folder / f"{name}.png")


def _speaking(state: dict[str, object], language: str) -> dict[str, object]:
    """The browser's memory of somebody who chose this language."""
    cookies = [c | {"value": language} if c["name"] == "language" else c for c in state["cookies"]]  # type: ignore[attr-defined]
    return state | {"cookies": cookies}


def _shrink(picture: Path) -> None:
    """In 64 colours, which is all that a page has but for the edges of letters: a third of the size."""
    with Image.open(picture) as drawn:
        few = drawn.convert("RGB").quantize(64, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    main()

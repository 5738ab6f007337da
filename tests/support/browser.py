"""The browser of the tests. `python -m tests.support.browser` sees to it that there is one."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, Route, expect, sync_playwright

VARIABLE = "PORTAL_TEST_BROWSER"
NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
APPLICATIONS = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)
PHONE = {"width": 390, "height": 844}

# A browser that asks its maker for nothing: the tests run where only this machine can be reached.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

HOW_TO_MEND = f"""\
The tests need Chromium or Chrome, and none could be found or installed. One of these mends it:
  - install it with the machine's own tools (Debian: apt-get install chromium, as root), or
  - name one that is somewhere else: {VARIABLE}=/path/to/chrome make test
The other tests do without: .venv/bin/pytest -m 'not browser'"""


def find_browser() -> str | None:
    """The path of a browser that starts: the one that is named, one on the PATH, or Playwright's own."""
    if named := os.environ.get(VARIABLE):
        return named if _starts(named) else None
    on_path = [path for name in NAMES if (path := shutil.which(name))]
    for path in (*on_path, *map(str, APPLICATIONS), _playwrights_own()):
        if _starts(path):
            return path
    return None


def _starts(path: str) -> bool:
    # Ubuntu's chromium-browser is a notice that there is a snap, so being there is not enough.
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> str:
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def main() -> None:
    found = find_browser()
    if not found and VARIABLE in os.environ:
        sys.exit(f"{VARIABLE} names {os.environ[VARIABLE]}, which does not start.")
    found = found or _install_browser()
    if not found:
        sys.exit(HOW_TO_MEND)
    print("The browser of the tests:", found)


def _install_browser() -> str | None:
    root = os.geteuid() == 0
    playwright = [sys.executable, "-m", "playwright", "install"]
    ways: list[list[list[str]]] = [[[*playwright, "chromium"]]]
    if root and sys.platform == "linux":
        ways.insert(0, [[*playwright, "--with-deps", "chromium"]])
    if root and shutil.which("apt-get"):
        ways.insert(0, [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "chromium"]])
    for way in ways:
        for command in way:
            print("No browser yet:", " ".join(command), flush=True)
            subprocess.run(command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
        if found := find_browser():
            return found
    return None


@contextmanager
def start_browser() -> Iterator[Browser]:
    """A running headless browser."""
    path = find_browser()
    if not path:
        raise RuntimeError(HOW_TO_MEND)
    # Chromium's own sandbox refuses to work for root, which is who runs tests in a container.
    arguments = ARGUMENTS + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


PATIENCE = 30_000
"""Milliseconds that a page may take on a machine that has more to do; ``expect`` has its own."""
expect.set_options(timeout=15_000)


@contextmanager
def open_page(browser: Browser, **context: Any) -> Iterator[Page]:
    """A page in a browser of its own, as on a phone; ``context`` goes to Playwright's new_context.

    What a visitor would never see, but somebody would have to mend, fails: an error in the console,
    a policy that was broken, a file that is not there, and a request to any other machine.
    """
    context = {"viewport": PHONE, "locale": "nl-BE", "timezone_id": "Europe/Brussels"} | context
    faults: list[str] = []

    def stay_here(route: Route) -> None:
        if urlsplit(route.request.url).hostname in ("127.0.0.1", "localhost"):
            route.fallback()
        else:
            faults.append(f"request to another machine: {route.request.url}")
            route.abort()

    def heed_console(message: ConsoleMessage) -> None:
        # A page that answers 422 is no fault; other files that are missing are seen below.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            faults.append(f"console: {message.text}")

    def heed_answer(response: Response) -> None:
        if response.status >= 400 and not response.request.is_navigation_request():
            faults.append(f"{response.status} for {response.url}")

    opened = browser.new_context(**context)
    try:
        opened.route("**/*", stay_here)
        page = opened.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", heed_console)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on("response", heed_answer)
        yield page
    finally:
        opened.close()
    assert not faults, "The browser met:\n" + "\n".join(faults)


if __name__ == "__main__":
    main()

"""Public pages on a phone with a slow connection, in Chromium.

The connection is what Lighthouse calls "slow 4G" (1.6 Mbit/s down, 0.75 up, 150 ms for a round trip), the processor
four times slower than this one. Promised for a first visit: at most 30 kB over the wire in at most three requests, the
largest thing to be seen (LCP) within 2.5 seconds and no shift of the layout (CLS): what web.dev calls good.
"""

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, CDPSession

from scripts.bench.databases import Fresh
from scripts.bench.pages import TEXT
from scripts.bench.served import serve
from tests.support.browser import open_page, start_browser

PAGES = {"agenda": "/", "event page": "/events/event-7", "form": "/events/event-7/signup"}
MOST_BYTES, MOST_REQUESTS, LONGEST_MS = 30_000, 3, 2_500
SLOW_4G = {
    "offline": False,
    "latency": 150,  # milliseconds
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
SLOWER = 4
# Run before the page's own scripts, by the browser and so by no policy of the page.
WATCH = """
window.seen = {lcp: 0, cls: 0};
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.seen.lcp = entry.startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const entry of list.getEntries()) window.seen.cls += entry.value; })
  .observe({type: "layout-shift", buffered: true});
"""


@dataclass
class Visit:
    """What one first visit took: bytes over the wire, milliseconds, and how much the layout moved."""

    size: int = 0
    requests: int = 0
    lcp: float = 0
    cls: float = 0


def measure(fresh: Fresh) -> list[str]:
    """Print the figures for this kind of database; return the promises that were broken."""
    events: dict[str, dict[str, Any]] = {f"event-{n}": {"capacity": 1000, "text": TEXT} for n in range(60)}
    broken = []
    with fresh() as database, serve(database, events) as url, start_browser() as browser:
        for name, path in PAGES.items():
            visit = _visit(browser, url + path)
            print(
                f"  {name:10} {visit.size:6} bytes   {visit.requests} requests   LCP {visit.lcp:.0f} ms   "
                f"CLS {visit.cls:.3f}",
                flush=True,
            )
            if visit.size > MOST_BYTES or visit.requests > MOST_REQUESTS:
                broken.append(f"{name}: {visit.size} bytes in {visit.requests} requests")
            if visit.lcp > LONGEST_MS or visit.cls > 0:
                broken.append(f"{name}: LCP {visit.lcp:.0f} ms, CLS {visit.cls}")
    return broken


def _visit(browser: Browser, address: str) -> Visit:
    visit = Visit()
    with open_page(browser) as page:
        connection: CDPSession = page.context.new_cdp_session(page)
        connection.send("Network.enable")
        connection.send("Network.emulateNetworkConditions", SLOW_4G)
        connection.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})

        def finished(told: dict[str, Any]) -> None:
            visit.size += int(told["encodedDataLength"])
            visit.requests += 1

        connection.on("Network.loadingFinished", finished)
        page.add_init_script(WATCH)
        page.goto(address, wait_until="networkidle")
        seen = page.evaluate("window.seen")
        visit.lcp, visit.cls = seen["lcp"], seen["cls"]
    return visit

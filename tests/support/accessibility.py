"""axe-core on a page in the browser, for what only shows once it is drawn (contrast, size of targets)."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG_2_2_AA = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
WIDTHS = (320, 1280)

_axe = cache(Axe)


def check_in_every_way(page: Page, widths: Sequence[int] = WIDTHS) -> None:
    """The page as it stands, on a phone and on a laptop, in light and in dark, and never wider than its window."""
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        # Without the time that a colour takes to become another.
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        check_accessibility(page)
        page.emulate_media(color_scheme="dark", reduced_motion="reduce")
        check_accessibility(page, {"type": "rule", "values": ["color-contrast"]})
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{page.url} is wider than {width} px"


def check_accessibility(page: Page, rules: Mapping[str, Any] = WCAG_2_2_AA) -> None:
    """Fails with what a person has to mend when the page as it stands breaks these rules."""
    page.wait_for_load_state()  # with its style sheet: a press only waits until the next page begins
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe().axe_script)
    options = {"runOnly": rules, "resultTypes": ["violations"], "preload": False}
    violations = page.evaluate("options => axe.run(document, options)", options)["violations"]
    findings = "\n".join(_finding(violation, node) for violation in violations for node in violation["nodes"])
    assert not violations, f"Not accessible, {page.url}:\n{findings}"


def _finding(violation: dict[str, Any], node: dict[str, Any]) -> str:
    reasons = "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])
    return f"- {violation['id']}: {violation['help']}\n    {node['html'][:200]}\n    {reasons}"

"""axe-core on a page in the browser, for what only shows once it is drawn (contrast, size of targets)."""

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


WIDTHS = (320, 1280)


def check_in_every_way(page: Page) -> None:
    """The page as it stands, on a phone and on a laptop, in light and in dark, and never wider than its window."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            # Without the time that a colour takes to become another.
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            check_accessibility(page)
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{page.url} is wider than {width} px"


def check_accessibility(page: Page) -> None:
    """Fails with what a person has to mend when the page as it stands breaks WCAG 2.2 AA."""
    page.wait_for_load_state()  # with its style sheet: a press only waits until the next page begins
    options = {
        "runOnly": {"type": "tag", "values": WCAG_2_2_AA},
        "resultTypes": ["violations"],
        "preload": False,
    }
    violations = Axe().run(page, options=options).response["violations"]
    findings = "\n".join(_finding(violation, node) for violation in violations for node in violation["nodes"])
    assert not violations, f"Not accessible, {page.url}:\n{findings}"


def _finding(violation: dict[str, Any], node: dict[str, Any]) -> str:
    reasons = "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])
    return f"- {violation['id']}: {violation['help']}\n    {node['html'][:200]}\n    {reasons}"

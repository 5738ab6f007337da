"""The documentation says what is there."""

import re
from pathlib import Path

import frontmatter
import pytest

from portal.cli import main
from portal.content.reader import KEYS, read
from portal.content.site import read_site
from portal.settings import VARIABLES

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
EVENTS = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
SITE, _ = read_site(b"name: X\ncontact: a@b.example\n", "x")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def test_every_key_of_an_event_file_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| (`.+?`) \|", EVENTS, re.MULTILINE)
    documented = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert documented == set(KEYS)


def test_every_setting_is_documented_and_no_other() -> None:
    documented = set(
        re.findall(r"^\| `(PORTAL_\w+)`", (ROOT / "docs" / "running.md").read_text(), re.MULTILINE)
    )
    assert documented == set(VARIABLES)


@pytest.mark.parametrize("example", [*blocks(EVENTS, "yaml")[:-1], *blocks(EVENTS, "markdown")])
def test_every_example_of_an_event_is_read_without_a_word(example: str) -> None:
    assert SITE is not None
    file = example if example.startswith("---") else f"---\n{example}location: online\n---\n\nTekst.\n"
    assert frontmatter.loads(file).metadata
    reading = read(file.encode(), "events/x.md", SITE)
    assert reading.event is not None
    assert not reading.problems


def test_the_example_of_a_site_is_read_without_a_word() -> None:
    assert read_site(blocks(EVENTS, "yaml")[-1].encode(), "x")[1] == ()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_exists_and_every_link_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for block in blocks(text, "sh"):
        for command in re.findall(r"\bmake (\w+)", block):
            assert command in targets
        for command in re.findall(r"(?:^|/| )portal (\w+)", block, re.MULTILINE):
            assert command in (*main.commands, "db")
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if not link.startswith("http"):
            assert (page.parent / link).exists(), link

"""The documentation says what is there."""

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest

from portal.cli import main
from portal.content.event import LETTERS, Material, Question, Session, Ticket
from portal.content.reader import KEYS, read
from portal.content.site import KEYS as SITE_KEYS
from portal.content.site import Bank, Organisation, Site, read_site
from portal.domain.attendees import BASE_COLUMNS
from portal.domain.happenings import TEST, TYPES
from portal.formats import post, webhook
from portal.settings import VARIABLES, Settings
from tests.support.ports import free_port

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
SITE = Site(name="X", contact="a@b.example")
TEST_NAME = re.compile(r"^def (test_\w+)", re.MULTILINE)
COMMAND = re.compile(r"`((?:PORTAL_\w+=\S+ )*(?:portal|\.venv/bin/\w+|make|python3?) [^`\n]+)`")
FILE = re.compile(r"(?:`|pytest )((?:portal|docs|scripts|tests|templates|deploy)/[\w/.-]+)")
KEPT_AS = {"available": "from"}  # a word of Python's own


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def in_sentences(page: Path) -> list[str]:
    """The commands that a page names amid its sentences."""
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return COMMAND.findall(prose)


def table(page: str, heading: str) -> list[str]:
    """What stands in backquotes in the first column of the table under ``heading``."""
    found = re.search(rf"^\| {re.escape(heading)} \|.*\n\|[ |-]+\n((?:\|.*\n)+)", text_of(page), re.MULTILINE)
    assert found, f"{page} has no table of {heading}"
    return [word for row in found[1].splitlines() for word in re.findall(r"`(.+?)`", row.split("|")[1])]


def names(described: type) -> list[str]:
    return [KEPT_AS.get(field.name, field.name) for field in fields(described)]


@pytest.mark.parametrize(
    ("page", "heading", "there_are"),
    [
        ("docs/events.md", "key", KEYS),
        ("docs/events.md", "key of the site", SITE_KEYS),
        ("docs/events.md", "of a session", names(Session)),
        ("docs/events.md", "of a ticket", names(Ticket)),
        ("docs/events.md", "of a question", names(Question)),
        ("docs/events.md", "of a material", names(Material)),
        ("docs/organisers.md", "column", [*(column.key for column in BASE_COLUMNS), "answer:…"]),
        ("docs/running.md", "variable", VARIABLES),
        ("docs/webhooks.md", "type", [*TYPES, TEST]),
    ],
)
def test_every_name_is_documented_once_and_no_other(page: str, heading: str, there_are: list[str]) -> None:
    assert sorted(table(page, heading)) == sorted(there_are)


def examples() -> Iterator[str]:
    """Event files of the documentation, and front matter that stands by itself."""
    for page in PAGES:
        yield from blocks(page.read_text(encoding="utf-8"), "markdown")
    for front in blocks(text_of("docs/events.md"), "yaml"):
        if front.startswith("title:"):
            yield f"---\n{front}---\n\nTekst.\n"


def examples_of_keys() -> Iterator[tuple[str, str]]:
    """Each key of an event with each example that stands beside it."""
    for row in re.findall(
        r"^\| `(\w+)` \| (`.+?) \| .+? \| .+? \|$", text_of("docs/events.md"), re.MULTILINE
    ):
        for example in re.findall(r"`(.+?)`", row[1]):
            yield row[0], example


@pytest.mark.parametrize(("key", "example"), [*examples_of_keys()])
def test_every_example_beside_a_key_is_what_the_reader_takes(key: str, example: str) -> None:
    lines = {"title": "X", "date": "2027-03-10T13:30:00", "registration": "portal"} | {key: example}
    front = "".join(f"{name}: {value}\n" for name, value in lines.items())
    reading = read(f"---\n{front}---\n\nTekst.\n".encode(), "events/x.md", SITE)
    assert reading.event is not None
    assert not reading.problems


def test_a_key_has_an_example_or_a_part_of_the_page_about_it() -> None:
    with_example = {key for key, _example in examples_of_keys()}
    elsewhere = set(re.findall(r"^\| `(\w+)` \| \[see below\]", text_of("docs/events.md"), re.MULTILINE))
    assert with_example | elsewhere == set(KEYS)


def test_the_parts_of_a_group_are_those_that_the_reader_takes() -> None:
    page = text_of("docs/events.md")
    for group, there_are in (("organisation", names(Organisation)), ("bank", names(Bank))):
        (row,) = re.findall(rf"^\| `{group}` \|[^|]*\| (.+) \|$", page, re.MULTILINE)
        assert re.findall(r"`(\w+)`", row) == there_are
    own_words = page.split("The letters that take words of\nyour own are ")[1].split(". Write them")[0]
    assert sorted(re.findall(r"`(\w+)`", own_words)) == sorted(LETTERS)


@pytest.mark.parametrize("example", [*examples()])
def test_every_example_of_an_event_is_read_without_a_word(example: str) -> None:
    reading = read(example.encode(), "events/x.md", SITE)
    assert reading.event is not None
    assert not reading.problems


def test_the_example_of_a_site_is_read_without_a_word() -> None:
    (example,) = (block for block in blocks(text_of("docs/events.md"), "yaml") if block.startswith("name:"))
    site, problems = read_site(example.encode(), "x")
    assert site is not None
    assert not problems


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_exists_with_its_options(page: Path) -> None:
    targets = set(re.findall(r"^(\w+):", text_of("Makefile"), re.MULTILINE))
    shown = "\n".join(blocks(page.read_text(encoding="utf-8"), "sh")).splitlines()
    for line in shown + [line for line in in_sentences(page) if "make " in line]:
        words = shlex.split(line, comments=True)
        if "make" in words:
            asked = words[words.index("make") + 1 :]
            assert {word for word in asked if "=" not in word} <= targets
        command = next((place for place, word in enumerate(words) if "=" not in word), None)
        for place, word in enumerate(words):
            # Others have arguments of that name, such as the user who it runs as.
            if word.endswith("/bin/portal") or (word == "portal" and place == command):
                parse(main, words[place + 1 :])


def test_every_example_of_settings_is_taken(tmp_path: Path) -> None:
    for page in PAGES:
        for block in blocks(page.read_text(encoding="utf-8"), "ini"):
            (tmp_path / ".env").write_text(block)
            assert {line.partition("=")[0] for line in block.splitlines()} <= set(VARIABLES)
            Settings.load({}, tmp_path / ".env")


def parse(command: click.Command, words: list[str]) -> None:
    """Read the words as the shell would, and run nothing; raises click's UsageError for what does not exist."""
    while isinstance(command, click.Group):
        name, *words = words
        found = command.get_command(click.Context(command), name)
        assert found, f"there is no command {name}"
        command = found
    # The files that an example names are not here.
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known
    required = [parameter for parameter in command.params if parameter.required]
    assert len([word for word in words if not word.startswith("-")]) >= sum(
        isinstance(parameter, click.Argument) for parameter in required
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_picture_leads_somewhere(page: Path) -> None:
    prose = re.sub(
        r"^```.*?^```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    named = set(FILE.findall(page.read_text(encoding="utf-8")))
    assert not [file for file in sorted(named) if not (ROOT / file).exists()]


def anchors(page: Path) -> set[str]:
    """The names that a host gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@contextmanager
def running_receiver(secret: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The receiver of the documentation as a program of its own; its address, and what it prints."""
    (program,) = blocks(text_of("docs/webhooks.md"), "python")
    port = free_port()
    environment = {"WEBHOOK_SECRET": secret, "PORT": str(port)}
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as running:
        try:
            yield f"http://127.0.0.1:{port}/", running
        finally:
            running.terminate()


def test_the_receiver_of_the_documentation_believes_what_is_genuine_and_does_it_once() -> None:
    secret = webhook.new_secret()
    body = json.dumps({"type": "registration.created", "data": {"registration": "K7M2-QX4P"}}).encode()
    now = datetime.now(UTC)

    def send(url: str, at: datetime = now, key: str = secret, message_id: str = "msg_1") -> int:
        headers = webhook.headers(message_id, body, at, [key])
        return post.post(url, body, headers, loopback=True)

    with running_receiver(secret) as (url, running):
        patience = time.monotonic() + 30
        while True:
            try:
                assert send(url, key=webhook.new_secret()) == 401
                break
            except post.Unreachable:  # it has not begun yet
                assert time.monotonic() < patience
        assert send(url, at=now - timedelta(minutes=6)) == 401
        assert [send(url), send(url)] == [204, 204]
        assert post.post(url, b"{}", webhook.headers("msg_2", body, now, [secret]), loopback=True) == 401
        running.terminate()
        assert running.stdout is not None
        assert running.stdout.read() == "registration.created K7M2-QX4P\n"


def test_what_is_said_of_security_is_there() -> None:
    page = text_of("docs/security.md")
    written = {
        word
        for file in (ROOT / "tests").rglob("test_*.py")
        for word in TEST_NAME.findall(file.read_text("utf-8"))
    }
    named = set(re.findall(r"`(test_\w+)`", page))
    assert len(named) > 50
    assert named <= written, f"no such test: {sorted(named - written)}"


def test_every_point_of_security_is_answered_once() -> None:
    rows = re.findall(r"^\| (\d[\d., ]*) \| ([^|]*) \|", text_of("docs/security.md"), re.MULTILINE)
    points = [point for ids, _verdict in rows for point in ids.split(", ")]
    assert len(points) == len(set(points))
    assert {verdict for _ids, verdict in rows} <= {"met", "not met", "n/a", "yours", "met where asked for"}

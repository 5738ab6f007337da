"""Text that was made to take long: repetitions on which an expression that backtracks would need hours."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portal.content.addresses import is_address
from portal.content.markdown import render
from portal.content.reader import KEYS, read
from portal.content.site import Site, read_site
from portal.domain import passwords
from portal.domain.letters import masked
from portal.domain.mailings import unknown_placeholders
from portal.domain.typed import clean, clean_lines, folded
from portal.formats import person_code, tables
from portal.formats.statements import StatementError, read_statement
from portal.formats.transfer import find_communications, read_bic, read_communication, read_iban
from portal.formats.user_agent import device
from portal.web.paths import local_path

SITE = Site(name="X", contact="a@b.example")
GENEROUS = 5
"""Seconds for all repetitions of one length together; they take a tenth of that, also where much else is done."""

PIECES = (
    *(
        "a",
        "A",
        "é",
        " ",
        "\t",
        "\u00a0",
        "0",
        "1,",
        "1 ",
        "-",
        "_",
        ".",
        ":",
        "/",
        "\\",
        "&",
        "=",
        "@",
        "%",
        "+",
    ),
    *(
        "<",
        "<a ",
        "<!--",
        "[",
        "](",
        "![",
        "(",
        "{",
        "{{",
        "{registration-link",
        "*",
        "**",
        "`",
        "'",
        '"',
        "> ",
        "- ",
    ),
    *(
        "a ",
        "a.",
        "a-",
        "a@",
        "x, ",
        "€ 1",
        "http://",
        "Mozilla/5.0 (",
        "\n",
        " \n",
        "\r",
        "a\n",
        "VOLZET ",
        "+++",
    ),
)
ENDS = ("", "!", "\x00", "x:")


@contextmanager
def at_most(seconds: float, what: str) -> Iterator[None]:
    """Fails what takes longer, in the middle of it."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"{what} takes longer than {seconds} s")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def refused_or_read(reader: Callable[[Any], object], *refusals: type[Exception]) -> Callable[[Any], object]:
    def tried(text: Any) -> object:
        try:
            return reader(text)
        except refusals:
            return None

    return tried


READERS: dict[str, tuple[Callable[[str], object], int]] = {
    # Of what strangers send: with at least the length that their field takes.
    "an address": (is_address, 2_000),
    "a password": (lambda text: passwords.guessable(text[: passwords.LONGEST]), 200),
    "a line": (clean, 20_000),
    "lines": (clean_lines, 20_000),
    "a search": (folded, 20_000),
    "a browser": (device, 8_000),
    "the way on": (lambda text: local_path("/" + text, "/"), 8_000),
    "a code at the door": (person_code.read, 20_000),
    # Of what organisers bring.
    "a communication": (find_communications, 20_000),
    "a structured one": (read_communication, 20_000),
    "an account": (read_iban, 20_000),
    "a bank": (read_bic, 20_000),
    "a list of people": (refused_or_read(tables.read_text, tables.TableRefused), 20_000),
    "a statement": (refused_or_read(lambda text: read_statement(text.encode()), StatementError), 20_000),
    "a mailing": (unknown_placeholders, 20_000),
    "a letter": (lambda text: masked(text, ""), 20_000),
    # Of what stands in files.
    "an event's text": (
        lambda text: read(f"---\ntitle: x\ndate: 2027-01-31\n---\n{text}".encode(), "x.md", SITE),
        5_000,
    ),
    "an event's text as a page": (lambda text: render(text, "http://localhost", lambda _: None), 2_000),
    "a site": (lambda text: read_site(text.encode(), "x"), 5_000),
}


@pytest.mark.parametrize("name", READERS)
def test_no_repetition_takes_long(name: str) -> None:
    reader, length = READERS[name]
    for piece in PIECES:
        with at_most(GENEROUS, f"{name} of {piece!r}"):
            for end in ENDS:
                reader(piece * (length // len(piece)) + end)


@pytest.mark.parametrize("key", KEYS)
def test_no_repetition_in_a_key_of_a_file_takes_long(key: str) -> None:
    for piece in PIECES:
        value = (piece * (5_000 // len(piece))).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        with at_most(GENEROUS, f"{key} of {piece!r}"):
            read(f'---\ntitle: x\ndate: 2027-01-31\n{key}: "{value}!"\n---\nx'.encode(), "x.md", SITE)
            read(f"---\ntitle: x\ndate: 2027-01-31\n{key}: x{value}!\n---\nx".encode(), "x.md", SITE)

"""The bytes of a file as text: what programs put in unseen is taken out before anything is read."""

import re
from dataclasses import dataclass

from portal.content.findings import Findings

LARGEST = 1_000_000
"""Bytes; an event is a page or two, and a file of megabytes is something else."""

_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_TAB_BEFORE_VALUE = re.compile(r"^(?P<indent>[ \t]*)(?P<rest>(?:-[ \t]+)*(?:[\w.-]+[ \t]*:)?[ \t]*)")


@dataclass(frozen=True)
class Decoded:
    """``text`` is what every line and edit refers to; ``mended`` says whether it differs from the file."""

    text: str
    mended: bool


def decode(source: bytes, findings: Findings) -> Decoded | None:
    """The text of a file with what was odd about it as warnings; None, with an error, when it is no text."""
    if len(source) > LARGEST:
        findings.error(
            1, f"the file is larger than {LARGEST // 1_000_000} MB", "keep the text of the event only"
        )
        return None
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        findings.error(1, "the file is in UTF-16", "save it as UTF-8")
        return None
    if b"\0" in source:
        line = source[: source.index(b"\0")].count(b"\n") + 1
        findings.error(
            line, "the file holds NUL bytes, so it is no plain text", "save it as plain text in UTF-8"
        )
        return None
    text = _characters(source, findings)
    if text is None:
        return None
    written = text
    if text.startswith("\ufeff"):
        findings.warning(1, "the file begins with a byte order mark", "save it as UTF-8 without one")
        text = text.lstrip("\ufeff")
    if "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        findings.warning(line, "lines end as on Windows (CRLF)", "end them with a plain line feed (LF)")
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if found := _INVISIBLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        findings.warning(line, "the text holds invisible control characters", "take them away")
        text = _INVISIBLE.sub("", text)
    return Decoded(text, mended=text != written)


def _characters(source: bytes, findings: Findings) -> str | None:
    try:
        return source.decode()
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
    try:
        text = source.decode("cp1252")
    except UnicodeDecodeError:
        findings.error(line, "the file is neither UTF-8 nor Latin-1", "save it as plain text in UTF-8")
        return None
    findings.warning(line, "the file is in Latin-1 (Windows-1252)", "save it as UTF-8")
    return text


def without_tabs(text: str, findings: Findings) -> str:
    """``text`` with spaces for the tabs that set out the front matter; those inside a value stay."""
    if not text.lstrip().startswith("---") or "\t" not in text:
        return text
    rows = text.split("\n")
    first = next(number for number, row in enumerate(rows) if row.strip())
    changed = 0
    for number in range(first + 1, len(rows)):
        row = rows[number]
        if re.match(r"(?:-{3,}|\.{3})[ \t]*$", row):
            break
        found = _TAB_BEFORE_VALUE.match(row)
        if "\t" not in row or found is None:
            continue
        set_out = found["indent"].replace("\t", "  ") + found["rest"].replace("\t", " ") + row[found.end() :]
        set_out = set_out.rstrip("\t") if set_out.strip() else ""
        if set_out != row:
            rows[number] = set_out
            changed = changed or number + 1
    if changed:
        findings.warning(changed, "a tab sets out the front matter", "use spaces")
    return "\n".join(rows) if changed else text

"""The bytes of a file as text: what programs put in unseen is taken out before anything is read."""

import re

from portal.content.findings import Findings

LARGEST = 1_000_000
"""Bytes; an event is a page or two, and a file of megabytes is something else."""

_INVISIBLE = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_TAB_BEFORE_VALUE = re.compile(r"^(?P<indent>[ \t]*)(?P<rest>(?:-[ \t]+)*(?:[\w.-]+[ \t]*:)?[ \t]*)")
_BOUNDARY = re.compile(r"(?:-{3,}|\.{3})[ \t]*$")
# What ``surrogateescape`` makes of a byte that is not UTF-8, and a character that only UTF-8 has several bytes for.
_NOT_UTF8 = re.compile("[\udc80-\udcff]")
_UTF8_ONLY = re.compile("[^\x00-\x7f\udc80-\udcff]")


def decode(source: bytes, findings: Findings) -> str | None:
    """The text of a file with what was odd about it as warnings; None, with an error, when it is no text."""
    if len(source) > LARGEST:
        findings.error(1, f"the file is larger than {LARGEST // 1_000_000} MB", "make it shorter")
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
    return text


def _characters(source: bytes, findings: Findings) -> str | None:
    """The characters of the bytes; None, with an error, when they are neither UTF-8 nor Latin-1, or partly each."""
    text = source.decode(errors="surrogateescape")
    wrong = _NOT_UTF8.search(text)
    if wrong is None:
        return text
    line = text.count("\n", 0, wrong.start()) + 1
    if _UTF8_ONLY.search(text):
        # Read as Latin-1, each letter that is right would become two that are wrong.
        findings.error(
            line, "a letter here is not in UTF-8, as others in the file are", "write that letter again"
        )
        return None
    try:
        text = source.decode("cp1252")
    except UnicodeDecodeError:
        findings.error(line, "the file is neither UTF-8 nor Latin-1", "save it as plain text in UTF-8")
        return None
    findings.warning(line, "the file is in Latin-1 (Windows-1252)", "save it as UTF-8")
    return text


def without_tabs(text: str, findings: Findings) -> str:
    """``text`` with spaces for the tabs that set out the front matter; those inside a value stay."""
    if not text.lstrip().startswith("---"):
        return text
    rows = text.split("\n")
    first = next(number for number, row in enumerate(rows) if row.strip()) + 1
    closing = (number for number in range(first, len(rows)) if _BOUNDARY.match(rows[number]))
    return _set_out(rows, range(first, next(closing, len(rows))), "the front matter", findings)


def without_tabs_in_yaml(text: str, findings: Findings) -> str:
    """The same for a file that is YAML as a whole."""
    rows = text.split("\n")
    return _set_out(rows, range(len(rows)), "the file", findings)


def _set_out(rows: list[str], yaml: range, what: str, findings: Findings) -> str:
    changed = 0
    for number in yaml:
        row = rows[number]
        found = _TAB_BEFORE_VALUE.match(row) if "\t" in row else None
        if found is None:
            continue
        set_out = found["indent"].replace("\t", "  ") + found["rest"].replace("\t", " ") + row[found.end() :]
        rows[number] = set_out.rstrip("\t") if set_out.strip() else ""
        if rows[number] != row:
            changed = changed or number + 1
    if changed:
        findings.warning(changed, f"a tab sets out {what}", "use spaces")
    return "\n".join(rows)

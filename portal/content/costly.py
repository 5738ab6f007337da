"""Which Markdown the library would need seconds for: it looks for the end of each opening mark, and goes through a
block again for each line that ends one."""

import re

from portal.content.findings import Findings

LONGEST = 20_000
"""Characters of a text: seven printed pages, where an event is one or two."""

_OPENING_TAG = re.compile(r"<(?!(?:br|hr|img)\b)[a-z]", re.IGNORECASE)


def check_cost(text: str, line: int, findings: Findings) -> None:
    """Adds a warning, at the line where the text begins, when nobody will see it laid out."""
    if is_costly(text):
        findings.warning(
            line,
            "the text is too long, or too much of it has no empty line in it, and is shown as it was written",
            f"keep it below {LONGEST} characters, with empty lines between its parts",
        )


def is_costly(text: str) -> bool:
    """Whether ``text`` is too long, or has too much of one thing, to be rendered within a second."""
    if len(text) > LONGEST or text.count("[") > 3_000 or text.count("\n*[") > 100:
        return True
    depth = max((_depth(row) for row in text.split("\n") if row[:1] in " \t>-*+0123456789"), default=0)
    unclosed = len(_OPENING_TAG.findall(text)) - text.count("</")
    if depth > 40 or unclosed > 500 or text.count("\n:") > 200:
        return True
    return any(map(_is_costly_block, re.split(r"\n[ \t]*\n", text)))


def _is_costly_block(block: str) -> bool:
    return (
        block.count("\n") > 200
        or block.count("`") > 400
        or block.count("[") > 400
        or block.count("<") - block.count(">") > 200
        or block.count("&") > 5_000
    )


def _depth(row: str) -> int:
    lead = re.match(r"(?:[ \t]{0,200}(?:>|[-*+](?=[ \t])|\d{1,9}[.)](?=[ \t]))){0,200}[ \t]{0,400}", row)
    return sum(lead[0].count(mark) for mark in ">-*+.)") + len(lead[0].expandtabs(4)) // 8 if lead else 0

"""Addresses in the text of an event: links without a scheme, and images that no page may ask for."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote, urlsplit

from portal.content.findings import Findings, shown
from portal.content.frontmatter import Lines
from portal.content.problems import Edit

MOST = 1_000

_BARE_HOST = re.compile(
    r"(?:www\.[\w-]+(?:\.[\w-]+)+|(?:[\w-]+\.)+(?:be|brussels|vlaanderen|gent|nl|eu|org|com|net|fr|de|lu|uk|io|ai|edu|info))"
    r"(?::\d+)?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)


def with_scheme(address: str) -> str | None:
    """``www.example.org/x`` as an address that a browser follows; None when it needs no mend."""
    return f"https://{address}" if _BARE_HOST.fullmatch(address) else None


def is_web_address(address: str) -> bool:
    """Whether it is a whole http or https address, with a host and without spaces."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and not re.search(r"[\s<>\"\\]", address)


def host_of(address: str) -> str:
    """The host in small letters; empty when the address has none."""
    try:
        return (urlsplit(address).hostname or "").casefold()
    except ValueError:
        return ""


def local_path(address: str, own_host: str = "") -> str | None:
    """The path below ``images/`` that an image's address means; None when it is on another host.

    The site's own address counts as here. A path that is not below ``/images/`` is kept as it is.
    """
    if address.startswith("//") or _SCHEME.match(address):
        if not own_host or host_of(address) != own_host:
            return None
        address = urlsplit(address).path
    path = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
    for lead in ("/images/", "images/", "./images/", "../images/"):
        if path.startswith(lead):
            return path[len(lead) :]
    return path.lstrip("/")


@dataclass(frozen=True)
class _Address:
    at: int
    address: str
    image: bool


_INLINE = re.compile(r"\]\(\s{0,20}(?:<(?P<angled>[^<>\n]{1,2000})>|(?P<plain>[^\s()<>]{1,2000}))")
_DEFINITION = re.compile(r"^ {0,3}\[[^\]\n]{1,200}\]:[ \t]{0,20}(?P<plain>\S{1,2000})", re.MULTILINE)
_TAG = re.compile(
    r"<(?P<tag>img|a)\b[^<>]{0,1000}?\s(?:src|href)\s{0,5}=\s{0,5}(?:\"(?P<double>[^\"<>]{0,2000})\"|'(?P<single>[^'<>]{0,2000})')",
    re.IGNORECASE,
)
_LIQUID = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}")


def check_text(
    body: str, start: int, lines: Lines, findings: Findings, has_image: Callable[[str], bool], own_host: str
) -> None:
    """Adds a warning for each address that a page cannot use as it stands.

    ``body`` is Markdown ``without_code``, which stands in the file's text from ``start`` on.
    """
    for found in _addresses(body):
        line, address = lines[start + found.at], found.address
        if found.image:
            _check_image(address, line, findings, has_image, own_host)
        elif https := with_scheme(address):
            at = start + found.at
            findings.warning(
                line,
                f"the link {shown(address)} has no https://",
                f"write {shown(https, 100)}",
                Edit(at, at, "https://"),
            )
    if found_tag := _LIQUID.search(body):
        findings.warning(
            lines[start + found_tag.start()],
            f"{shown(found_tag[0])} is a template tag, which only Jekyll runs",
            "write what it stands for",
        )


def _check_image(
    address: str, line: int, findings: Findings, has_image: Callable[[str], bool], own_host: str
) -> None:
    path = local_path(address, own_host)
    if path is None:
        findings.warning(
            line,
            f"the image {shown(address)} is on another host, and is shown as a link",
            "put the file below images/ and point to it there",
        )
    elif not has_image(path):
        findings.warning(
            line,
            f"the image {shown(address)} is not there",
            "put the file below images/, or take the line away",
        )


def _addresses(body: str) -> list[_Address]:
    found = []
    for match in islice(_INLINE.finditer(body), MOST):
        group = "angled" if match["angled"] else "plain"
        bracket = _opening(body, match.start())
        found.append(_Address(match.start(group), match[group], bracket > 0 and body[bracket - 1] == "!"))
    found += [
        _Address(match.start("plain"), match["plain"], False)
        for match in islice(_DEFINITION.finditer(body), MOST)
    ]
    for match in islice(_TAG.finditer(body), MOST):
        group = "double" if match["double"] is not None else "single"
        if match[group]:
            found.append(_Address(match.start(group), match[group], match["tag"].lower() == "img"))
    return sorted(found, key=lambda address: address.at)


def _opening(body: str, closing: int) -> int:
    """Where the bracket opens that closes here; an image inside a link's text has brackets of its own."""
    depth = 0
    for at in range(closing, max(-1, closing - 1000), -1):
        if body[at] == "]":
            depth += 1
        elif body[at] == "[":
            depth -= 1
            if depth == 0:
                return at
    return -1


def without_code(body: str) -> str:
    """The Markdown with blanks for code and comments, every other character at its place."""
    rows, fence = body.split("\n"), ""
    for number, row in enumerate(rows):
        mark = re.match(r" {0,3}(```+|~~~+)", row)
        if fence or mark:
            rows[number] = " " * len(row)
            if mark and not fence:
                fence = mark[1]
            elif mark and mark[1].startswith(fence):
                fence = ""
        elif "`" in row:
            rows[number] = re.sub(r"`[^`]+`", lambda code: " " * len(code[0]), row)
    text, pieces, at = "\n".join(rows), [], 0
    while (begin := text.find("<!--", at)) >= 0 and (end := text.find("-->", begin)) >= 0:
        pieces += [text[at:begin], re.sub(r"[^\n]", " ", text[begin : end + 3])]
        at = end + 3
    return "".join([*pieces, text[at:]])

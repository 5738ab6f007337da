"""A feed in Atom (RFC 4287), and the sitemap of the same pages (https://www.sitemaps.org/protocol.html).

Written with the standard library: RFC 4287 asks for ten elements, and the libraries that know them bring lxml, or a
clock of their own and summaries that are always HTML.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET  # it only writes here

ATOM = "http://www.w3.org/2005/Atom"
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold (XML 1.0, production Char); YAML can write it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One page that the feed tells of. ``url`` is its permanent address and so its id; ``summary`` is plain text."""

    url: str
    title: str
    summary: str
    updated: datetime
    language: str


@dataclass(frozen=True, kw_only=True)
class Feed:
    """``url`` is the feed's own address and its id, ``page`` that of the page with the same for people."""

    url: str
    page: str
    title: str
    author: str
    language: str
    entries: Sequence[Entry]


def feed(of: Feed, *, otherwise: datetime) -> bytes:
    """The document; entries in the order given. ``otherwise`` is when a feed was updated that has no entry."""
    root = ET.Element("feed", {"xmlns": ATOM, XML_LANG: of.language})
    _add(root, "id", of.url)
    _add(root, "title", of.title)
    _add(root, "updated", _at(max((entry.updated for entry in of.entries), default=otherwise)))
    _add(ET.SubElement(root, "author"), "name", of.author)
    _add(root, "link", rel="self", type="application/atom+xml", href=of.url)
    _add(root, "link", rel="alternate", type="text/html", href=of.page)
    for told in of.entries:
        entry = ET.SubElement(root, "entry", {XML_LANG: told.language})
        _add(entry, "id", told.url)
        _add(entry, "title", told.title)
        _add(entry, "updated", _at(told.updated))
        _add(entry, "link", rel="alternate", type="text/html", href=told.url)
        _add(entry, "summary", told.summary, type="text")
    return _written(root)


def sitemap(pages: Iterable[tuple[str, datetime | None]]) -> bytes:
    """The document: the address of each page, and when it changed where that is known."""
    root = ET.Element("urlset", {"xmlns": SITEMAP})
    for url, changed in pages:
        page = ET.SubElement(root, "url")
        _add(page, "loc", url)
        if changed:
            _add(page, "lastmod", _at(changed))
    return _written(root)


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> None:
    ET.SubElement(parent, name, attributes).text = _NOT_XML.sub("", text) or None


def _at(moment: datetime) -> str:
    """RFC 3339, as both formats have it, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _written(root: ET.Element) -> bytes:
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document

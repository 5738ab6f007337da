"""The text of an event as HTML that is safe, strictly valid, and asks no third party for anything."""

import re
import threading
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from urllib.parse import quote

import markdown
import nh3
from markdown.extensions import Extension
from markdown.preprocessors import Preprocessor

from portal.content.costly import is_costly
from portal.content.links import host_of, local_path, with_scheme

ImageSize = Callable[[str], tuple[int, int] | None]
"""The size of the image at a path below ``images/``; None when it is not there, (0, 0) when it cannot be told."""

WIDEST = 4_000

_EXTENSIONS = ("tables", "fenced_code", "def_list", "sane_lists", "md_in_html", "attr_list", "abbr")
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dfn", "div", "dl", "dt",
    "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark",
    "ol", "p", "pre", "q", "s", "samp", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
_VALUES = {
    "start": r"-?\d{1,5}",
    "colspan": r"[1-9]\d{0,2}",
    "rowspan": r"[1-9]\d{0,2}",
    "scope": r"(?i:row|col|rowgroup|colgroup)",
}
"""What nh3 lets through whatever it says; with another value the attribute is left out."""
_GONE_WITH_CONTENT = {
    "script", "style", "iframe", "object", "embed", "noscript", "noembed", "noframes", "template", "svg", "math",
    "textarea", "select", "title", "xmp", "audio", "video", "canvas",
}  # fmt: skip
_SCHEMES = {"http", "https", "mailto", "tel"}
_NO_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef]|[\ufffe\uffff]")
_EMPTY = re.compile(r"<(h[2-6]|p)>\s*</\1>\n?|<a(?: [^<>]*)?></a>")
_BELONGS_IN = {
    "li": {"ul", "ol"},
    "dt": {"dl", "div"},
    "dd": {"dl", "div"},
    "summary": {"details"},
    "figcaption": {"figure"},
}


def render(text: str, base: str, image_size: ImageSize, table_label: str = "Table") -> str:
    """HTML for the Markdown of an event, to stand below the page's own ``h1``.

    ``base`` is the site's address: links to other hosts than its own are marked as such. ``table_label``
    names a table that has no heading above it. Text that cannot be rendered in reasonable time (or at all) is
    shown as it was written.
    """
    text = _NO_HTML.sub("", text)
    if is_costly(text):
        return _as_written(text)
    try:
        clean = nh3.clean(
            _to_html(text),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            clean_content_tags=_GONE_WITH_CONTENT,
            url_schemes=_SCHEMES,
            link_rel=None,
        )
        page = _Page(host_of(base), image_size, table_label)
        # Once more, for what was written as a reference (&#xfffe;).
        page.feed(_NO_HTML.sub("", clean))
        page.close()
    except RecursionError:
        return _as_written(text)
    html = "".join(page.out)
    while (shorter := _EMPTY.sub("", html)) != html:
        html = shorter
    return html


def _as_written(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


_here = threading.local()


def _to_html(text: str) -> str:
    """The library's converter keeps state, so each thread has its own."""
    converter = getattr(_here, "converter", None)
    if converter is None:
        converter = _here.converter = markdown.Markdown(extensions=[*_EXTENSIONS, _AsOnTheSite()])
    try:
        return str(converter.reset().convert(text))
    except Exception:
        # A converter that stopped half-way through is not used again.
        _here.converter = None
        raise


class _AsOnTheSite(Extension):
    def extendMarkdown(self, md: markdown.Markdown) -> None:  # noqa: N802 - the library's name
        # After fenced code (25) and raw HTML (20) are out of the way.
        md.preprocessors.register(_Lists(md), "lists-as-on-the-site", 15)


_ITEM = re.compile(r"(?P<indent> *)(?P<mark>[-*+]|\d{1,9}\.)(?P<gap>[ \t]+)(?=\S)")


class _Lists(Preprocessor):
    """Reads lists as kramdown does: directly below a line of text, and nested by two or three spaces.

    Also, a backslash at the end of a line breaks it.
    """

    def run(self, lines: list[str]) -> list[str]:
        done: list[str] = []
        levels: list[tuple[int, int]] = []
        """For each open list, where its marks and where its texts begin."""
        after_text = False
        for line in lines:
            row = line.expandtabs(4)
            item = None if re.fullmatch(r" {0,3}(?:([-*_]) *)(?:\1 *){2,}", row) else _ITEM.match(row)
            if item and (levels or len(item["indent"]) <= 3):
                indent = len(item["indent"])
                while levels and indent < levels[-1][1] and indent <= levels[-1][0] + 1:
                    levels.pop()
                if not levels and after_text and item["mark"][0] not in "-*+" and item["mark"] != "1.":
                    # "… in\n1987. Then …" is a sentence.
                    done.append(_broken(line))
                    continue
                if not levels and after_text:
                    done.append("")
                levels.append((indent, item.end()))
                after_text = False
                row = " " * 4 * (len(levels) - 1) + row[indent:]
                done.append(_broken(row))
                continue
            if not row.strip():
                after_text = False
                done.append(line)
                continue
            indent = len(row) - len(row.lstrip())
            if levels and done and not done[-1].strip():
                while levels and indent < levels[-1][1]:
                    levels.pop()
                if levels:
                    done.append(_broken(" " * 4 * len(levels) + row[levels[-1][1] :]))
                    continue
            after_text = not levels and not re.match(r"\s{0,3}(?:#{1,6}\s|\|)", row)
            done.append(_broken(line))
        return done


def _broken(line: str) -> str:
    return line[:-1].rstrip("\\") + "  " if line.endswith("\\") and not line.startswith("    ") else line


class _Page(HTMLParser):
    """One pass over clean HTML that fits it into a page: headings, images, links and tables."""

    def __init__(self, own_host: str, image_size: ImageSize, table_label: str) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._own_host, self._image_size, self._table_label = own_host, image_size, table_label
        self._levels: list[int] = []
        self._heading: list[str] | None = None
        self._in_link = 0
        self._tables = 0
        self._last_heading = ""
        self._open: list[str] = []
        """The tags that are open, an empty one for each that was left out."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs if _is_valid(name, value or "")}
        if tag == "img":
            self.out.append(self._image(given))
            return
        is_stray = tag in _BELONGS_IN and (not self._open or self._open[-1] not in _BELONGS_IN[tag])
        leads_nowhere = tag == "a" and not given.get("href", "").strip()
        if is_stray or leads_nowhere or (tag in _HEADINGS and self._heading is not None):
            self._open.append("")
            return
        if tag not in _VOID:
            self._open.append(tag)
        if tag in _HEADINGS:
            tag = self._heading_at(int(tag[1]))
            self._heading = []
        elif tag == "a":
            given = self._link(given)
            self._in_link += 1
        elif tag == "table":
            self._tables += 1
            if self._tables == 1:
                label = escape(self._last_heading or self._table_label)
                self.out.append(f'<div class="scroll" role="region" tabindex="0" aria-label="{label}">')
        self.out.append(_open(tag, given))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or not self._open.pop():
            return
        if tag in _HEADINGS:
            tag = f"h{self._level()}"
            self._last_heading = " ".join("".join(self._heading or []).split()) or self._last_heading
            self._heading = None
        elif tag == "a":
            self._in_link -= 1
        self.out.append(f"</{tag}>")
        if tag == "table":
            self._tables -= 1
            if self._tables == 0:
                self.out.append("</div>")

    def handle_data(self, data: str) -> None:
        if self._heading is not None:
            self._heading.append(data)
        self.out.append(data)

    def handle_entityref(self, name: str) -> None:
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._reference(f"&#{name};")

    def _reference(self, written: str) -> None:
        if self._heading is not None:
            self._heading.append(unescape(written))
        self.out.append(written)

    def _heading_at(self, level: int) -> str:
        while self._levels and self._levels[-1] >= level:
            self._levels.pop()
        self._levels.append(level)
        return f"h{self._level()}"

    def _level(self) -> int:
        return min(1 + len(self._levels), 6)

    def _link(self, given: dict[str, str]) -> dict[str, str]:
        href = given["href"].strip()
        href = with_scheme(href) or href
        host = host_of(f"https:{href}" if href.startswith("//") else href)
        rel = {"rel": "noopener noreferrer"} if host and host != self._own_host else {}
        return {**given, "href": href, **rel}

    def _image(self, given: dict[str, str]) -> str:
        source, alt = given.get("src", "").strip(), given.get("alt", "").strip()
        if not source:
            return escape(alt)
        path = local_path(source, self._own_host)
        if path is None:
            source = f"https:{source}" if source.startswith("//") else source
            text = escape(alt or host_of(source) or source)
            return (
                text
                if self._in_link
                else _open("a", {"href": source, "rel": "noopener noreferrer"}) + text + "</a>"
            )
        size = self._image_size(path)
        if size is None:
            return escape(alt)
        width, height = _shown_size(given, *size)
        shown = {"src": f"/images/{quote(path)}", "alt": alt}
        if given.get("title"):
            shown["title"] = given["title"]
        if width and height:
            shown |= {"width": str(width), "height": str(height)}
        return _open("img", {**shown, "loading": "lazy", "decoding": "async"})


_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_VOID = frozenset({"br", "hr"})


def _is_valid(attribute: str, value: str) -> bool:
    return attribute not in _VALUES or re.fullmatch(_VALUES[attribute], value, re.ASCII) is not None


def _open(tag: str, attributes: dict[str, str]) -> str:
    written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
    return f"<{tag}{written}>"


def _shown_size(given: dict[str, str], width: int, height: int) -> tuple[int, int]:
    """The size a person wrote where it makes sense, in the picture's own proportions where only half is given."""
    wide, high = (_pixels(given.get(side, "")) for side in ("width", "height"))
    if wide and high:
        return wide, high
    if not width or not height:
        return 0, 0
    if wide:
        return wide, max(1, round(wide * height / width))
    if high:
        return max(1, round(high * width / height)), high
    return width, height


def _pixels(written: str) -> int:
    found = re.fullmatch(r"(\d{1,5})(?:px)?", written.strip(), re.ASCII)
    return int(found[1]) if found and 0 < int(found[1]) <= WIDEST else 0

"""Reads a page as a strict browser and a careful visitor do, and says everything that is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from justhtml import JustHTML

HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
CONTROLS = ("input", "select", "textarea")
UNLABELLED_INPUTS = ("hidden", "submit", "button", "reset", "image")
POINTERS = ("aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "aria-details")

# What the parser forgives but the standard does not.
ONLY_WORDS_INSIDE = {*HEADINGS, "p", "span", "label", "button", "strong", "em", "small"}
BLOCKS = {*HEADINGS, "p", "div", "ul", "ol", "dl", "table", "form", "fieldset", "blockquote", "figure", "hr"}
BLOCKS |= {"section", "article", "aside", "nav", "header", "footer", "main", "address", "pre", "details"}
CHILDREN = {
    "ul": {"li"},
    "ol": {"li"},
    "dl": {"dt", "dd", "div"},
    "select": {"option", "optgroup", "hr"},
    "tr": {"td", "th"},
}
EVERYWHERE = {"script", "template"}
PRESSABLE = {"a", "button", "input", "select", "textarea", "label", "summary"}
Elements = list[Any]
MAY_NOT_HOLD = {"a": PRESSABLE, "button": PRESSABLE, "label": {"label", "button"}}


def check_page(html: str) -> JustHTML:
    """The parsed page; fails with all its problems when it has any."""
    page = JustHTML(html, sanitize=False, collect_errors=True)
    problems = [*_syntax(page, html), *page_problems(page)]
    assert not problems, "Problems in this page:\n" + "\n".join(f"- {problem}" for problem in problems)
    return page


def _syntax(page: JustHTML, html: str) -> Iterator[str]:
    lines = html.splitlines()
    for error in page.errors:
        line = lines[error.line - 1].strip() if error.line and error.line <= len(lines) else ""
        yield f"not valid HTML, line {error.line}: {error.message}: {line}"
    twice = _AttributesGivenTwice()
    twice.feed(html)
    yield from twice.problems


class _AttributesGivenTwice(HTMLParser):
    """The one error that JustHTML passes over."""

    def __init__(self) -> None:
        super().__init__()
        self.problems: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, count in Counter(name for name, _ in attrs).items():
            if count > 1:
                self.problems.append(
                    f"not valid HTML, line {self.getpos()[0]}: <{tag}> has {name}= {count} times"
                )


def page_problems(page: JustHTML) -> list[str]:
    """What is wrong with a page that can be parsed."""
    checks = (_document, _ids, _labels, _headings, _nesting, _links_and_buttons, _images, _policy)
    found = list(elements(page))  # walked once: every page that a test meets comes by here
    return [problem for check in checks for problem in check(found)]


def _document(page: Elements) -> Iterator[str]:
    for name in ("h1", "main", "title"):
        # A drawing has a title too.
        found = [element for element in _all(page, name) if name != "title" or element.parent.name == "head"]
        if len(found) != 1:
            yield f"{len(found)} × <{name}>, must be one"
        elif not words(found[0]):
            yield f"<{name}> is empty"
    if not re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?", _get(_all(page, "html")[0], "lang")):
        yield "<html> does not say its language"


def _ids(page: Elements) -> Iterator[str]:
    counts = Counter(_get(element, "id") for element in _having(page, "id"))
    for name, count in counts.items():
        if count > 1:
            yield f"id {name!r} is used {count} times"
        if not name or re.search(r"\s", name):
            yield f"id {name!r} is not a name"
    for pointer in POINTERS:
        for element in _having(page, pointer):
            for name in _get(element, pointer).split() or [""]:
                if name not in counts:
                    yield f"{pointer} of {_show(element)} points to {name!r}, which is not there"
    for element in _having(page, "href"):
        target = _get(element, "href")
        if target.startswith("#") and target[1:] not in counts:
            yield f"{_show(element)} leads nowhere"


def _labels(page: Elements) -> Iterator[str]:
    controls = [control for control in page if _is_visible_control(control)]
    labelled = {_get(label, "for") for label in _all(page, "label") if words(label)}
    known = {_get(element, "id") for element in page if element.name in (*CONTROLS, "output", "button")}
    for label in _all(page, "label"):
        if "for" in label.attrs and label.attrs["for"] not in known:
            yield f"{_show(label)} is for nothing"
    for control in controls:
        wrapped = any(parent.name == "label" and words(parent) for parent in ancestors(control))
        said = _get(control, "aria-label") or "aria-labelledby" in control.attrs
        if not (wrapped or said or _get(control, "id") in labelled):
            yield f"{_show(control)} has no label"
    for fieldset in _all(page, "fieldset"):
        first = next((child for child in fieldset.children if _is_element(child)), None)
        if not first or first.name != "legend" or not words(first):
            yield f"{_show(fieldset)} does not begin with a legend"


def _is_visible_control(element: Any) -> bool:
    return element.name in CONTROLS and _get(element, "type") not in UNLABELLED_INPUTS


def _headings(page: Elements) -> Iterator[str]:
    headings = [element for element in page if element.name in HEADINGS]
    for heading in headings:
        if not words(heading):
            yield f"{_show(heading)} is empty"
    for above, below in pairwise(headings):
        if int(below.name[1]) > int(above.name[1]) + 1:
            yield f"{_show(below)} skips a level after {_show(above)}"
    if headings and headings[0].name != "h1":
        yield f"{_show(headings[0])} comes before the h1"


def _nesting(page: Elements) -> Iterator[str]:
    for element in page:
        for child in filter(_is_element, element.children):
            block = element.name in ONLY_WORDS_INSIDE and child.name in BLOCKS
            stray = element.name in CHILDREN and child.name not in CHILDREN[element.name] | EVERYWHERE
            if block or stray:
                yield f"{_show(child)} may not stand inside {_show(element)}"
        for parent in ancestors(element):
            if element.name in MAY_NOT_HOLD.get(parent.name, ()):
                yield f"{_show(element)} may not stand inside {_show(parent)}"


def _links_and_buttons(page: Elements) -> Iterator[str]:
    for link in _all(page, "a"):
        if not _get(link, "href").strip():
            yield f"{_show(link)} has no address"
        if not _name(link):
            yield f"{_show(link)} says nothing"
    for button in _all(page, "button"):
        if not _name(button):
            yield f"{_show(button)} says nothing"
    for button in _all(page, "input"):
        if _get(button, "type") in ("submit", "button", "reset") and not _get(button, "value"):
            yield f"{_show(button)} says nothing"


def _name(element: Any) -> str:
    alternatives = " ".join(_get(image, "alt") for image in element.query("img"))
    return words(element) or _get(element, "aria-label") or alternatives.strip()


def _images(page: Elements) -> Iterator[str]:
    for image in _all(page, "img"):
        if "alt" not in image.attrs:
            yield f"{_show(image)} has no alt"
        if not _get(image, "src"):
            yield f"{_show(image)} has no src"


def _policy(page: Elements) -> Iterator[str]:
    """The Content-Security-Policy allows nothing inline."""
    for style in _all(page, "style"):
        yield f"{_show(style)}: styles belong in the stylesheet"
    for script in _all(page, "script"):
        if "src" not in script.attrs and _get(script, "type") in ("", "module", "text/javascript"):
            yield f"{_show(script)}: scripts belong in a file"
    for element in page:
        for attribute, value in element.attrs.items():
            if attribute == "style" or attribute.startswith("on"):
                yield f"{_show(element)} has {attribute}="
            address = attribute in ("href", "src", "action", "formaction")
            if address and (value or "").strip().lower().startswith("javascript:"):
                yield f"{_show(element)} has a script for an address"


# Walking a page


def elements(page: JustHTML) -> Iterator[Any]:
    """All elements, in the order in which they are read."""

    left = [page.root]
    while left:
        node = left.pop()
        if _is_element(node):
            yield node
        left += reversed(node.children or ())


def ancestors(element: Any) -> Iterator[Any]:
    """The elements around this one, from the inside out."""
    while (element := element.parent) is not None:
        if _is_element(element):
            yield element


def words(element: Any) -> str:
    """What can be read in it, with single spaces."""
    return " ".join(element.to_text(strip=False, separator_blocks_only=True).split())


def _all(page: Elements, name: str) -> Elements:
    return [element for element in page if element.name == name]


def _having(page: Elements, attribute: str) -> Elements:
    return [element for element in page if attribute in element.attrs]


def _get(element: Any, attribute: str) -> str:
    return element.attrs.get(attribute) or ""


def _is_element(node: Any) -> bool:
    return bool(getattr(node, "attrs", None) is not None and not node.name.startswith(("#", "!")))


def _show(element: Any) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in element.attrs.items() if name != "class")
    text = words(element)
    return f"<{element.name}{attributes}>" + (f" “{text[:40]}”" if text else "")

"""HTML of our own making as text for who reads letters without it."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "div", "hr"}
)
_LINES = frozenset({"br", "li", "tr", "dt", "dd"})


def from_html(html: str) -> str:
    """The words of ``html``: paragraphs with an empty line between them, lists with dashes or numbers, and
    behind the words of each link its address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [" ".join(line.split()) for line in "".join(reader.out).split("\n")]
    text = "\n".join(lines).strip()
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return text


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self._lists: list[int | None] = []
        """For each open list the number of its last item; None where items have no numbers."""
        self._link: tuple[str, int] = ("", 0)
        """The address of the open link, and where in ``out`` its words begin."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("ul", "ol"):
            self.out.append("" if self._lists else "\n\n")
            self._lists.append(_first(given.get("start")) - 1 if tag == "ol" else None)
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag in _LINES:
            self.out.append("\n")
        if tag == "li" and self._lists:
            number = self._lists[-1]
            if number is not None:
                self._lists[-1] = number = number + 1
            self.out.append("- " if number is None else f"{number}. ")
        elif tag == "a":
            self._link = (given.get("href") or "", len(self.out))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
            self.out.append("" if self._lists else "\n\n")
        elif tag in _BLOCKS:
            self.out.append("\n\n")
        elif tag in ("td", "th"):
            self.out.append("  ")
        elif tag == "a":
            address, start = self._link
            words = " ".join("".join(self.out[start:]).split())
            if address.removeprefix("mailto:").removeprefix("https://").rstrip("/") != words.removeprefix(
                "https://"
            ).rstrip("/"):
                self.out.append(f" ({address.removeprefix('mailto:')})")

    def handle_data(self, data: str) -> None:
        self.out.append(data.replace("\n", " "))


def _first(start: str | None) -> int:
    """The number of a list's first item."""
    return int(start) if start and re.fullmatch(r"-?\d{1,5}", start, re.ASCII) else 1

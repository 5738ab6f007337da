"""What an event costs, from its key or from the line of its text that says so. In cents, never a float."""

import re
from dataclasses import dataclass
from itertools import islice

HIGHEST = 100_000_00
MOST_LABELS = 20
FREE = frozenset({"gratis", "free", "gratuit", "gratuite", "kostenlos", "kostenfrei", "kosteloos"})

_CURRENCY = r"(?:€|\beuros?\b|\beur\b)"
_NUMBER = r"(?P<whole>\d{1,3}(?:\.\d{3})+(?=,\d)|\d{1,9})(?:[.,](?P<cents>\d{1,2}|-{1,2}))?"
_AMOUNT = re.compile(rf"(?:{_CURRENCY}\s*)?(?<![\d.,-]){_NUMBER}(?:\s*{_CURRENCY})?", re.IGNORECASE)
_PLAIN = re.compile(r"\d+(?:[.,]\d{1,2})?")


def read_price(text: str) -> int | None:
    """The cents that ``text`` means when it is one amount or a word for free, and nothing else; else None."""
    text = text.replace("\u00a0", " ").strip()
    if text.casefold() in FREE:
        return 0
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    cents = found["cents"] or ""
    euros = int(found["whole"].replace(".", ""))
    amount = euros * 100 + (int(cents.ljust(2, "0")) if cents.isdigit() else 0)
    return amount if amount <= HIGHEST else None


def is_plain(text: str) -> bool:
    """Whether the text is the number that the key ``price`` takes."""
    return _PLAIN.fullmatch(text.strip()) is not None


def written(cents: int) -> str:
    """The amount as a file says it."""
    return str(cents // 100) if cents % 100 == 0 else f"{cents // 100}.{cents % 100:02d}"


@dataclass(frozen=True)
class PriceLine:
    """``row`` counts from 0; ``cents`` None: it says more than one plain amount."""

    row: int
    cents: int | None


_TAG = re.compile(r"<[^<>]{0,300}>")
_ANY_LABEL = re.compile(r"[\s>*_#+-]*\w[^:<>\n]{0,40}[*_]{0,3}\s*:")
_LABEL = re.compile(
    r"[\s>*_#+-]*(?:prijs|price|prix|preis)\b[*_]{0,3}\s*(?P<aside>\([^()\n]{0,80}\))?[*_]{0,3}\s*:[*_]{0,3}(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)


def price_in_text(body: str) -> PriceLine | None:
    """The price that a labelled line of Markdown says (``**Prijs:** €65``); None when no line is so labelled.

    The value may stand below its label; what stands around it in the same paragraph belongs to it.
    """
    rows = [_TAG.sub("", row) for row in body.split("\n")]
    labelled = [(row, found) for row, text in enumerate(rows) if (found := _LABEL.match(text))][:MOST_LABELS]
    said = []
    for row, found in labelled:
        value = " ".join(
            [found["value"], *_paragraph_below(rows, row, bool(found["value"].strip(" *_\u00a0")))]
        )
        if value.strip(" *_"):
            said.append(PriceLine(row, None if found["aside"] else read_price(_bare(value))))
    if not said:
        return None
    return said[0] if len({line.cents for line in said}) == 1 else PriceLine(said[0].row, None)


def _paragraph_below(rows: list[str], row: int, said: bool) -> list[str]:
    below: list[str] = []
    for text in islice(rows, row + 1, None):
        if not text.strip():
            if said or below:
                break
            continue
        if _ANY_LABEL.match(text) or text.lstrip().startswith(("#", "!", "|")):
            break
        below.append(text)
    return below


def _bare(value: str) -> str:
    return value.replace("*", " ").replace("_", " ").strip().strip("\\").rstrip(" .;").lstrip("- ")

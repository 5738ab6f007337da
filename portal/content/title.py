"""Words before a title that say that an event is off, or full."""

import re
from dataclasses import dataclass
from typing import Literal

_CANCELLED = (
    "geannuleerd",
    "annuleerd",
    "afgelast",
    "cancelled",
    "canceled",
    "annulée?",
    "annule",
    "abgesagt",
)
_FULL = ("volzet", "uitverkocht", "sold[ -]out", "complet", "ausgebucht")

_WORD = rf"(?:(?P<cancelled>{'|'.join(_CANCELLED)})|(?P<full>{'|'.join(_FULL)}))(?!\w)"
_MARKED = re.compile(
    rf"\s*(?:[*_]+\s*)?(?P<open>[\[({{])?\s*{_WORD}\s*(?P<close>[\])}}])?[*_]*(?P<mark>\s*[:!–—]|\s+-|-(?=\s))?"
    rf"[\s*_:!.,;|/–—-]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Heading:
    """A title without the word before it; ``prefix`` is what was taken away, empty when nothing was."""

    title: str
    prefix: str = ""
    says: Literal["cancelled", "full", ""] = ""


def read_title(text: str) -> Heading:
    """The title and what the word before it says.

    A word in capitals counts whatever follows it; in small letters only one that is set apart, because
    "Complet en un jour" is a title.
    """
    rest = text
    says: Literal["cancelled", "full", ""] = ""
    while found := _MARKED.match(rest):
        word = found["cancelled"] or found["full"]
        set_apart = found["mark"] or (found["open"] and found["close"])
        if not (word.isupper() or set_apart) or not rest[found.end() :].strip():
            break
        says = "cancelled" if found["cancelled"] or says == "cancelled" else "full"
        rest = rest[found.end() :]
    return Heading(rest.strip(), text[: len(text) - len(rest)], says) if says else Heading(text)

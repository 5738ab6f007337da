"""What was made once and is shown again, as long as it is true."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

from markupsafe import escape

from portal.content.event import Event

Made = TypeVar("Made")

PAGES = 300
"""So many lie on a shelf of each process."""


@dataclass(frozen=True)
class Recipe:
    """What a page at ``route`` was made from: this version of the content, and the places of ``slug`` (of all events
    when it is None) as ``counted``. ``until``: when time first changes something in it."""

    route: str
    version: int
    slug: str | None
    counted: Sequence[Any]
    made_at: datetime
    until: datetime | None

    def may_hold(self, version: int, at: datetime) -> bool:
        """Whether a page of this recipe is true of this version and moment, if the places are."""
        return self.version == version and self.made_at <= at and (self.until is None or at < self.until)


class Shelf(Generic[Made]):
    """What threads made and may be used again, PAGES of it: what was not asked for longest goes."""

    def __init__(self) -> None:
        self._made: OrderedDict[tuple[str, ...], Made] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[str, ...]) -> Made | None:
        """What lies under ``key``."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def put(self, key: tuple[str, ...], made: Made) -> None:
        """Lay it under ``key``."""
        with self._lock:
            self._made[key] = made
            self._made.move_to_end(key)
            if len(self._made) > PAGES:
                self._made.popitem(last=False)


@dataclass(frozen=True)
class EmptyForm:
    """The page of the form of ``event`` that nobody has filled in, with holes for what is another each time."""

    event: Event
    recipe: Recipe
    page: str

    @classmethod
    def of(cls, event: Event, recipe: Recipe, page: str, own: Sequence[str]) -> "EmptyForm":
        """Take a page with holes, numbered from 0. What is its visitor's ``own`` becomes holes too, numbered from -1
        down: random, it stands nowhere else."""
        for number, value in enumerate(own):
            page = page.replace(value, hole(-1 - number))
        return cls(event, recipe, page)

    def filled(self, said: Sequence[str], own: Sequence[str]) -> str:
        """The page for somebody else, with what is ``said`` in words in its holes."""
        page = self.page
        for number, value in enumerate(said):
            page = page.replace(hole(number), escape(value))
        for number, value in enumerate(own):
            page = page.replace(hole(-1 - number), value)
        return page


def hole(number: int) -> str:
    """What stands in a page for words that are put in later; in nothing that people write."""
    return f"\0{number}\0"

"""What was made once and is shown again, as long as it is true."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")

PAGES = 300
"""So many lie on a shelf of each process."""
_HOLE = "\0{}\0"


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
    """The page of a form that nobody has filled in, without the values in it that are another one's each time."""

    recipe: Recipe
    page: str

    @classmethod
    def of(cls, recipe: Recipe, page: str, values: Sequence[str]) -> "EmptyForm":
        """Take a page that was made with these values; they are random, and stand nowhere else in it."""
        for number, value in enumerate(values):
            page = page.replace(value, _HOLE.format(number))
        return cls(recipe, page)

    def with_values(self, values: Sequence[str]) -> str:
        """The page for somebody else."""
        page = self.page
        for number, value in enumerate(values):
            page = page.replace(_HOLE.format(number), value)
        return page

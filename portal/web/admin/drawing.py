"""Where the lines of a figure run: geometry for the templates that draw it, which know no arithmetic.

Across, everything is in percent of the width, so that a figure fits a phone and a sheet of paper while its letters keep
their size; up and down it is in pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from portal.domain.numbers import Day

HEIGHT, TOP = 168.0, 20.0
"""Of the part of the figure that is drawn in, and the room above it for the number on its upper line."""

LONG = 45
"""Days from which on months are written below."""


@dataclass(frozen=True)
class Tick:
    """A line of the grid: what it stands for, and where it is in pixels from above."""

    value: int
    y: float


@dataclass(frozen=True)
class Mark:
    """A day that is written below, and where it is in percent."""

    day: date
    x: float


@dataclass(frozen=True)
class OverTime:
    """A figure of places taken, and above them who waits, day by day.

    ``held`` is a surface and ``wanted`` the one that reaches to the last who waits, in a box of 100 by 100; ``places``
    is where the line of all places runs, None when there is no limit.
    """

    held: str
    wanted: str
    places: float | None
    ticks: tuple[Tick, ...]
    first: date
    last: date
    months: tuple[Mark, ...]

    height = HEIGHT
    top = TOP


def over_time(days: Sequence[Day], capacity: int | None, until: date) -> OverTime:
    """The figure of ``days``, of which there is at least one, drawn to the end of ``until``."""
    most = max([capacity or 0, *(day.held + day.waiting for day in days)])
    step = _step(most)
    ceiling = max(step, -(-most // step) * step)
    first, last = days[0].day, max(until, days[-1].day)
    return OverTime(
        held=_surface([(day.day, day.held / ceiling) for day in days], last),
        wanted=_surface([(day.day, (day.held + day.waiting) / ceiling) for day in days], last),
        places=None if capacity is None else _y(capacity / ceiling),
        ticks=tuple(Tick(value, _y(value / ceiling)) for value in range(0, ceiling + 1, step)),
        first=first,
        last=last,
        months=_months(first, last),
    )


def percent(number: float, of: float) -> float:
    """A share as a width; nothing of nothing is nothing."""
    return round(min(100 * number / of, 100), 2) if of else 0


def _step(most: int) -> int:
    """The roundest step with which a scale reaches ``most`` in four or fewer."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * 4 >= most:
                return step
        size *= 10


def _y(share: float) -> float:
    return round(TOP + HEIGHT * (1 - share), 1)


def _surface(values: Sequence[tuple[date, float]], last: date) -> str:
    """Steps: what is so at the end of a day is drawn from that day on."""
    first, length = values[0][0], (last - values[0][0]).days + 1
    path = f"M0 100V{_down(values[0][1])}"
    for (_before, _height), (day, height) in pairwise(values):
        path += f"H{round(100 * (day - first).days / length, 2):g}V{_down(height)}"
    return f"{path}H100V100Z"


def _down(share: float) -> str:
    return f"{round(100 * (1 - share), 2):g}"


def _months(first: date, last: date) -> tuple[Mark, ...]:
    """First days of months, as many as there is room for between the two ends."""
    length = (last - first).days + 1
    if length < LONG:
        return ()
    starts = []
    month = first.replace(day=1)
    while (month := (month + timedelta(days=31)).replace(day=1)) <= last:
        starts.append(month)
    marks = [Mark(day, round(100 * (day - first).days / length, 2)) for day in starts]
    roomy = [mark for mark in marks if 16 <= mark.x <= 84]
    return tuple(roomy[:: -(-len(roomy) // 6) or 1])

"""The rows of the figures that are tables with a bar in each row."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.domain.numbers import Attendance, Pool, Question, Schools, Waited
from portal.domain.terms import MANY
from portal.domain.words import numeral
from portal.i18n import gettext as _
from portal.i18n import ngettext


@dataclass(frozen=True)
class Bar:
    """A row: how many, of how many where there is a limit, and in which words it is written."""

    label: str
    number: int
    words: str
    of: int | None = None


@dataclass(frozen=True)
class Bars:
    """The rows of a figure; ``each_full``: a bar tells how much there is of its own limit, else all have one scale."""

    rows: tuple[Bar, ...]
    each_full: bool = False

    def scale(self, row: Bar) -> int | None:
        """Where the scale of a row's bar ends; None where there is nothing to draw."""
        if self.each_full:
            return row.of
        return max(other.number for other in self.rows)


def pools(found: Sequence[Pool]) -> Bars:
    """How many places are taken in the event, its sessions and its tickets, and how many people wait for them."""
    return Bars(
        tuple(
            Bar(pool.label or _("The whole event"), pool.taken, _places(pool), pool.capacity)
            for pool in found
        ),
        each_full=True,
    )


def schools(found: Schools) -> Bars:
    """The schools with most people, then all others together."""
    rows = [Bar(school.label, school.number, numeral(school.number)) for school in found.top]
    if found.others:
        label = ngettext("%(number)s other school", "%(number)s other schools", found.others)
        rows.append(Bar(label % {"number": numeral(found.others)}, found.rest, numeral(found.rest)))
    if found.unknown:
        rows.append(Bar(_("School not known"), found.unknown, numeral(found.unknown)))
    return Bars(tuple(rows))


def question(asked: Question) -> Bars:
    """How often each answer was given, and how often none."""
    said = {"yes": _("yes"), "no": _("no")} if asked.tick else {}
    rows = [
        Bar(said.get(option.label, option.label), option.number, numeral(option.number))
        for option in asked.options
    ]
    if silent := asked.asked - asked.answered:
        rows.append(Bar(_("No answer"), silent, numeral(silent)))
    return Bars(tuple(rows))


def waited(found: Waited) -> Bars:
    """What became of those who waited."""
    return Bars(
        (
            Bar(_("Has a place now"), found.placed, numeral(found.placed)),
            Bar(_("Still waits"), found.waiting, numeral(found.waiting)),
            Bar(_("Cancelled"), found.gone, numeral(found.gone)),
        )
    )


def attendance(found: Attendance) -> Bars:
    """Who came, of all and of each ticket."""
    of_all = (_("The whole event"), found.expected, found.came)
    return Bars(
        tuple(
            Bar(label, came, _taken(came, expected), expected)
            for label, expected, came in (of_all, *found.tickets)
        ),
        each_full=True,
    )


def came(found: Sequence[int]) -> Bars:
    """How many people had a place at one event, at two, and so on."""
    rows = []
    for events, people in enumerate(found, start=1):
        label = ngettext("%(number)d event", "%(number)d events", events) % {"number": events}
        if events == MANY:
            label = _("%(number)d events or more") % {"number": events}
        rows.append(Bar(label, people, numeral(people)))
    return Bars(tuple(rows))


def _places(pool: Pool) -> str:
    words = numeral(pool.taken) if pool.capacity is None else _taken(pool.taken, pool.capacity)
    if not pool.waiting:
        return words
    waiting = ngettext("%(number)s waits", "%(number)s wait", pool.waiting)
    return f"{words}, {waiting % {'number': numeral(pool.waiting)}}"


def _taken(number: int, of: int) -> str:
    return _("%(taken)s of %(all)s") % {"taken": numeral(number), "all": numeral(of)}

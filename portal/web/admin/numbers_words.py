"""What the figures show, in a sentence each: who cannot see a figure, or has no time to, reads its finding."""

from datetime import date

from portal.domain import words
from portal.domain.numbers import Attendance, Day, Numbers, Pool, Question, Schools, Waited
from portal.domain.terms import AllNumbers, Term, TermNumbers
from portal.domain.words import numeral
from portal.i18n import gettext as _
from portal.i18n import ngettext

FEW = 5
"""Sign-ups from which on one day can be called the busiest."""
TOGETHER = 3
"""Schools that may lead together; where more do, none does."""


def term(of: Term) -> str:
    """``september tot en met december 2026``."""
    first, last = words.month_year(of.begins), words.month_year(of.ends)
    year = f" {of.year}"
    return _("%(first)s to %(last)s") % {"first": first.removesuffix(year), "last": last}


def over_time(numbers: Numbers) -> str:
    """How many of the places are taken, since when all, and which day was the busiest."""
    days, capacity = numbers.days, numbers.pools[0].capacity
    told = {"taken": numeral(numbers.confirmed), "places": numeral(capacity or 0)}
    if capacity is None:
        finding = ngettext(
            "%(taken)s person has a place.", "%(taken)s people have a place.", numbers.confirmed
        ) % {"taken": told["taken"]}
    elif full := _full_since(days, capacity):
        finding = _("All %(places)s places are taken, since %(day)s.") % (told | {"day": words.day(full.day)})
    else:
        finding = _("%(taken)s of %(places)s places are taken.") % told
    busiest = max(days, key=lambda day: day.signed_up)
    if numbers.people < FEW or len(days) == 1:
        return finding
    return f"{finding} " + ngettext(
        "The busiest day was %(day)s, with one sign-up.",
        "The busiest day was %(day)s, with %(number)s sign-ups.",
        busiest.signed_up,
    ) % {"day": words.day(busiest.day), "number": numeral(busiest.signed_up)}


def pools(found: tuple[Pool, ...]) -> str:
    """Which sessions and tickets are full, or nearest to it."""
    parts = [pool for pool in found if pool.kind != "event"]
    limited = [pool for pool in parts if pool.capacity]
    full = [pool.label for pool in limited if pool.taken >= (pool.capacity or 0)]
    if full:
        return ngettext("%(names)s is full.", "%(names)s are full.", len(full)) % {"names": ", ".join(full)}
    if limited:
        nearest = max(limited, key=lambda pool: pool.taken / (pool.capacity or 1))
        return _("%(name)s is nearest to full: %(taken)s of %(places)s places are taken.") % {
            "name": nearest.label,
            "taken": numeral(nearest.taken),
            "places": numeral(nearest.capacity or 0),
        }
    most = max(parts, key=lambda pool: pool.taken)
    return ngettext(
        "%(name)s was chosen most, by %(number)s person.",
        "%(name)s was chosen most, by %(number)s people.",
        most.taken,
    ) % {"name": most.label, "number": numeral(most.taken)}


def schools(found: Schools) -> str:
    """How many there are, and from which most people come."""
    if not found.top:
        return _("Of nobody who has a place a school is known.")
    people = found.top[0].number
    leading = [school.label for school in found.top if school.number == people]
    told = {
        "schools": ", ".join(leading),
        "people": numeral(people),
        "number": numeral(found.number),
    }
    if found.number == 1:
        return _("All whose school is known come from %(schools)s.") % told
    if len(leading) > TOGETHER or len(leading) == found.number:
        return _("People come from %(number)s schools, and from none in particular.") % told
    if len(leading) > 1:
        return _("People come from %(number)s schools, most from %(schools)s: %(people)s each.") % told
    return _("People come from %(number)s schools, most from %(schools)s: %(people)s.") % told


def question(asked: Question) -> str:
    """Which answer was given most."""
    if not asked.answered:
        return _("Nobody has answered yet.")
    told = {"answered": numeral(asked.answered)}
    if asked.tick:
        yes = next(option.number for option in asked.options if option.label == "yes")
        return _("%(yes)s of %(answered)s said yes.") % (told | {"yes": numeral(yes)})
    most = max(option.number for option in asked.options)
    leading = [option.label for option in asked.options if option.number == most]
    told |= {"options": ", ".join(f"“{label}”" for label in leading), "number": numeral(most)}
    if len(leading) > 1:
        return _("Given most: %(options)s, each %(number)s times.") % told
    return _("Given most: %(options)s, by %(number)s of %(answered)s.") % told


def waited(found: Waited) -> str:
    """How many of those who waited got a place."""
    return ngettext(
        "Of %(all)s person who ever waited, %(placed)s has a place now.",
        "Of %(all)s people who ever waited, %(placed)s have a place now.",
        found.all,
    ) % {"placed": numeral(found.placed), "all": numeral(found.all)}


def attendance(found: Attendance) -> str:
    """How many came of who was expected."""
    return _("%(came)s of %(expected)s people with a place were let in at the door: %(share)s.") % {
        "came": numeral(found.came),
        "expected": numeral(found.expected),
        "share": words.share(found.came, found.expected),
    }


def terms(found: tuple[TermNumbers, ...], today: date) -> str:
    """The last term that is over, and how it compares with the same one of the year before; while none is over, how
    far this one has come."""
    last = next((one for one in found if one.term < Term.of(today)), None)
    if last is None:
        return ngettext(
            "%(filled)s place is filled so far.", "%(filled)s places are filled so far.", found[-1].filled
        ) % {"filled": numeral(found[-1].filled)}
    finding = ngettext(
        "%(term)s: %(filled)s place filled.", "%(term)s: %(filled)s places filled.", last.filled
    ) % {
        "term": _capital(term(last.term)),
        "filled": numeral(last.filled),
    }
    before = next((one for one in found if one.term == last.term.year_before), None)
    return finding if before is None else f"{finding} {_compared(last.filled - before.filled)}"


def _compared(more: int) -> str:
    if more == 0:
        return _("That is as many as a year before.")
    told = {"number": numeral(abs(more))}
    if more > 0:
        return _("That is %(number)s more than a year before.") % told
    return _("That is %(number)s fewer than a year before.") % told


def returning(found: AllNumbers) -> str:
    """How many people had a place at more than one event."""
    return ngettext(
        "%(number)s of %(known)s people had a place at more than one event.",
        "%(number)s of %(known)s people had a place at more than one event.",
        found.returning,
    ) % {"number": numeral(found.returning), "known": numeral(found.known)}


def _full_since(days: tuple[Day, ...], capacity: int) -> Day | None:
    """The day since which all places are taken; None when they are not."""
    since = None
    for day in days:
        since = (since or day) if day.held >= capacity else None
    return since


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Days, times, money and places as people say them, in the language in force."""

from datetime import date, datetime, time
from decimal import Decimal

from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_currency, format_decimal, format_percent

from portal.content.event import Event
from portal.domain.places import Availability
from portal.i18n import current_language, locale, ngettext
from portal.i18n import gettext as _

# How an hour is written, and what stands after it; Babel's own patterns are those of timetables.
_HOURS = {
    "nl": ("H.mm", "\N{NO-BREAK SPACE}uur"),
    "en": ("H:mm", ""),
    "fr": ("H 'h' mm", ""),
    "de": ("H:mm", "\N{NO-BREAK SPACE}Uhr"),
}


def day(of: date, *, year: bool = True) -> str:
    """``vrijdag 14 november 2025``."""
    pattern = "EEEE, d. MMMM y" if current_language() == "de" else "EEEE d MMMM y"
    return format_date(of, pattern if year else pattern.removesuffix(" y"), locale=locale())


def moment(at: datetime) -> str:
    """``vrijdag 14 november 2025, 9.30 uur``; ``at`` is in the zone to be shown."""
    return f"{day(at)}, {_hour(at)}{_after_hours()}"


def month_year(of: date) -> str:
    """``november 2025``."""
    return format_date(of, "LLLL y", locale=locale())


def month_short(of: date) -> str:
    """``nov``."""
    return format_date(of, "LLL", locale=locale()).rstrip(".")


def weekday_short(of: date) -> str:
    """``vr``."""
    return format_date(of, "ccc", locale=locale()).rstrip(".")


def when(event: Event) -> str:
    """When an event is: its day and hours, or its first and last day with theirs.

    A start at midnight is what a file without an hour says; no hour is spoken of then.
    """
    first, last = event.starts.date(), event.last_day
    if first == last:
        return ", ".join(part for part in (day(first), hours(event)) if part)
    if event.ends is None or event.starts.time() == time():
        return _("%(first)s to %(last)s") % {
            "first": day(first, year=first.year != last.year),
            "last": day(last),
        }
    return _("from %(first)s to %(last)s") % {
        "first": moment(event.starts),
        "last": f"{day(last)}, {_end_hour(event.ends)}{_after_hours()}",
    }


def hours(event: Event) -> str:
    """``9.30–12.30 uur``; empty when the event takes several days, or its file gives no hour."""
    if event.starts.date() != event.last_day or event.starts.time() == time():
        return ""
    span = _hour(event.starts) if event.ends is None else f"{_hour(event.starts)}–{_end_hour(event.ends)}"
    return span + _after_hours()


def short_moment(at: datetime) -> str:
    """``4 jan. 2027, 10:00``; ``at`` is in the zone to be shown."""
    return format_datetime(at, "d MMM y, HH:mm", locale=locale())


def short_day(of: date) -> str:
    """``4 jan 2027``."""
    return format_date(of, "d MMM y", locale=locale()).replace(".", "")


def numeral(number: int) -> str:
    """``1.250``."""
    return format_decimal(number, locale=locale())


def share(number: int, of: int) -> str:
    """``75 %``."""
    return format_percent(number / of, locale=locale())


def money(cents: int) -> str:
    """``€ 65``, ``€ 7,50``: cents are only written where there are some."""
    euro, style = Decimal(cents) / 100, locale().currency_formats["standard"].pattern
    if cents % 100:
        return format_currency(euro, "EUR", style, locale=locale())
    return format_currency(euro, "EUR", style.replace(".00", ""), locale=locale(), currency_digits=False)


def price(event: Event) -> str:
    """What taking part costs; empty where nothing is said about it."""
    if event.prices:
        lowest, highest = event.prices[0], event.prices[-1]
        if lowest == highest:
            return money(lowest) if lowest else _("free")
        return f"{money(lowest) if lowest else _('free')} – {money(highest)}"
    return _("see the text") if event.price_in_text else ""


def places(availability: Availability) -> str:
    """What a visitor must know about the places, in a few words; empty when there is nothing to know."""
    match availability.state:
        case "open" if availability.left is not None:
            left = availability.left
            return ngettext("%(left)d place left", "%(left)d places left", left) % {"left": left}
        case "open" | "none" | "external":
            return ""
        case "waitlist":
            return _("full – waiting list")
        case "full":
            return _("full")
        case "not_open" if availability.opens is not None:
            return _("opens on %(moment)s") % {"moment": moment(availability.opens)}
        case "closed" if availability.closes is not None:
            return _("closed since %(moment)s") % {"moment": moment(availability.closes)}
        case "cancelled":
            return _("cancelled")
        case "over":
            return _("past")
    return _("closed")


def _hour(at: datetime) -> str:
    return format_time(at, _HOURS[current_language()][0], locale=locale())


def _end_hour(at: datetime) -> str:
    # An end at midnight is the end of the day before: 18.00–24.00.
    pattern = _HOURS[current_language()][0].replace("H", "k")
    return format_time(at, pattern if at.time() == time() else _HOURS[current_language()][0], locale=locale())


def _after_hours() -> str:
    return _HOURS[current_language()][1]

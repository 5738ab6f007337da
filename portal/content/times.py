"""Days and hours as people write them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1970, 2199

_YAML_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d"
    r"|\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|[ \t]+)\d{1,2}:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d{1,2}(?::?\d\d)?))?"
)
_DAY = r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})"
_BELGIAN_DAY = r"(?P<day>\d{1,2})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<year>\d{4})"
_HOUR = (
    r"(?P<hour>\d{1,3})(?:[uh]|[:.uh](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:\.\d*)?)?)"
    r"(?:[ \t]*(?P<offset>Z|[-+]\d{1,2}(?::?\d{2})?))?"
)
_FORMS = tuple(
    re.compile(rf"{day}(?:(?:[ \t]*T[ \t]*|[ \t]+){_HOUR})?", re.IGNORECASE) for day in (_DAY, _BELGIAN_DAY)
)


class NotATime(ValueError):
    """No moment can be read in the text; its message says why."""


@dataclass(frozen=True)
class Moment:
    """``at`` is aware. ``written`` is how the file should say it, None when it says so already."""

    at: datetime
    day_only: bool
    written: str | None = None

    @property
    def over(self) -> datetime:
        """The moment itself; of a day alone the midnight after it."""
        if not self.day_only:
            return self.at
        midnight = self.at.replace(hour=0, minute=0, second=0, tzinfo=None) + timedelta(days=1)
        return midnight.replace(tzinfo=self.at.tzinfo)


class _Clock(NamedTuple):
    hour: int = 0
    minute: int = 0
    second: int = 0


def read_moment(text: str, zone: tzinfo, *, seconds: bool) -> Moment:
    """The moment that ``text`` means, in ``zone``. Raises ``NotATime``.

    ``seconds``: Jekyll reads this key, and takes an hour without seconds for a piece of text.
    """
    text = text.strip()
    found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        raise NotATime("no date")
    if found["day"] != found["month"] and _order_is_unsure(found):
        raise NotATime("a date that can be read in two ways")
    year = int(found["year"])
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise NotATime(f"a date in the year {year}")
    clock, days = _clock(found)
    try:
        local = datetime(year, int(found["month"]), int(found["day"]), *clock)  # noqa: DTZ001 - its zone follows
        local += timedelta(days=days)
    except ValueError:
        raise NotATime("a day or an hour that does not exist") from None
    # Through UTC, so that an hour that the clock skips in spring becomes one that exists.
    at = local.replace(tzinfo=_offset(found["offset"]) or zone).astimezone(UTC).astimezone(zone)
    plain = _YAML_TIMESTAMP.fullmatch(text) and not days
    short = not seconds and re.fullmatch(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text) and not days
    day_only = found["hour"] is None
    if plain or short:
        return Moment(at, day_only)
    form = "%Y-%m-%d" if day_only else "%Y-%m-%dT%H:%M:%S"
    return Moment(at, day_only, local.strftime(form) + (found["offset"] or ""))


def _order_is_unsure(found: re.Match[str]) -> bool:
    """In 05/03/2026 either number may be the month; in 25/03/2026 only one can be."""
    return found.start("day") == 0 and int(found["day"]) <= 12


def _clock(found: re.Match[str]) -> tuple[_Clock, int]:
    if found["hour"] is None:
        return _Clock(), 0
    if len(found["hour"]) == 3 and found["hour"][0] != "0":
        raise NotATime(f"the hour {found['hour']}")
    clock = _Clock(*(int(found[part] or 0) for part in ("hour", "minute", "second")))
    if clock == (24, 0, 0):
        return _Clock(), 1
    return clock, 0


def _offset(written: str | None) -> tzinfo | None:
    if not written:
        return None
    if written in "Zz":
        return UTC
    digits = written[1:].replace(":", "")
    hours, minutes = (int(digits), 0) if len(digits) <= 2 else (int(digits[:-2]), int(digits[-2:]))
    if hours > 14 or minutes > 59:
        raise NotATime(f"the offset {written}")
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if written[0] == "-" else shift)

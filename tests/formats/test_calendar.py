"""The calendar file, read back by the library."""

from datetime import UTC, date, datetime

from icalendar import Calendar
from icalendar import Event as Shown

from portal.content.event import Event
from portal.formats.calendar import Entry, calendar, facts
from tests.support.events import BRUSSELS, make_event

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def read_back(event: Event, revision: int = 0) -> Shown:
    entry = Entry(event, "https://portal.example/events/nascholing", "portal.example", revision)
    file = Calendar.from_ical(calendar([entry], name="Leraars Leren", now=NOW))
    (shown,) = file.walk("VEVENT")
    assert not shown.errors
    return shown


def test_an_afternoon_is_told_in_utc_under_a_name_that_stays() -> None:
    shown = read_back(
        make_event(location="De Krook; Gent, verdieping -1", summary="Leer, en doe!"), revision=3
    )
    assert shown["UID"] == "nascholing@portal.example"
    assert shown["SEQUENCE"] == 3
    assert shown.decoded("DTSTART") == datetime(2027, 2, 3, 12, 30, tzinfo=UTC)
    assert shown.decoded("DTEND") == datetime(2027, 2, 3, 15, 30, tzinfo=UTC)
    assert shown["LOCATION"] == "De Krook; Gent, verdieping -1"
    assert shown["DESCRIPTION"].startswith("Leer, en doe!")


def test_days_without_hours_are_whole_days_and_end_on_the_day_after() -> None:
    shown = read_back(
        make_event(
            starts=datetime(2027, 2, 3, tzinfo=BRUSSELS), ends=datetime(2027, 2, 4, 20, tzinfo=BRUSSELS)
        )
    )
    assert shown.decoded("DTSTART") == date(2027, 2, 3)
    assert shown.decoded("DTEND") == date(2027, 2, 5)


def test_no_end_is_made_up() -> None:
    assert "DTEND" not in read_back(make_event(ends=None))


def test_a_cancelled_event_says_so() -> None:
    assert read_back(make_event(status="cancelled"))["STATUS"] == "CANCELLED"


def test_only_what_makes_another_appointment_of_it_makes_another_version() -> None:
    event = make_event()
    assert facts(event) == facts(make_event(text="Meer uitleg", summary="Leer, en doe!", price=6500))
    for changed in ({"title": "Ander"}, {"location": "Elders"}, {"status": "cancelled"}):
        assert facts(event) != facts(make_event(**changed))

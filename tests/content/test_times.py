from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from portal.content.mend import mended
from portal.content.times import NotATime, read_moment
from tests.content.writing import event_of, event_text, only_problem, reading_of

BRUSSELS = ZoneInfo("Europe/Brussels")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2025-11-14T09:30:00", "2025-11-14T09:30:00+01:00"),
        ("2025-11-14 09:30:00", "2025-11-14T09:30:00+01:00"),
        ("2025-11-14 09:30:00 +0100", "2025-11-14T09:30:00+01:00"),
        ("2025-07-14 09:30:00 +00:00", "2025-07-14T11:30:00+02:00"),
        ("2025-11-14T09:30:00Z", "2025-11-14T10:30:00+01:00"),
        ("2025-11-14T9:30:00", "2025-11-14T09:30:00+01:00"),
        ("2025-11-14", "2025-11-14T00:00:00+01:00"),
        ("2025-11-14T09:30:00.5", "2025-11-14T09:30:00+01:00"),
    ],
)
@pytest.mark.parametrize("quote", ["", '"', "'"])
def test_a_yaml_timestamp_is_read_in_silence(written: str, meant: str, quote: str) -> None:
    text = event_text(date=f"{quote}{written}{quote}")
    assert reading_of(text).problems == ()
    assert event_of(text).starts.isoformat() == meant


@pytest.mark.parametrize(
    ("written", "mend", "meant"),
    [
        ("2025-10-21T013:00:00", "2025-10-21T13:00:00", "2025-10-21T13:00:00+02:00"),
        ("2025-10-21T009:30:00", "2025-10-21T09:30:00", "2025-10-21T09:30:00+02:00"),
        ("2026-10-08T10:00", "2026-10-08T10:00:00", "2026-10-08T10:00:00+02:00"),
        ("2026-10-08 10:00", "2026-10-08T10:00:00", "2026-10-08T10:00:00+02:00"),
        ("2026-10-08 10:00 +0200", "2026-10-08T10:00:00+0200", "2026-10-08T10:00:00+02:00"),
        ("2023-04-28T24:00:00", "2023-04-29T00:00:00", "2023-04-29T00:00:00+02:00"),
        ("2023-12-31T24:00", "2024-01-01T00:00:00", "2024-01-01T00:00:00+01:00"),
        ("2026-10-08 9u30", "2026-10-08T09:30:00", "2026-10-08T09:30:00+02:00"),
        ("2026-10-08T14h", "2026-10-08T14:00:00", "2026-10-08T14:00:00+02:00"),
        ("2026-10-8", "2026-10-08", "2026-10-08T00:00:00+02:00"),
        ("2026/10/08 10:00", "2026-10-08T10:00:00", "2026-10-08T10:00:00+02:00"),
        ("28/10/2026 10:00", "2026-10-28T10:00:00", "2026-10-28T10:00:00+01:00"),
        ("8/8/2026", "2026-08-08", "2026-08-08T00:00:00+02:00"),
    ],
)
def test_a_lenient_time_is_read_with_its_mend(written: str, mend: str, meant: str) -> None:
    problem = only_problem(event_text(date=written))
    assert (problem.severity, problem.line) == ("warning", 3)
    assert [edit.replacement for edit in problem.edits] == [mend]
    assert event_of(event_text(date=f'"{written}"')).starts.isoformat() == meant
    assert read_moment(mend, BRUSSELS, seconds=True).written is None


@pytest.mark.parametrize(
    "written",
    ["", "morgen", "2025", "2025-11", "2025-00-10", "2025-11-14T", "2025-11-14 10", "2025-11-14T10:60:00",
     "2025-11-14T24:01:00", "2025-11-14T10:00:00+25:00", "2025-11-14T10:00:00 CET", "3000-01-01", "03/04/2026"],
)  # fmt: skip
def test_what_is_no_time_is_not_guessed(written: str) -> None:
    with pytest.raises(NotATime):
        read_moment(written, BRUSSELS, seconds=True)


def test_an_hour_that_the_clock_skips_becomes_one_that_exists() -> None:
    moment = read_moment("2026-03-29T02:30:00", BRUSSELS, seconds=True).at
    assert moment.isoformat() == "2026-03-29T03:30:00+02:00"


def test_an_end_in_an_earlier_year_is_a_year_typed_wrongly() -> None:
    text = event_text(date="2026-03-05T09:30:00", end_date="2025-03-05T16:30:00")
    problem = only_problem(text)
    assert (problem.severity, problem.line) == ("warning", 4)
    assert [edit.replacement for edit in problem.edits] == ["2026"]
    event = event_of(text)
    assert event.ends == datetime(2026, 3, 5, 16, 30, tzinfo=BRUSSELS)


@pytest.mark.parametrize("end", ["2026-12-31", "2026-12-31T24:00:00", "31/12/2026 24u00"])
def test_the_last_day_of_a_year_typed_wrongly_is_that_of_the_right_year(end: str) -> None:
    source = event_text(date="2027-12-30", end_date=end)
    right = "2027-12-31" if end == "2026-12-31" else "2028-01-01T00:00:00"
    assert event_of(source).last_day.isoformat() == "2027-12-31"
    assert mended(source.encode(), reading_of).decode() == event_text(date="2027-12-30", end_date=right)


@pytest.mark.parametrize(
    "end", ["2025-03-04T16:30:00", "2026-03-05T09:00:00", "2026-03-04", "2024-02-29T16:30:00", "2024-02-29"]
)
def test_an_end_that_stays_before_the_start_is_refused(end: str) -> None:
    assert reading_of(event_text(date="2026-03-05T09:30:00", end_date=end)).event is None


def test_an_end_in_a_later_year_is_several_days() -> None:
    event = event_of(event_text(date="2025-11-12T13:30:00", end_date="2026-04-29T16:30:00"))
    assert event.last_day.isoformat() == "2026-04-29"


def test_a_day_without_an_hour_ends_at_its_end() -> None:
    event = event_of(event_text(date="2027-01-30", end_date="2027-01-31", signup_closes="2027-01-15"))
    assert event.last_day.isoformat() == "2027-01-31"
    assert event.closes.isoformat() == "2027-01-16T00:00:00+01:00"


def test_sign_up_times_need_no_seconds() -> None:
    text = event_text(signup_opens="2027-01-10T12:00", signup_closes="2027-01-20 18:00")
    assert reading_of(text).problems == ()
    opens = event_of(text).signup_opens
    assert opens is not None
    assert opens.isoformat() == "2027-01-10T12:00:00+01:00"

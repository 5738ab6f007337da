"""Where the lines of a figure run."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.numbers import Day
from portal.web.admin import drawing
from portal.web.admin.drawing import over_time, percent

FIRST, SECOND, FOURTH = (date(2027, 1, day) for day in (4, 5, 7))


def test_places_rise_on_the_day_on_which_they_were_taken() -> None:
    figure = over_time([Day(FIRST, 5, 0, 5, 0), Day(FOURTH, 7, 2, 10, 0)], 20, date(2027, 1, 8))
    assert figure.held == "M0 100V75H60V50H100V100Z"
    assert (figure.first, figure.last) == (FIRST, date(2027, 1, 8))
    assert figure.places == drawing.TOP  # all places are the upper end of the scale


def test_who_waits_stands_above_who_has_a_place() -> None:
    figure = over_time([Day(FIRST, 10, 0, 4, 6)], 4, FIRST)
    assert (figure.held, figure.wanted) == ("M0 100V60H100V100Z", "M0 100V0H100V100Z")


def test_a_figure_without_a_limit_has_no_line_for_it() -> None:
    assert over_time([Day(FIRST, 3, 0, 3, 0)], None, FIRST).places is None


def test_a_figure_is_never_cut_before_what_happened_last() -> None:
    assert over_time([Day(FIRST, 1, 0, 1, 0), Day(FOURTH, 0, 1, 0, 0)], 5, SECOND).last == FOURTH


@given(st.integers(0, 100_000), st.none() | st.integers(1, 100_000))
def test_every_scale_has_a_few_round_steps_and_room_for_all(held: int, capacity: int | None) -> None:
    figure = over_time([Day(FIRST, held, 0, held, 0)], capacity, FIRST)
    values = [tick.value for tick in figure.ticks]
    assert values[0] == 0
    assert values[-1] >= max(held, capacity or 0)
    assert 2 <= len(values) <= 5
    assert re.fullmatch(r"[125]0*", str(values[1]))
    assert all(0 <= float(part) <= 100 for part in re.findall(r"\d+(?:\.\d+)?", figure.held))


def test_months_are_written_where_there_is_room_for_them() -> None:
    days = [Day(date(2026, 1, 20), 1, 0, 1, 0)]
    assert over_time(days, 5, date(2026, 2, 20)).months == ()
    quarter = over_time(days, 5, date(2026, 4, 30)).months
    assert [mark.day.month for mark in quarter] == [3, 4]
    years = over_time(days, 5, date(2029, 4, 30)).months
    assert 2 <= len(years) <= 6
    assert all(16 <= mark.x <= 84 for mark in years)


@pytest.mark.parametrize(("number", "of", "width"), [(1, 3, 33.33), (0, 0, 0), (5, 4, 100), (0, 4, 0)])
def test_a_bar_is_as_long_as_its_share_and_never_longer_than_all(number: int, of: int, width: float) -> None:
    assert percent(number, of) == width

"""Who gets a place: the arithmetic alone."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.event import Event, Session, Ticket
from portal.domain import places
from portal.domain.places import NOBODY, PATIENCE, Party, Taken
from tests.support.events import BRUSSELS, make_event

JANUARY = datetime(2027, 1, 4, 10, tzinfo=BRUSSELS)


def taken(confirmed: int = 0, waiting: int = 0, ticket: str = "") -> Taken:
    return Taken({ticket: confirmed}, {ticket: waiting})


def test_without_a_capacity_there_is_always_a_place() -> None:
    assert places.decide(make_event(), taken(10_000), [""] * 6) == "confirmed"
    assert places.left(make_event(), taken(10_000), "") is None


def test_a_party_gets_all_its_places_or_none() -> None:
    event = make_event(capacity=4)
    assert places.decide(event, taken(2), ["", ""]) == "confirmed"
    assert places.decide(event, taken(2), ["", "", ""]) == "waitlisted"


def test_without_a_waiting_list_it_is_full() -> None:
    assert places.decide(make_event(capacity=1, waitlist="off"), taken(1), [""]) == "full"


def waiting(*parties: tuple[int, int]) -> list[Party]:
    """Parties in line, each given as its size and how often it was passed."""
    return [Party(number, {"": size}, passed) for number, (size, passed) in enumerate(parties, 1)]


def moved(event: Event, confirmed: int, line: list[Party]) -> tuple[list[int], dict[int, int]]:
    moves = places.along_the_line(event, taken(confirmed, sum(p.tickets[""] for p in line)), line)
    return [party.id for party in moves.promoted], {party.id: times for party, times in moves.passed}


def test_a_free_place_goes_to_the_first_in_line_that_fits() -> None:
    assert moved(make_event(capacity=4), 3, waiting((1, 0), (1, 0))) == ([1], {})
    assert moved(make_event(capacity=4), 3, waiting((2, 0), (1, 0))) == ([2], {1: 1})


def test_who_was_passed_often_enough_is_not_passed_again_and_places_are_held_for_them() -> None:
    event = make_event(capacity=4)
    assert moved(event, 3, waiting((2, PATIENCE), (1, 0))) == ([], {})
    assert places.decide(event, Taken({"": 3}, {"": 2}, {"": 2}), [""]) == "waitlisted"
    assert places.left(event, Taken({"": 3}, {"": 2}, {"": 2}), "") == 0
    assert moved(event, 2, waiting((2, PATIENCE), (1, 0))) == ([1], {})


def test_patience_ends_in_the_middle_of_a_look_along_the_line() -> None:
    line = waiting((5, PATIENCE - 1), (1, 0), (1, 0))
    assert moved(make_event(capacity=6), 4, line) == ([2], {1: 1})


def test_who_is_held_a_place_for_holds_up_nobody_who_wants_another() -> None:
    line = [Party(1, {"am": 2}, PATIENCE), Party(2, {"pm": 1})]
    event = replace(DAY, capacity=None)
    held = Taken({"am": 1}, {"am": 2, "pm": 1}, {"am": 2})
    assert places.along_the_line(event, held, line).promoted == (line[1],)


def test_an_organiser_who_promotes_by_hand_lets_nobody_walk_past() -> None:
    event = make_event(capacity=4, waitlist="manual")
    assert moved(event, 3, waiting((1, 0))) == ([], {})
    assert places.decide(event, taken(3, 1), [""]) == "waitlisted"
    assert places.decide(event, taken(3), [""]) == "confirmed"


def test_a_newcomer_passes_only_the_first_that_finds_too_few_where_they_take() -> None:
    line = [Party(1, {"pm": 2}), Party(2, {"am": 2}), Party(3, {"am": 2})]
    event = replace(DAY, capacity=None)
    assert [p.id for p in places.passed_by(event, Taken({"am": 1}, {}), {"am": 1}, line)] == [2]
    assert [p.id for p in places.passed_by(event, Taken({"am": 1, "pm": 1}, {}), {"full": 1}, line)] == [1, 2]
    assert places.passed_by(event, NOBODY, {"am": 1}, line[1:]) == []


def test_sold_out_is_full_whatever_the_places() -> None:
    assert places.decide(make_event(sold_out=True), NOBODY, [""]) == "waitlisted"
    assert places.availability(make_event(sold_out=True, waitlist="off"), NOBODY, JANUARY).state == "full"


DAY = make_event(
    capacity=3,
    sessions=(Session("am", "Voormiddag", 2), Session("pm", "Namiddag", 2)),
    tickets=(
        Ticket("full", "Volledige dag", sessions=("am", "pm")),
        Ticket("am", "Voormiddag", sessions=("am",)),
        Ticket("pm", "Namiddag", sessions=("pm",), capacity=1),
    ),
)


def test_a_ticket_takes_a_place_in_the_event_and_in_each_of_its_sessions() -> None:
    held = Taken({"full": 1, "am": 1}, {})
    assert places.free(DAY, held) == {
        ("event", ""): 1,
        ("session", "am"): 0,
        ("session", "pm"): 1,
        ("ticket", "pm"): 1,
    }
    assert places.left(DAY, held, "am") == 0
    assert places.left(DAY, held, "full") == 0
    assert places.left(DAY, held, "pm") == 1


def test_who_holds_a_ticket_that_the_file_no_longer_offers_still_has_a_place() -> None:
    assert places.left(make_event(capacity=2), Taken({"gone": 2}, {}), "") == 0


def test_a_capacity_lowered_under_what_is_taken_lets_nobody_in_and_counts_nobody_out() -> None:
    assert places.decide(make_event(capacity=2), taken(5), [""]) == "waitlisted"
    assert places.left(make_event(capacity=2), taken(5), "") == 0


@pytest.mark.parametrize(
    ("keys", "at", "state"),
    [
        ({}, JANUARY, "open"),
        ({"status": "cancelled"}, JANUARY, "cancelled"),
        ({"registration": "none"}, JANUARY, "none"),
        ({"registration": "external"}, JANUARY, "external"),
        ({"signup_opens": JANUARY + timedelta(seconds=1)}, JANUARY, "not_open"),
        ({"signup_opens": JANUARY}, JANUARY, "open"),
        ({"signup_closes": JANUARY}, JANUARY, "closed"),
        ({}, datetime(2027, 2, 3, 13, 30, tzinfo=BRUSSELS), "closed"),
        ({}, datetime(2027, 2, 3, 16, 30, tzinfo=BRUSSELS), "over"),
        ({"ends": None}, datetime(2027, 2, 3, 23, 59, tzinfo=BRUSSELS), "closed"),
        ({"ends": None}, datetime(2027, 2, 4, tzinfo=BRUSSELS), "over"),
    ],
)
def test_what_may_be_done_follows_the_dates(keys: dict[str, object], at: datetime, state: str) -> None:
    assert places.availability(make_event(**keys), NOBODY, at).state == state


def test_the_places_left_are_those_of_a_ticket_that_is_on_sale() -> None:
    early = Ticket("early", "Vroegboeking", capacity=5, closes=JANUARY)
    late = Ticket("late", "Gewoon", capacity=2)
    event = make_event(tickets=(early, late))
    assert places.availability(event, NOBODY, JANUARY - timedelta(days=1)).left == 5
    assert places.availability(event, NOBODY, JANUARY).left == 2


@pytest.mark.parametrize(
    ("event", "state", "opens", "closes"),
    [
        ({"opens": [16, 20]}, "not_open", 16, 60),
        ({"opens": [16, 20], "signup_opens": 18}, "not_open", 18, 60),
        ({"closes": [-9, -2]}, "closed", None, -2),
        ({"closes": [-9, -2], "signup_closes": -1}, "closed", None, -2),
        ({"closes": [-9, None], "signup_closes": -1}, "closed", None, -1),
        ({"opens": [None, 20], "closes": [-2, None]}, "not_open", 20, 60),
        ({"opens": [None, 90], "closes": [-2, None]}, "closed", None, -2),
        ({"opens": [90, 90]}, "closed", None, None),
    ],
)
def test_where_no_ticket_is_on_sale_the_next_to_open_counts_and_else_the_last_to_close(
    event: dict[str, Any], state: str, opens: int | None, closes: int | None
) -> None:
    def day(number: int | None) -> datetime | None:
        return None if number is None else JANUARY + timedelta(days=number)

    periods = zip(event.pop("opens", [None] * 2), event.pop("closes", [None] * 2), strict=True)
    tickets = tuple(Ticket(str(n), "", opens=day(a), closes=day(b)) for n, (a, b) in enumerate(periods))
    days = {"signup_closes": 60} | event
    made = make_event(
        tickets=tickets, starts=day(80), ends=None, **{key: day(at) for key, at in days.items()}
    )
    said = places.availability(made, NOBODY, JANUARY)
    assert (said.state, said.opens, said.closes) == (state, day(opens), day(closes))


limits = st.none() | st.integers(0, 6)


@st.composite
def days(draw: st.DrawFn) -> Event:
    sessions = tuple(Session(name, name, draw(limits)) for name in ("am", "pm"))
    tickets = tuple(
        Ticket(
            name,
            name,
            sessions=tuple(draw(st.lists(st.sampled_from(["am", "pm"]), unique=True))),
            capacity=draw(limits),
        )
        for name in ("a", "b", "c")
    )
    return make_event(capacity=draw(limits), sessions=sessions, tickets=tickets)


@given(days(), st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4), max_size=20))
def test_whoever_comes_in_whatever_order_no_pool_overflows_and_what_was_said_is_true(
    event: Event, parties: list[list[str]]
) -> None:
    held: Counter[str] = Counter()
    waiting: Counter[str] = Counter()
    for party in parties:
        now_taken = Taken(dict(held), dict(waiting))
        said = places.left(event, now_taken, party[0])
        decision = places.decide(event, now_taken, party)
        if len(party) == 1:
            assert (decision == "confirmed") == (said is None or said > 0)
        (held if decision == "confirmed" else waiting).update(party)
        assert all(room >= 0 for room in places.free(event, Taken(dict(held), {})).values())


@given(
    st.lists(st.none() | st.integers(0, 90), min_size=4, max_size=4), st.integers(0, 100), st.integers(0, 100)
)
def test_time_changes_nothing_before_the_next_change(days: list[int | None], first: int, second: int) -> None:
    opens, closes, ticket_opens, ticket_closes = (
        None if day is None else JANUARY + timedelta(days=day) for day in days
    )
    ticket = Ticket("early", "Early", opens=ticket_opens, closes=ticket_closes)
    event = make_event(signup_opens=opens, signup_closes=closes, tickets=(ticket,))
    now, later = sorted((JANUARY + timedelta(days=first), JANUARY + timedelta(days=second)))
    until = places.next_change(event, now)
    if until is None or later < until:
        assert places.availability(event, NOBODY, now) == places.availability(event, NOBODY, later)
        assert (event.over_at <= now) == (event.over_at <= later)

"""At the door: whatever several phones press, and in whatever order it arrives, all come to see the same."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import changes, checkin
from portal.domain.checkin import (
    Guest,
    Outcome,
    Pressed,
    Tap,
    coming,
    day_of,
    found,
    judge,
    kept_until,
    record,
    since,
)
from portal.storage.checkins import Checkin
from portal.storage.database import connect, transaction, writing
from portal.storage.models import Attendee, Organiser, OrganiserEvent, Registration
from tests.domain.test_desk import Office
from tests.support.events import BRUSSELS, make_event

EVENT = make_event(capacity=2)
DOORS_OPEN = datetime(2027, 2, 3, 12, tzinfo=UTC)
MOMENTS = st.datetimes()
MINUTES = st.integers(-30, 0)
TAPS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["in", "out"]), MINUTES), max_size=7)


def minutes(number: int) -> timedelta:
    return timedelta(minutes=number)


class Door:
    """The door of the event, where it is some minutes past its opening; ``party`` has a place, ``waiting`` has none."""

    def __init__(self, session: Session) -> None:
        self.session = session
        with transaction(session):
            session.add(
                Organiser(email="d@x", email_key="d@x", password_hash="", role="door", created_at=DOORS_OPEN)
            )
        self.office = Office(session, EVENT)
        self.party, self.waiting = self.office.sign_up("", ""), self.office.sign_up("")

    def code(self, registration_id: int, number: int = 1) -> str:
        return f"{self.session.get_one(Registration, registration_id).reference}-{number}"

    def tap(
        self, action: str, pressed: int | None = None, *, id_: str = "", code: str = "", arrives: int = 0
    ) -> Outcome:
        """Press for the first of the party at a minute, and let it arrive at another."""
        self.taps = getattr(self, "taps", 0) + 1
        at = None if pressed is None else DOORS_OPEN + minutes(pressed)
        tap = Tap(id_ or f"tap{self.taps}", code or self.code(self.party), action, at)  # type: ignore[arg-type]
        with transaction(self.session):
            (outcome,) = record(
                self.session, EVENT.slug, EVENT, [tap], organiser_id=1, now=DOORS_OPEN + minutes(arrives)
            )
        return outcome

    def in_since(self, position: int = 0) -> datetime | None:
        self.session.expire_all()
        return self.session.get_one(Attendee, (self.party, position)).checked_in_at


@pytest.fixture
def door(database_url: str) -> Iterator[Door]:
    engine = connect(database_url)
    with Session(engine) as session:
        yield Door(session)
    engine.dispose()


def test_who_is_let_in_is_in_and_who_goes_out_is_out(door: Door) -> None:
    assert door.tap("in", 1, arrives=1) == Outcome("done", DOORS_OPEN + minutes(1))
    assert door.in_since() == DOORS_OPEN + minutes(1)
    assert door.in_since(position=1) is None
    assert door.tap("out", 2, arrives=2) == Outcome("done", None)
    assert door.in_since() is None


def test_a_second_check_in_says_since_when_they_are_in(door: Door) -> None:
    door.tap("in", 1, arrives=1)
    assert door.tap("in", 5, arrives=5) == Outcome(
        "already", DOORS_OPEN + minutes(1), DOORS_OPEN + minutes(1)
    )
    assert door.in_since() == DOORS_OPEN + minutes(1)


def test_a_check_in_that_comes_late_says_so_too_and_tells_when_they_really_came(door: Door) -> None:
    door.tap("in", 5, arrives=5)
    assert door.tap("in", 1, arrives=9) == Outcome(
        "already", DOORS_OPEN + minutes(1), DOORS_OPEN + minutes(5)
    )


def test_an_older_tap_that_arrives_later_does_not_undo_the_last_one(door: Door) -> None:
    door.tap("in", 1, arrives=1)
    door.tap("in", 6, arrives=6)
    assert door.tap("out", 3, arrives=9).kind == "overtaken"
    assert door.in_since() == DOORS_OPEN + minutes(6)
    door.tap("out", 7, arrives=10)
    assert door.tap("in", 4, arrives=11) == Outcome("overtaken", None)
    assert door.in_since() is None


def test_the_same_tap_sent_again_counts_once_and_is_answered_alike(door: Door) -> None:
    first = door.tap("in", 1, id_="same", arrives=1)
    again = door.tap("in", 1, id_="same", arrives=4)
    assert first == again == Outcome("done", DOORS_OPEN + minutes(1))
    assert len(door.session.scalars(select(Checkin)).all()) == 1
    # Also when more was pressed meanwhile, on the same phone or on another.
    door.tap("out", 5, arrives=5)
    assert door.tap("in", 1, id_="same", arrives=6) == Outcome("done", None)
    door.tap("in", 7, arrives=7)
    assert door.tap("in", 8, id_="twice", arrives=8) == door.tap("in", 8, id_="twice", arrives=9)


def test_who_has_no_place_is_not_let_in(door: Door) -> None:
    assert door.tap("in", code=door.code(door.waiting)).kind == "waitlisted"
    with door.office.desk() as at:
        changes.cancel(at, door.party, [1])
    assert door.tap("in", code=door.code(door.party, 2)).kind == "cancelled"
    assert door.session.scalars(select(Checkin)).all() == []


@pytest.mark.parametrize("code", ["", "nobody", "ZZZZ-ZZZZ-1", "\0", "x" * 60])
def test_a_code_of_nobody_is_told_as_such(door: Door, code: str) -> None:
    assert door.tap("in", code=code or f"{door.code(door.party)[:-1]}9").kind == "unknown"


def test_a_code_of_another_event_is_nobody_here(door: Door) -> None:
    tap = Tap("tap", door.code(door.party), "in")
    with transaction(door.session):
        (outcome,) = record(door.session, "andere", None, [tap], organiser_id=1, now=DOORS_OPEN)
    assert outcome.kind == "unknown"
    assert door.in_since() is None


@pytest.mark.parametrize("pressed", [1, 60 * 24, -60 * 24 * 3])
def test_a_time_that_cannot_be_is_taken_for_now(door: Door, pressed: int) -> None:
    assert door.tap("in", pressed, arrives=0).since == DOORS_OPEN


def test_what_is_taken_for_now_stays_in_its_order(door: Door) -> None:
    actions = ["in", "out", "in"]
    taps = [Tap(f"t{i}", door.code(door.party), action) for i, action in enumerate(actions)]  # type: ignore[arg-type]
    with transaction(door.session):
        outcomes = record(door.session, EVENT.slug, EVENT, taps, organiser_id=1, now=DOORS_OPEN)
    assert [outcome.kind for outcome in outcomes] == ["done"] * 3
    assert door.in_since() is not None


def test_who_pressed_what_and_when_can_be_found(door: Door) -> None:
    door.tap("out", 3, arrives=3)
    door.tap("in", 1, arrives=8)
    told = [
        (tap.action, tap.at, tap.received_at, tap.organiser.email)
        for tap in checkin.log(door.session, door.party)
    ]
    assert told == [
        ("in", DOORS_OPEN + minutes(1), DOORS_OPEN + minutes(8), "d@x"),
        ("out", DOORS_OPEN + minutes(3), DOORS_OPEN + minutes(3), "d@x"),
    ]


def test_of_many_phones_at_once_one_lets_in_and_the_others_are_told(door: Door) -> None:
    engine, code = door.session.get_bind(), door.code(door.party)
    door.session.rollback()

    def press(number: int) -> str:
        with Session(engine) as session, transaction(session):
            tap = Tap(f"phone{number}", code, "in")
            (outcome,) = record(session, EVENT.slug, EVENT, [tap], organiser_id=1, now=DOORS_OPEN)
            return outcome.kind

    with ThreadPoolExecutor(6) as phones:
        assert sorted(phones.map(press, range(12))) == ["already"] * 11 + ["done"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(taps=TAPS, data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # each begins with the door as it was found
def test_in_whatever_order_taps_arrive_the_state_is_the_same(
    door: Door, taps: list[tuple[int, str, int]], data: st.DataObject
) -> None:
    """Both of the party get the same taps, some of them twice, in two orders and cut into messages anywhere."""
    door.session.rollback()
    # A transaction that is never kept.
    door.session.connection(execution_options=writing(door.session.get_bind().engine))
    for number in (1, 2):
        code = door.code(door.party, number)
        sent = [
            Tap(f"tap{id_}", code, action, DOORS_OPEN + minutes(at))  # type: ignore[arg-type]
            for id_, action, at in {id_: (id_, action, at) for id_, action, at in taps}.values()
        ]
        again = data.draw(st.lists(st.sampled_from(sent), max_size=3)) if sent else []
        sent = data.draw(st.permutations(sent + again))
        while sent:
            cut = data.draw(st.integers(1, len(sent)))
            record(door.session, EVENT.slug, EVENT, sent[:cut], organiser_id=1, now=DOORS_OPEN)
            door.session.flush()
            sent = sent[cut:]
    first, second = (door.in_since(position) for position in (0, 1))
    assert first == second
    pressed = {id_: (at, action) for id_, action, at in taps}
    last = max(pressed.values(), default=(0, "out"))
    assert (first is not None) == (last[1] == "in")


@given(st.lists(st.builds(Pressed, MOMENTS, st.sampled_from(["in", "out"]), MOMENTS), min_size=1))
def test_only_a_check_in_of_who_is_not_in_is_done(taps: list[Pressed]) -> None:
    tap, *others = taps
    outcome = judge(tap, others)
    assert outcome.since == since(taps)
    assert (outcome.kind == "already") == (
        tap.action == "in" and outcome.since is not None and since(others) is not None
    )
    assert (outcome.kind == "overtaken") == ((outcome.since is None) == (tap.action == "in"))


def guest(name: str = "Noor Aérts", **keys: object) -> Guest:
    first, last = name.split()
    told = {
        "code": "K7M2-QX4P-1",
        "first_name": first,
        "last_name": last,
        "ticket": "",
        "school": "",
        "status": "confirmed",
        "since": None,
        "search_text": "aerts noor noor@school.example sint-jozef k7m2-qx4p",
    }
    return Guest(**told | keys)  # type: ignore[arg-type]


@pytest.mark.parametrize("q", ["", "noor", "AERTS no", "sint-j", "k7m2-qx4p-1", "K7M2QX4P1", " k7m2 qx4p 1 "])
def test_people_are_found_by_name_school_and_code(q: str) -> None:
    assert found([guest()], q) == [guest()]


def test_who_has_no_place_is_found_by_who_looks_for_them_and_else_not_shown() -> None:
    waiting = guest(status="waitlisted")
    assert found([waiting]) == []
    assert found([waiting], "noor") == [waiting]
    assert found([waiting], "noor", "expected") == []


def test_who_lost_their_place_is_not_here() -> None:
    assert guest(status="cancelled", since=DOORS_OPEN).standing == "cancelled"


def test_the_day_at_the_door_ends_at_night() -> None:
    evening = datetime(2027, 2, 4, 0, 30, tzinfo=BRUSSELS)
    assert day_of(evening, BRUSSELS) == date(2027, 2, 3)
    assert kept_until(evening, BRUSSELS) == datetime(2027, 2, 4, 4, tzinfo=BRUSSELS)
    assert day_of(evening + timedelta(hours=4), BRUSSELS) == date(2027, 2, 4)


def test_the_doors_of_today_and_the_next_days_are_those_of_the_account() -> None:
    today = make_event(slug="today")
    evening = make_event(slug="evening", starts=EVENT.starts - timedelta(days=1), ends=None)
    soon = make_event(slug="soon", starts=EVENT.starts + timedelta(days=3), ends=None)
    later = make_event(slug="later", starts=EVENT.starts + timedelta(days=30), ends=None)
    elsewhere = make_event(slug="elsewhere", registration="external")
    theirs = Organiser(
        role="door", events=[OrganiserEvent(event_slug=one.slug) for one in (today, soon, later)]
    )
    events = (soon, later, today, evening, elsewhere)
    assert coming(events, theirs, DOORS_OPEN, BRUSSELS) == ([today], [soon])
    everything = Organiser(role="owner", events=[])
    assert coming(events, everything, DOORS_OPEN, BRUSSELS) == ([today], [soon])
    past_midnight = datetime(2027, 2, 3, 2, tzinfo=BRUSSELS)
    assert coming(events, everything, past_midnight, BRUSSELS)[0] == [evening]

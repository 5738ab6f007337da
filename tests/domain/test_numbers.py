"""The numbers of one event: whatever happened, in whatever order, they add up."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event as events_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content.event import Question
from portal.domain import changes, numbers, privacy
from portal.domain.numbers import Attendance, Day, Numbers, Part, Waited
from portal.domain.signup import Person, SignUp, sign_up
from portal.storage.database import connect, transaction
from portal.storage.models import Attendee, Registration
from tests.domain.test_desk import DAY, NOW, Office
from tests.support.events import BRUSSELS, make_event
from tests.support.many import sign_up_many

QUESTIONS = (
    Question("level", "Level", "radio", each=True, options=("Some", "None", "Much")),
    Question("topics", "Topics", "checkboxes", options=("Bias", "Care")),
    Question("lunch", "Lunch", "checkbox", each=True),
    Question("diet", "Diet", "text", each=True),
)


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    engine = connect(database_url)
    with Session(engine) as session:
        yield Office(session, DAY)
    engine.dispose()


def count(office: Office, zone: ZoneInfo = BRUSSELS) -> Numbers:
    office.session.rollback()
    return numbers.numbers(office.session, office.event.slug, office.event, zone)


def come(office: Office, school: str, *answers: dict[str, str], once: dict[str, str] | None = None) -> int:
    """Sign up a party of one school, each person with their answers."""
    office.sent += 1
    people = tuple(
        Person("Emma", "Peeters", f"p{office.sent}@school.example" if not position else "", "", given)
        for position, given in enumerate(answers or ({},))
    )
    form = SignUp(
        form_id=f"form-{office.sent:012}",
        people=people,
        language="nl",
        privacy_version="1",
        school=school,
        answers=once or {},
    )
    with office.desk() as at:
        return sign_up(at, form, secret_key="k" * 32).registration.id


def test_each_day_says_who_came_and_went_and_how_many_were_in_at_its_end(office: Office) -> None:
    first = office.sign_up("full", "am")
    office.sign_up("pm")
    office.now += timedelta(days=1)
    office.sign_up("am", "am")  # no room for both in the morning
    office.now += timedelta(days=2)
    with office.desk() as at:
        changes.cancel(at, first)
    assert count(office).days == (
        Day(date(2027, 1, 4), signed_up=3, cancelled=0, held=3, waiting=0),
        Day(date(2027, 1, 5), signed_up=2, cancelled=0, held=3, waiting=2),
        Day(date(2027, 1, 7), signed_up=0, cancelled=2, held=3, waiting=0),
    )


def test_the_last_day_says_what_the_attendees_say(office: Office) -> None:
    registrations = [
        office.sign_up(*tickets) for tickets in (("full",), ("am", "pm"), ("pm",), ("full",), ("am",))
    ]
    with office.desk() as at:
        changes.cancel(at, registrations[1], [1])
    found = count(office)
    assert (found.days[-1].held, found.days[-1].waiting) == (found.confirmed, found.waitlisted)
    assert sum(day.signed_up for day in found.days) == found.people == 6
    assert sum(day.cancelled for day in found.days) == found.cancelled == 1


@pytest.mark.parametrize(
    ("zone", "hour", "minute", "day"),
    [
        ("Europe/Brussels", 23, 5, 5),
        ("Europe/Brussels", 22, 58, 4),
        ("UTC", 23, 58, 4),
        ("America/New_York", 23, 5, 4),
        ("Asia/Kathmandu", 18, 20, 5),
        ("Asia/Kathmandu", 18, 13, 4),
    ],
)
def test_a_day_is_a_day_where_the_organisation_is(
    office: Office, zone: str, hour: int, minute: int, day: int
) -> None:
    office.now = datetime(2027, 1, 4, hour, minute, 59, tzinfo=UTC)
    office.sign_up("am")
    assert [one.day for one in count(office, ZoneInfo(zone)).days] == [date(2027, 1, day)]


def test_places_are_counted_in_the_event_each_session_and_each_ticket(office: Office) -> None:
    office.sign_up("full", "am")
    office.sign_up("pm", "pm", "pm")
    found = {
        (pool.kind, pool.label): (pool.taken, pool.capacity, pool.waiting) for pool in count(office).pools
    }
    assert found == {
        ("event", ""): (2, 4, 3),
        ("session", "Voormiddag"): (2, 3, 0),
        ("session", "Namiddag"): (1, None, 3),
        ("ticket", "Volledige dag"): (1, None, 0),
        ("ticket", "Voormiddag"): (1, None, 0),
        ("ticket", "Namiddag"): (0, 2, 3),
    }


def test_a_ticket_that_is_no_longer_offered_still_counts(office: Office) -> None:
    office.sign_up("am")
    office.event = replace(DAY, tickets=DAY.tickets[:1])
    assert ("Voormiddag", 1) in [
        (pool.label, pool.taken) for pool in count(office).pools[1:] if pool.kind == "ticket"
    ]
    gone = numbers.numbers(office.session, DAY.slug, None, BRUSSELS)
    assert [(pool.label, pool.taken, pool.capacity) for pool in gone.pools] == [
        ("", 1, None),
        ("Voormiddag", 1, None),
    ]


def test_the_schools_with_most_people_are_named_and_the_others_are_one_number(office: Office) -> None:
    office.event = make_event(capacity=200)
    for number in range(numbers.SCHOOLS + 2):
        for _ in range(1 + (number == 3)):
            come(office, f"School {number}")
    come(office, " SCHOOL 3 ", {}, {})
    come(office, "")
    found = count(office).schools
    assert found.top[0].number == 4
    assert found.top[0].label.strip().casefold() == "school 3"
    assert len(found.top) == numbers.SCHOOLS
    assert (found.others, found.rest, found.unknown, found.number) == (2, 2, 1, numbers.SCHOOLS + 2)


def test_one_school_more_is_named_rather_than_called_another(office: Office) -> None:
    office.event = make_event(capacity=200)
    for number in range(numbers.SCHOOLS + 1):
        come(office, f"School {number}")
    found = count(office).schools
    assert (len(found.top), found.others) == (numbers.SCHOOLS + 1, 0)


def test_answers_of_who_comes_are_counted_by_option_in_the_order_of_the_file(office: Office) -> None:
    office.event = make_event(capacity=3, questions=QUESTIONS)
    come(
        office,
        "",
        {"level": "Much", "lunch": "yes"},
        {"level": "Some", "lunch": "no"},
        once={"topics": "Bias\nCare"},
    )
    come(office, "", {"level": "Much", "lunch": "yes", "diet": "vegan"}, once={"topics": "Care"})
    come(office, "", {"level": "None", "lunch": "yes"}, once={"topics": "Bias"})  # waits
    level, topics, lunch = count(office).questions
    assert level.options == (Part("Some", 1), Part("None", 0), Part("Much", 2))
    assert (level.each, level.several, level.asked, level.answered) == (True, False, 3, 3)
    assert topics.options == (Part("Bias", 1), Part("Care", 2))
    assert (topics.each, topics.several, topics.asked, topics.answered) == (False, True, 2, 2)
    assert lunch.tick
    assert lunch.options == (Part("yes", 2), Part("no", 1))


def test_what_is_asked_once_counts_while_anybody_of_the_party_comes(office: Office) -> None:
    office.event = make_event(capacity=3, questions=QUESTIONS)
    party = come(office, "", {}, {}, once={"topics": "Care"})
    with office.desk() as at:
        changes.cancel(at, party, [0])
    assert next(q for q in count(office).questions if q.label == "Topics").asked == 1
    with office.desk() as at:
        changes.cancel(at, party, [1])
    assert not count(office).questions


def test_a_question_that_is_no_longer_asked_keeps_its_answers(office: Office) -> None:
    office.event = make_event(questions=QUESTIONS)
    come(office, "", {"level": "Once"})
    office.event = make_event(questions=(replace(QUESTIONS[0], options=("Some",)),))
    assert count(office).questions[0].options == (Part("Some", 0), Part("Once", 1))
    office.event = make_event()
    assert count(office).questions[0].options == (Part("Once", 1),)


def test_what_became_of_the_waiting_list(office: Office) -> None:
    office.event = make_event(capacity=1)
    first, _second, third, _fourth = (office.sign_up("") for _ in range(4))
    with office.desk() as at:
        changes.cancel(at, third)
    with office.desk() as at:
        changes.cancel(at, first)
    assert count(office).waited == Waited(placed=1, waiting=1, gone=1)


def test_who_was_let_in_counts_of_those_who_had_a_place(office: Office) -> None:
    office.sign_up("full", "am")
    office.sign_up("pm")
    with transaction(office.session):
        for person in office.session.scalars(select(Attendee).where(Attendee.ticket != "am")):
            person.checked_in_at = NOW
    assert count(office).attendance == Attendance(
        3, 2, (("Volledige dag", 1, 1), ("Voormiddag", 1, 0), ("Namiddag", 1, 1))
    )


def test_who_was_removed_still_counts(office: Office) -> None:
    office.event = make_event(capacity=2, questions=QUESTIONS)
    come(office, "Sint-Jozef", {"level": "Much"})
    before = count(office)
    with transaction(office.session):
        privacy.anonymise(office.session, office.session.scalars(select(Registration)).one(), NOW)
    after = count(office)
    assert (after.days, after.pools, after.questions) == (before.days, before.pools, before.questions)
    assert (after.schools.top, after.schools.unknown) == ((), 1)


def test_nobody_is_no_days(office: Office) -> None:
    found = count(office)
    assert (found.people, found.days, found.waited.all, found.pools[0].taken) == (0, (), 0, 0)


def test_it_takes_the_same_queries_for_five_and_for_five_hundred(database_url: str) -> None:
    engine = connect(database_url)
    asked: list[str] = []
    events_of.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    taken = []
    for slug, people in (("few", 5), ("many", 500)):
        sign_up_many(engine, slug, confirmed=people, waiting=people // 5, at=NOW)
        asked.clear()
        with Session(engine) as session:
            found = numbers.numbers(session, slug, make_event(slug=slug, capacity=people), BRUSSELS)
        assert (found.confirmed, found.days[-1].held, found.waited.waiting) == (
            people,
            people,
            2 * (people // 5),
        )
        taken.append(len([statement for statement in asked if statement.startswith(("SELECT", "WITH"))]))
    assert taken[0] == taken[1] <= 5
    engine.dispose()

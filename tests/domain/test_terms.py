"""All events together: terms, and who comes back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import event as events_of
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import changes, privacy, terms
from portal.domain.facts import Facts
from portal.domain.signup import Person, SignUp, sign_up
from portal.domain.terms import AllNumbers, Term
from portal.storage.database import connect, transaction
from portal.storage.models import Attendee, EventRecord, Organiser, OrganiserEvent, Registration
from tests.domain.test_desk import NOW, Office
from tests.support.events import BRUSSELS, make_event
from tests.support.many import sign_up_many

EVERYTHING = Organiser(events=[])


def event_on(slug: str, day: datetime, **keys: object) -> Event:
    return make_event(slug=slug, title=slug.title(), starts=day, ends=day + timedelta(hours=3), **keys)


AUTUMN = event_on("autumn", datetime(2027, 11, 3, 13, tzinfo=BRUSSELS), capacity=3)
SPRING = event_on("spring", datetime(2028, 2, 3, 13, tzinfo=BRUSSELS), capacity=10)
OPEN = event_on("open", datetime(2028, 3, 31, 22, tzinfo=BRUSSELS))
FILES = {event.slug: event for event in (AUTUMN, SPRING, OPEN)}


class Year:
    """A school year of events, and who signs up for them."""

    def __init__(self, session: Session) -> None:
        self.session, self.sent, self.files = session, 0, dict(FILES)

    def come(self, event: Event, *addresses: str) -> int:
        """Sign up a party: the first is its contact."""
        self.sent += 1
        people = tuple(Person("Emma", "Peeters", address) for address in addresses)
        form = SignUp(form_id=f"f{self.sent:012}", people=people, language="nl", privacy_version="1")
        with Office(self.session, event).desk() as at:
            return sign_up(at, form, secret_key="k" * 32).registration.id

    def count(self, organiser: Organiser = EVERYTHING) -> AllNumbers:
        self.session.rollback()
        return terms.all_numbers(self.session, self.files, organiser, BRUSSELS)


@pytest.fixture
def year(database_url: str) -> Iterator[Year]:
    engine = connect(database_url)
    with Session(engine) as session:
        yield Year(session)
    engine.dispose()


@pytest.mark.parametrize(
    ("day", "term"),
    [
        (date(2027, 8, 31), Term(2027, 4)),
        (date(2027, 9, 1), Term(2027, 9)),
        (date(2027, 12, 31), Term(2027, 9)),
        (date(2028, 1, 1), Term(2028, 1)),
        (date(2028, 3, 31), Term(2028, 1)),
        (date(2028, 4, 1), Term(2028, 4)),
    ],
)
def test_a_day_lies_in_one_term(day: date, term: Term) -> None:
    assert Term.of(day) == term
    assert term.begins <= day
    assert (term.ends.year, term.ends.month) >= (day.year, day.month)


def test_terms_come_newest_first_with_their_events_and_people(year: Year) -> None:
    year.come(AUTUMN, "an@school.example", "", "")
    year.come(SPRING, "an@school.example")
    left = year.come(SPRING, "bo@school.example")
    year.come(OPEN, "AN@school.example", "cas@school.example")
    with Office(year.session, SPRING).desk() as at:
        changes.cancel(at, left)
    spring, autumn = year.count().terms
    assert (spring.term, autumn.term) == (Term(2028, 1), Term(2027, 9))
    assert [event.slug for event in spring.events] == ["open", "spring"]
    assert (spring.filled, spring.cancelled, spring.people) == (3, 1, 2)
    assert (autumn.filled, autumn.capacity, autumn.people) == (3, 3, 3)
    assert spring.capacity is None  # one of its events has no limit
    assert autumn.term.year_before == Term(2026, 9)


def test_attendance_is_told_of_the_events_where_anybody_was_let_in(year: Year) -> None:
    year.come(SPRING, "an@school.example", "")
    year.come(OPEN, "an@school.example")
    assert year.count().terms[0].attended is None
    with transaction(year.session):
        year.session.execute(
            update(Attendee)
            .where(Attendee.event_slug == "spring", Attendee.position == 0)
            .values(checked_in_at=NOW)
        )
    spring = year.count().terms[0]
    assert (spring.attended, spring.expected) == (1, 2)


def test_who_had_a_place_at_two_events_came_back(year: Year) -> None:
    for event in (AUTUMN, SPRING, OPEN):
        year.come(event, "an@school.example")
    year.come(AUTUMN, "bo@school.example")
    year.come(SPRING, "cas@school.example", "Bo@School.example", "")
    waiting = year.come(AUTUMN, "cas@school.example", "", "")  # one place was left
    assert year.session.get_one(Registration, waiting).status == "waitlisted"
    found = year.count()
    assert found.came == (1, 1, 1, 0)
    assert (found.returning, found.known) == (2, 3)


def test_who_was_removed_counts_in_a_term_and_is_nobody_who_comes_back(year: Year) -> None:
    for event in (SPRING, OPEN):
        year.come(event, "an@school.example")
    with transaction(year.session):
        for registration in year.session.scalars(select(Registration)):
            privacy.anonymise(year.session, registration, NOW)
    found = year.count()
    assert (found.terms[0].filled, found.terms[0].people, found.known) == (2, 2, 0)


def test_organisers_bound_to_events_see_the_numbers_of_these_only(year: Year) -> None:
    year.come(AUTUMN, "an@school.example")
    year.come(SPRING, "an@school.example")
    bound = Organiser(events=[OrganiserEvent(event_slug="spring")])
    found = year.count(bound)
    assert [event.slug for term in found.terms for event in term.events] == ["spring"]
    assert (found.known, found.returning) == (1, 0)
    assert year.count(Organiser(events=[OrganiserEvent(event_slug="else")])) == AllNumbers((), (0, 0, 0, 0))


def test_cancelled_events_drafts_and_those_elsewhere_do_not_count(year: Year) -> None:
    year.come(AUTUMN, "an@school.example")
    year.files = {
        "autumn": event_on("autumn", AUTUMN.starts, status="cancelled"),
        "draft": event_on("draft", AUTUMN.starts, status="draft"),
        "theirs": event_on("theirs", AUTUMN.starts, registration="external"),
    }
    assert year.count() == AllNumbers((), (0, 0, 0, 0))


def test_an_event_whose_file_is_gone_counts_when_it_was_last_known_to_be(year: Year) -> None:
    year.come(AUTUMN, "an@school.example")
    del year.files["autumn"]
    known = {"spring": Term(2028, 1), "open": Term(2028, 1)}
    of_its_sign_up = {event.slug: term.term for term in year.count().terms for event in term.events}
    assert of_its_sign_up == known | {"autumn": Term.of(NOW.date())}
    with transaction(year.session):
        year.session.execute(update(EventRecord).values(told=Facts.of(AUTUMN).written()))
    of_its_day = {event.slug: term.term for term in year.count().terms for event in term.events}
    assert of_its_day == known | {"autumn": Term(2027, 9)}


def test_it_takes_four_queries_however_many_registrations(database_url: str) -> None:
    engine = connect(database_url)
    asked: list[str] = []
    events_of.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    taken = []
    for slug, people in (("autumn", 5), ("spring", 500)):
        sign_up_many(engine, slug, confirmed=people, at=datetime(2027, 1, 4, tzinfo=UTC))
        asked.clear()
        with Session(engine) as session:
            assert terms.all_numbers(session, FILES, EVERYTHING, BRUSSELS).terms
        taken.append(len([statement for statement in asked if statement.startswith("SELECT")]))
    assert taken == [4, 4]
    engine.dispose()

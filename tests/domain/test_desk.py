"""The one door: whatever happens in whatever order, nobody gets a place twice, and nobody is lost."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content.event import Event, Ticket
from portal.content.event import Session as Part
from portal.content.site import Site
from portal.domain import changes, desk, places, taken
from portal.domain.changes import Change
from portal.domain.desk import SYSTEM, Actor, Desk
from portal.domain.errors import ChangeRefused, SignupRefused
from portal.domain.letters import LetterWriter
from portal.domain.places import Party
from portal.domain.registrations import last_entry, place_in_line
from portal.domain.signup import Person, SignUp, sign_up
from portal.storage.database import connect, transaction
from portal.storage.migrate import upgrade
from portal.storage.models import Attendee, HistoryEntry, Letter, Organiser, Registration
from tests.support.events import make_event

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
TICKETS = ("full", "am", "pm")
DAY = make_event(
    capacity=4,
    sessions=(Part("am", "Voormiddag", 3), Part("pm", "Namiddag", None)),
    tickets=(
        Ticket("full", "Volledige dag", 14000, ("am", "pm")),
        Ticket("am", "Voormiddag", 6500, ("am",)),
        Ticket("pm", "Namiddag", 6500, ("pm",), capacity=2),
    ),
)


class Office:
    """Somebody at the desk of one event, with a clock that goes a minute further each time."""

    def __init__(self, session: Session, event: Event) -> None:
        self.session, self.event, self.now, self.sent = session, event, NOW, 0

    @contextmanager
    def desk(self, actor: Actor = desk.REGISTRANT) -> Iterator[Desk]:
        self.now += timedelta(minutes=1)
        letters = LetterWriter(self.event.slug, self.event, Site(name="S"), "http://localhost", self.now)
        with transaction(self.session):
            yield Desk(
                self.session, self.event.slug, self.event, now=self.now, write_letter=letters, actor=actor
            )

    def sign_up(self, *tickets: str, over_capacity: bool = False) -> int:
        self.sent += 1
        people = tuple(
            Person(f"P{i}", "Peeters", f"p{self.sent}@school.example" if i == 0 else "", ticket)
            for i, ticket in enumerate(tickets)
        )
        sent = SignUp(form_id=f"form-{self.sent:012}", people=people, language="nl", privacy_version="1")
        with self.desk() as at:
            return sign_up(at, sent, secret_key="k" * 32, over_capacity=over_capacity).registration.id

    def statuses(self) -> dict[int, str]:
        return {r.id: r.status for r in self.session.scalars(select(Registration).order_by(Registration.id))}

    def letters(self, kind: str) -> int:
        return len(self.session.scalars(select(Letter.id).where(Letter.kind == kind)).all())


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    engine = connect(database_url)
    with Session(engine) as session:
        yield Office(session, make_event(capacity=2))
    engine.dispose()


def test_a_cancelled_place_goes_to_the_first_in_line_with_a_letter(office: Office) -> None:
    first, second, third, fourth = (office.sign_up("") for _ in range(4))
    with office.desk() as at:
        changes.cancel(at, first)
    assert office.statuses() == {
        first: "cancelled",
        second: "confirmed",
        third: "confirmed",
        fourth: "waitlisted",
    }
    assert (office.letters("promoted"), office.letters("cancelled")) == (1, 1)
    promoted = office.session.scalars(select(HistoryEntry).where(HistoryEntry.action == "promoted")).one()
    assert (promoted.registration_id, promoted.actor) == (third, "system")


def test_cancelling_twice_frees_one_place(office: Office) -> None:
    first, *_others = (office.sign_up("") for _ in range(4))
    for _ in range(2):
        with office.desk() as at:
            changes.cancel(at, first)
    assert Counter(office.statuses().values()) == {"confirmed": 2, "cancelled": 1, "waitlisted": 1}
    assert office.letters("cancelled") == 1


def test_one_of_a_party_can_cancel_and_the_others_keep_their_places(office: Office) -> None:
    party, alone = office.sign_up("", ""), office.sign_up("")
    with office.desk() as at:
        changes.cancel(at, party, [1])
    assert office.statuses() == {party: "confirmed", alone: "confirmed"}


def test_a_waiting_party_that_gets_smaller_may_fit(office: Office) -> None:
    office.sign_up("")
    party = office.sign_up("", "")
    with office.desk() as at:
        changes.cancel(at, party, [1])
    assert office.statuses()[party] == "confirmed"


def test_a_raised_capacity_moves_the_line_and_a_lowered_one_throws_nobody_out(office: Office) -> None:
    registrations = [office.sign_up("") for _ in range(4)]
    office.event = replace(office.event, capacity=3)
    with office.desk(SYSTEM):
        pass
    assert list(office.statuses().values()) == ["confirmed"] * 3 + ["waitlisted"]
    office.event = replace(office.event, capacity=1)
    with office.desk() as at:
        changes.cancel(at, registrations[0])
    assert list(office.statuses().values()) == ["cancelled"] + ["confirmed"] * 2 + ["waitlisted"]


def test_the_first_in_line_is_passed_three_times_and_no_more(office: Office) -> None:
    office.sign_up("")
    large = office.sign_up("", "")
    small = []
    for _ in range(places.PATIENCE + 1):
        small.append(office.sign_up(""))
        if office.statuses()[small[-1]] == "confirmed":
            with office.desk() as at:
                changes.cancel(at, small[-1])
    assert office.statuses()[small[-2]] == "cancelled"
    assert office.statuses()[small[-1]] == "waitlisted"
    assert office.statuses()[large] == "waitlisted"
    assert place_in_line(office.session, office.session.get_one(Registration, large)) == 1
    assert place_in_line(office.session, office.session.get_one(Registration, small[-1])) == 2


def test_by_hand_an_organiser_chooses_and_going_over_is_written_down(office: Office) -> None:
    with transaction(office.session):
        office.session.add(
            Organiser(
                email="a@b.example", email_key="a@b.example", password_hash="", role="owner", created_at=NOW
            )
        )
    office.event = replace(office.event, waitlist="manual")
    first, _, _, last = (office.sign_up("") for _ in range(4))
    with office.desk() as at:
        changes.cancel(at, first)
    with office.desk(Actor("organiser", 1)) as at:
        changes.promote(at, last)
    assert office.statuses()[last] == "confirmed"
    third = next(id_ for id_, status in office.statuses().items() if status == "waitlisted")
    with pytest.raises(ChangeRefused), office.desk(Actor("organiser", 1)) as at:
        changes.promote(at, third)
    with office.desk(Actor("organiser", 1)) as at:
        changes.promote(at, third, over_capacity=True)
    notes = office.session.scalars(select(HistoryEntry.note).where(HistoryEntry.actor == "organiser")).all()
    assert notes == ["", "over_capacity"]


def test_a_replaced_person_keeps_the_place_and_can_be_found(office: Office) -> None:
    registration = office.sign_up("", "")
    with office.desk() as at:
        change = Change(people={1: Person("Noor", "Aérts", "noor@school.example")})
        changes.change(at, registration, change)
    person = office.session.scalars(select(Attendee).where(Attendee.position == 1)).one()
    assert (person.first_name, person.status) == ("Noor", "confirmed")
    assert "aerts noor" in person.search_text
    welcome = office.session.scalars(select(Letter).where(Letter.kind == "welcome")).one()
    assert welcome.recipient == "noor@school.example"
    assert "{registration-link" not in welcome.text + welcome.html


def test_a_waiting_party_that_grows_waits_anew_and_one_that_has_places_grows_where_there_are_more(
    office: Office,
) -> None:
    office.event = replace(office.event, capacity=3)
    party, waiting, behind = office.sign_up(""), office.sign_up("", "", ""), office.sign_up("", "", "")
    with office.desk() as at:
        changes.change(at, waiting, Change(joining=[Person("Noor", "Aerts")]))
    assert place_in_line(office.session, office.session.get_one(Registration, behind)) == 1
    assert place_in_line(office.session, office.session.get_one(Registration, waiting)) == 2
    with office.desk() as at:
        changes.change(at, party, Change(joining=[Person("Noor", "Aerts"), Person("Lien", "Maes")]))
    with pytest.raises(ChangeRefused, match="no_place"), office.desk() as at:
        changes.change(at, party, Change(joining=[Person("Jan", "Smet")]))
    with pytest.raises(ChangeRefused, match="too_many"), office.desk() as at:
        changes.change(at, behind, Change(joining=[Person("Jan", "Smet")] * 4))
    names = office.session.scalars(select(Attendee.first_name).where(Attendee.registration_id == party))
    assert names.all() == ["P0", "Noor", "Lien"]
    assert office.statuses() == {party: "confirmed", waiting: "waitlisted", behind: "waitlisted"}


def test_what_happened_meanwhile_is_seen_before_anything_is_changed(office: Office) -> None:
    registration = office.sign_up("", "")
    seen = last_entry(office.session, registration)
    first = Change(people={1: Person("Noor", "Aerts")}, seen=seen)
    for _ in range(2):  # the same form twice is no conflict
        with office.desk() as at:
            changes.change(at, registration, first)
    with pytest.raises(ChangeRefused, match="meanwhile"), office.desk() as at:
        changes.change(at, registration, Change(school="Sint-Jan", seen=seen))
    with office.desk() as at:
        changes.change(
            at, registration, Change(school="Sint-Jan", seen=last_entry(office.session, registration))
        )
    notes = office.session.scalars(select(HistoryEntry.note).order_by(HistoryEntry.id)).all()
    assert notes == ["", "people", "school"]


def test_a_ticket_that_an_organiser_chose_cannot_be_changed_back(office: Office) -> None:
    with transaction(office.session):
        office.session.add(
            Organiser(
                email="a@b.example", email_key="a@b.example", password_hash="", role="owner", created_at=NOW
            )
        )
    office.event = DAY
    registration = office.sign_up("am", "am")
    with office.desk(Actor("organiser", 1)) as at:
        changes.change(at, registration, ticket_change(at, registration, {0: "pm"}))
    with pytest.raises(ChangeRefused, match="fixed"), office.desk() as at:
        changes.change(at, registration, ticket_change(at, registration, {0: "am"}))
    with office.desk() as at:
        changes.change(at, registration, ticket_change(at, registration, {1: "pm"}))
    assert office.letters("changed") == 2


def ticket_change(at: Desk, registration_id: int, tickets: dict[int, str]) -> Change:
    """Other tickets for the same people."""
    people = at.registration(registration_id).attendees
    return Change(
        people={
            person.position: Person(
                person.first_name, person.last_name, person.email, tickets[person.position]
            )
            for person in people
            if person.position in tickets
        }
    )


def test_a_ticket_is_changed_with_its_price_or_not_at_all(office: Office) -> None:
    office.event = DAY
    morning = [office.sign_up("am") for _ in range(3)]
    afternoon = office.sign_up("pm")
    with pytest.raises(ChangeRefused), office.desk() as at:
        changes.change(at, afternoon, ticket_change(at, afternoon, {0: "full"}))
    with office.desk() as at:
        changes.change(at, morning[0], ticket_change(at, morning[0], {0: "pm"}))
    people = {a.registration_id: a for a in office.session.scalars(select(Attendee))}
    assert (people[afternoon].ticket, people[morning[0]].ticket) == ("pm", "pm")
    with office.desk() as at:
        changes.change(at, afternoon, ticket_change(at, afternoon, {0: "full"}))
    assert (people[afternoon].ticket_label, people[afternoon].price) == ("Volledige dag", 14000)


def test_an_event_whose_file_is_gone_can_still_be_cancelled(office: Office) -> None:
    registration = office.sign_up("")
    letters = LetterWriter("nascholing", None, Site(name="S"), "http://localhost", NOW)
    with transaction(office.session):
        changes.cancel(Desk(office.session, "nascholing", None, now=NOW, write_letter=letters), registration)
    assert office.statuses()[registration] == "cancelled"


class AnyDay(RuleBasedStateMachine):
    """Random days at the desk, on SQLite; the arithmetic is the same on both databases."""

    @initialize(capacity=st.none() | st.integers(1, 6), morning=st.none() | st.integers(1, 4))
    def open(self, capacity: int | None, morning: int | None) -> None:
        self.folder = TemporaryDirectory()
        database = Path(self.folder.name) / "portal.db"
        shutil.copyfile(template()[0], database)
        self.engine = connect(f"sqlite:///{database}")
        self.session = Session(self.engine)
        self.before: dict[places.Pool, int] = {}
        self.expected = 0
        self.office = Office(self.session, self.day(capacity, morning))

    def day(self, capacity: int | None, morning: int | None, waitlist: str = "auto") -> Event:
        sessions = (Part("am", "Voormiddag", morning), Part("pm", "Namiddag", None))
        return replace(DAY, capacity=capacity, sessions=sessions, waitlist=waitlist)

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.close()
            self.engine.dispose()
            self.folder.cleanup()

    def registrations(self) -> list[Registration]:
        return list(self.session.scalars(select(Registration).order_by(Registration.id)))

    @rule(party=st.lists(st.sampled_from(TICKETS), min_size=1, max_size=4))
    def sign_up(self, party: list[str]) -> None:
        said = places.availability(
            self.office.event, taken.of_event(self.session, "nascholing"), self.office.now
        )
        try:
            registration = self.office.sign_up(*party)
        except SignupRefused:
            assert self.office.event.waitlist == "off"
            return
        self.expected += len(party)
        if said.state == "waitlist" and said.left == 0:
            assert self.office.statuses()[registration] == "waitlisted"

    @precondition(lambda self: self.expected)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        registration = data.draw(st.sampled_from(self.registrations()))
        positions = data.draw(st.none() | st.sets(st.integers(0, 3), min_size=1))
        with self.office.desk() as at:
            changes.cancel(at, registration.id, positions)

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), ticket=st.sampled_from(TICKETS))
    def change(self, data: st.DataObject, ticket: str) -> None:
        registration = data.draw(st.sampled_from(self.registrations()))
        before = [(person.ticket, person.status) for person in registration.attendees]
        try:
            with self.office.desk() as at:
                changes.change(at, registration.id, ticket_change(at, registration.id, {0: ticket}))
        except ChangeRefused:
            self.session.expire_all()
            assert [(person.ticket, person.status) for person in registration.attendees] == before

    @precondition(lambda self: self.expected)
    @rule(data=st.data(), tickets=st.lists(st.sampled_from(TICKETS), min_size=1, max_size=2))
    def take_along(self, data: st.DataObject, tickets: list[str]) -> None:
        registration = data.draw(st.sampled_from(self.registrations()))
        try:
            with self.office.desk() as at:
                changes.change(
                    at, registration.id, Change(joining=[Person("Jan", "Smet", "", one) for one in tickets])
                )
            self.expected += len(tickets)
        except ChangeRefused:
            pass

    @rule(
        capacity=st.none() | st.integers(1, 8),
        morning=st.none() | st.integers(1, 4),
        waitlist=st.sampled_from(["auto", "auto", "manual", "off"]),
    )
    def edit_the_file(self, capacity: int | None, morning: int | None, waitlist: str) -> None:
        self.office.event = self.day(capacity, morning, waitlist)
        with self.office.desk(SYSTEM):
            pass

    @invariant()
    def no_pool_takes_more_than_it_has(self) -> None:
        if not hasattr(self, "session"):
            return
        self.session.expire_all()
        event = self.office.event
        people = self.session.scalars(select(Attendee)).all()
        confirmed = Counter(person.ticket for person in people if person.status == "confirmed")
        used = places.demand(event, confirmed)
        for pool, limit in places.capacities(event).items():
            # Lowered under what was taken, it only goes down.
            assert used[pool] <= max(limit, self.before.get(pool, 0))
        self.before = dict(used)

    @invariant()
    def counts_history_and_people_tell_the_same_and_nobody_is_lost(self) -> None:
        if not hasattr(self, "session"):
            return
        people = self.session.scalars(select(Attendee)).all()
        assert len(people) == self.expected
        counted = taken.of_event(self.session, "nascholing")
        for status, numbers in (("confirmed", counted.confirmed), ("waitlisted", counted.waitlisted)):
            assert Counter({k: v for k, v in numbers.items() if v}) == Counter(
                person.ticket for person in people if person.status == status
            )
        replayed: dict[tuple[int, int], tuple[str, str]] = {}
        for entry in self.session.scalars(select(HistoryEntry).order_by(HistoryEntry.id)):
            for person in entry.people:
                replayed[entry.registration_id, person["position"]] = (person["status"], person["ticket"])
        assert replayed == {(p.registration_id, p.position): (p.status, p.ticket) for p in people}

    @invariant()
    def nobody_waits_who_would_fit_under_the_rule(self) -> None:
        if not hasattr(self, "session") or self.office.event.waitlist == "manual":
            return
        event = self.office.event
        now_taken = taken.of_event(self.session, "nascholing")
        room = places.free(event, now_taken)
        line = sorted(
            (r for r in self.registrations() if r.status == "waitlisted"),
            key=lambda r: (r.waiting_since, r.id),
        )
        held: Counter[str] = Counter()
        for registration in line:
            tickets = Counter(p.ticket for p in registration.attendees if p.status == "waitlisted")
            wanted = places.demand(event, tickets)
            assert any(number > room[pool] for pool, number in wanted.items() if pool in room)
            if Party(registration.id, tickets, registration.passed).holds:
                held += tickets
                for pool in room:
                    room[pool] -= wanted[pool]
        assert {ticket: number for ticket, number in now_taken.held.items() if number} == dict(held)


@cache
def template() -> tuple[Path, TemporaryDirectory[str]]:
    """An empty database with the portal's tables, made once; it goes when the folder is let go of."""
    folder = TemporaryDirectory()
    database = Path(folder.name) / "template.db"
    upgrade(f"sqlite:///{database}")
    return database, folder


TestAnyDay = AnyDay.TestCase
TestAnyDay.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)

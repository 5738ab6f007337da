"""People of a file at the desk: all or nothing, and never twice."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen
from sqlalchemy.orm import Session

from portal.content.event import Event, Question
from portal.content.site import Site
from portal.domain import changes, privacy, taken
from portal.domain.desk import Actor, Desk
from portal.domain.errors import ImportRefused
from portal.domain.imports import Added, Guest, Plan, Wishes, guess, plan, read_guests, save
from portal.domain.letters import LetterWriter
from portal.formats.tables import read_text
from portal.storage.database import connect, transaction
from portal.storage.models import Answer, Attendee, HistoryEntry, Letter, Organiser, Registration
from tests.support.events import make_event

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
SECRET = "k" * 32
FILE = (
    "Order,Naam,E-mail\n1,Emma Peeters,e@x.example\n2,Noor Maes,n@x.example\n2,Lies Aerts,\n3,Wout Claes,\n"
)


class Office:
    """An organiser with a file, at the desk of one event."""

    def __init__(self, session: Session, event: Event) -> None:
        self.session, self.event = session, event
        owner = Organiser(
            email="a@b.example", email_key="a@b.example", password_hash="", role="owner", created_at=NOW
        )
        with transaction(session):
            session.add(owner)
        self.actor = Actor("organiser", owner.id)

    def desk(self) -> Desk:
        letters = LetterWriter(self.event.slug, self.event, Site(name="S"), "http://localhost", NOW)
        return Desk(
            self.session, self.event.slug, self.event, now=NOW, write_letter=letters, actor=self.actor
        )

    def guests(self, file: str) -> list[Guest]:
        table = read_text(file)
        return read_guests(table, guess(table, self.event), self.event)

    def look(self, file: str = FILE, **wishes: bool) -> Plan:
        now_taken = taken.of_event(self.session, self.event.slug)
        return plan(self.session, self.event, now_taken, self.guests(file), Wishes(**wishes))

    def add(self, file: str = FILE, *, seen: str = "", **wishes: bool) -> Added:
        seen = seen or self.look(file, **wishes).digest
        with transaction(self.session):
            return save(self.desk(), self.guests(file), Wishes(**wishes), seen=seen, secret_key=SECRET)

    def number(self, table: type) -> int:
        return self.session.scalar(select(func.count()).select_from(table)) or 0

    def statuses(self) -> dict[str, int]:
        return dict(Counter(self.session.scalars(select(Attendee.status)).all()))


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    engine = connect(database_url)
    with Session(engine) as session:
        yield Office(session, make_event())
    engine.dispose()


def test_everybody_is_signed_up_by_the_organiser_without_a_letter(office: Office) -> None:
    assert office.add() == Added(places=4, waiting=0, known=0)
    parties = office.session.scalars(select(Registration).order_by(Registration.id)).all()
    assert [[person.first_name for person in party.attendees] for party in parties] == [
        ["Emma"], ["Noor", "Lies"], ["Wout"],
    ]  # fmt: skip
    assert parties[2].email == ""
    assert office.number(Letter) == 0
    entries = office.session.scalars(select(HistoryEntry)).all()
    assert {(entry.actor, entry.organiser_id, entry.action) for entry in entries} == {
        ("organiser", office.actor.organiser_id, "signed_up")
    }


def test_letters_go_to_who_has_an_address_when_that_is_asked(office: Office) -> None:
    office.add(letter=True)
    letters = office.session.scalars(select(Letter).order_by(Letter.id)).all()
    assert [(letter.kind, letter.recipient) for letter in letters] == [
        ("confirmed", "e@x.example"),
        ("confirmed", "n@x.example"),
    ]


def test_the_same_file_twice_adds_nobody(office: Office) -> None:
    office.add()
    assert office.look().people == 0
    assert office.add() == Added(places=0, waiting=0, known=4)
    assert office.number(Attendee) == 4


def test_a_file_with_newcomers_adds_only_those(office: Office) -> None:
    office.add()
    assert office.add(FILE + "9,An Smet,a@x.example\n") == Added(places=1, waiting=0, known=4)


def test_who_cancelled_here_since_does_not_come_back_with_the_same_file(office: Office) -> None:
    office.add()
    emma = office.session.scalars(select(Registration.id).where(Registration.email == "e@x.example")).one()
    with transaction(office.session):
        changes.cancel(office.desk(), emma)
    seen = office.look()
    assert [verdict.fate for verdict in seen.verdicts] == ["withdrew", "known", "known", "known"]
    assert [verdict.guest.first_name for verdict in seen.verdicts if verdict.to_look_at] == ["Emma"]
    assert office.add() == Added(places=0, waiting=0, known=3)
    assert office.statuses() == {"confirmed": 3, "cancelled": 1}


def test_who_was_removed_is_not_known_again_by_the_file_they_came_from(office: Office) -> None:
    office.add()
    with transaction(office.session):
        privacy.anonymise_event(office.session, office.event.slug, NOW)
    assert office.look().counts == {"place": 4}
    assert office.add().places == 4


def test_who_finds_no_place_waits_as_a_party(office: Office) -> None:
    office.event = replace(office.event, capacity=2)
    seen = office.look()
    assert [verdict.fate for verdict in seen.verdicts] == ["place", "waits", "waits", "place"]
    assert office.add() == Added(places=2, waiting=2, known=0)
    assert office.statuses() == {"confirmed": 2, "waitlisted": 2}


def test_over_capacity_is_said_in_the_history_of_whom_it_was_for(office: Office) -> None:
    office.event = replace(office.event, capacity=1, waitlist="off")
    assert office.add(over_capacity=True).places == 4
    notes = office.session.scalars(select(HistoryEntry.note).order_by(HistoryEntry.id)).all()
    assert notes == ["", "over_capacity", "over_capacity"]


@pytest.mark.parametrize("file", [FILE + "4,,a@x.example\n", FILE + "4,An,bad\n"])
def test_one_row_that_cannot_be_added_keeps_everybody_out(office: Office, file: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        office.add(file)
    assert refused.value.kind == "blocked"
    assert office.number(Registration) == 0
    assert office.add(file, leave_out=True).places == 4


def test_rows_without_a_place_and_a_waiting_list_block_too(office: Office) -> None:
    office.event = replace(office.event, capacity=1, waitlist="off")
    with pytest.raises(ImportRefused):
        office.add()
    assert office.number(Registration) == 0
    assert office.add(leave_out=True) == Added(places=1, waiting=0, known=0)


def test_what_would_go_otherwise_than_was_seen_is_not_done(office: Office) -> None:
    office.event = replace(office.event, capacity=4)
    seen = office.look().digest
    office.add("Naam,E-mail\nAn Smet,a@x.example\n")
    with pytest.raises(ImportRefused) as refused:
        office.add(seen=seen)
    assert refused.value.kind == "meanwhile"
    assert office.number(Registration) == 1


def test_a_fault_halfway_keeps_nobody(office: Office) -> None:
    seen: list[str] = []

    def fail_at_the_third(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "INSERT INTO registrations" in statement:
            seen.append(statement)
            if len(seen) == 3:
                raise RuntimeError("a fault")

    listen(office.session.get_bind(), "before_cursor_execute", fail_at_the_third)
    with pytest.raises(RuntimeError):
        office.add(letter=True)
    assert office.number(Registration) == office.number(Letter) == 0


def test_answers_are_kept_as_if_the_form_had_asked(office: Office) -> None:
    office.event = replace(
        office.event,
        questions=(
            Question("diet", "Dieet", each=True),
            Question("topics", "Thema", "checkboxes", options=("AI", "Data")),
        ),
    )
    office.add("Naam,Dieet,Thema\nEmma,vegan,AI; Data\n")
    answers = office.session.scalars(select(Answer).order_by(Answer.number)).all()
    assert [(answer.name, answer.value) for answer in answers] == [("diet", "vegan"), ("topics", "AI\nData")]


def test_other_people_under_a_known_address_are_told_and_not_added(office: Office) -> None:
    office.add()
    seen = office.look("Naam,E-mail\nAn Smet,e@x.example\n")
    (verdict,) = seen.verdicts
    assert (verdict.fate, verdict.name) == ("other_name", "Emma Peeters")


def test_a_file_that_is_longer_than_one_question_is_compared_whole(office: Office) -> None:
    office.add("Naam,E-mail\n" + "".join(f"Emma P{n},e{n}@x.example\n" for n in range(40)))
    assert office.number(Registration) == 40
    assert (
        office.look("Naam,E-mail\n" + "".join(f"Emma P{n},e{n}@x.example\n" for n in range(1200))).people
        == 1160
    )

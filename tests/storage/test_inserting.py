"""New rows beside the unit of work: what it would have written, and theirs afterwards."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import inspect, null, select
from sqlalchemy.event import listen
from sqlalchemy.exc import DataError, IntegrityError, InvalidRequestError, StatementError
from sqlalchemy.orm import Session

from portal.storage.database import connect, transaction
from portal.storage.inserting import insert_registration
from portal.storage.ledger import Billing
from portal.storage.models import Answer, Attendee, Base, EventRecord, HistoryEntry, Letter, Registration

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
TABLES = (Registration, Attendee, Answer, Billing)
OF_THE_ROW = {"id", "reference", "token_hash", "form_id", "email_key", "registration_id"}


def party(name: str, people: int = 2) -> Registration:
    def answer(number: int) -> Answer:
        return Answer(number=number, name=f"q{number}", label="Lunch?", type="text", each=True, value="ja")

    return Registration(
        reference=name,
        event_slug="day",
        form_id=name,
        token_hash=name,
        email="emma@school.example",
        email_key=name,
        event_title="Day",
        language="nl",
        privacy_version="1",
        created_at=NOW,
        billing=Billing(name="Sint-Jan vzw", vat="BE0123456749"),
        payments=[],
        attendees=[
            Attendee(
                event_slug="day",
                position=position,
                status="confirmed",
                first_name="Emma",
                last_name=f"Peeters {position}",
                ticket="",
                price=6500,
                search_text="peeters emma",
                all_answers=[answer(number) for number in range(3)],
            )
            for position in range(people)
        ],
    )


def letter(**values: object) -> Letter:
    return Letter(
        event_slug="day", kind="confirmed", language="nl", recipient="emma@school.example", message_id="<1@x>",
        reply_to="info@x.example", subject="S", text="Dag Zoë \n\U0001f600", html="H", calendar="C", sequence=0,
        facts="F", created_at=NOW, queued_at=NOW, due_at=NOW, **values,
    )  # fmt: skip


def entry() -> HistoryEntry:
    return HistoryEntry(
        at=NOW, actor="registrant", organiser_id=None, action="signed_up", people=[{"position": 0}], note=""
    )


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = connect(database_url)
    with Session(engine) as opened:
        with transaction(opened):
            opened.add(EventRecord(slug="day", title="Day"))
        yield opened
    engine.dispose()


def stored(session: Session, table: type[Base], registration_id: int) -> list[dict[str, Any]]:
    names = [column.key for column in inspect(table).column_attrs]
    key = table.id if table is Registration else table.registration_id  # type: ignore[attr-defined]
    rows = session.scalars(select(table).where(key == registration_id).order_by(*inspect(table).primary_key))
    return [{name: getattr(row, name) for name in names if name not in OF_THE_ROW} for row in rows]


def test_the_rows_are_those_of_the_unit_of_work(session: Session) -> None:
    ours, theirs = party("A"), party("B")
    with transaction(session):
        insert_registration(session, ours)
        session.add(theirs)
    numbers = ours.id, theirs.id
    session.expunge_all()
    for table in TABLES:
        written, expected = (stored(session, table, number) for number in numbers)
        assert written == expected != []


def test_what_was_written_is_in_the_session_and_not_written_again(session: Session) -> None:
    made = party("A")
    with transaction(session):
        insert_registration(session, made)
        assert not session.new
        assert not session.dirty
        assert session.get(Registration, made.id) is made
        # What was not said is what the table says.
        assert (made.phone, made.attendees[1].email, made.cancelled_at) == ("", "", None)
        made.school = "Sint-Jan"
        made.attendees[0].all_answers.pop()
    session.expunge_all()
    kept = session.scalars(select(Registration)).one()
    assert (kept.school, [len(person.all_answers) for person in kept.attendees]) == ("Sint-Jan", [2, 3])


def test_what_else_speaks_of_it_goes_with_it(session: Session) -> None:
    made, codes = party("A"), ["K7M2-QX4P-1"]
    signed_up, confirmed = entry(), letter(codes=codes, transfer=None)
    with transaction(session):
        insert_registration(session, made, signed_up, confirmed)
        numbers = made.id, signed_up.id, confirmed.id
    session.expunge_all()
    kept = session.scalars(select(Letter)).one()
    assert (kept.registration_id, kept.id, kept.text) == (numbers[0], numbers[2], "Dag Zoë \n\U0001f600")
    assert (kept.state, kept.codes, kept.transfer) == ("waiting", codes, None)
    assert session.scalar(select(Letter.transfer.is_(null()))) is True
    noted = session.scalars(select(HistoryEntry)).one()
    assert (noted.registration_id, noted.id, noted.people) == (*numbers[:2], [{"position": 0}])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_largest_is_one_statement_that_psycopg_keeps(session: Session) -> None:
    asked: list[str] = []
    listen(
        session.get_bind(),
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_rest: asked.append(statement),
    )
    made = party("A", people=20)
    made.communication = "101327481583"
    with transaction(session):
        insert_registration(session, made, entry(), letter(codes=["K7M2-QX4P-1"], transfer={"cents": 6500}))
    assert len(asked) == 1
    assert len(asked[0]) <= 4096, "psycopg takes longer ones apart anew each time"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_too_long_is_refused_and_never_cut(session: Session) -> None:
    made = party("A")
    made.school = "x" * 201
    with pytest.raises(DataError), transaction(session):
        insert_registration(session, made)


def test_a_time_without_a_zone_is_refused(session: Session) -> None:
    made = party("A")
    made.created_at = NOW.replace(tzinfo=None)
    with pytest.raises((ValueError, StatementError)), transaction(session):
        insert_registration(session, made)


def test_outside_a_transaction_it_is_an_error_and_leaves_nothing(session: Session) -> None:
    with pytest.raises(InvalidRequestError, match="outside a transaction"):
        insert_registration(session, party("A"))
    session.rollback()
    assert session.scalars(select(Registration)).all() == []


def test_a_second_of_its_kind_is_refused_and_nothing_stays(session: Session) -> None:
    with transaction(session):
        insert_registration(session, party("A"))
    with pytest.raises(IntegrityError), transaction(session):
        insert_registration(session, party("A"))
    assert len(session.scalars(select(Registration)).all()) == 1
    assert not session.new


def test_what_was_taken_back_makes_room_for_another(session: Session) -> None:
    gone = party("A")
    hung_on_it = [*gone.attendees, *gone.attendees[0].all_answers, gone.billing]
    with pytest.raises(ZeroDivisionError), transaction(session):
        insert_registration(session, gone)
        raise ZeroDivisionError
    assert not any(row in session for row in (gone, *hung_on_it))
    with transaction(session):
        insert_registration(session, party("A"))  # on SQLite under the same number
    assert len(session.scalars(select(Attendee)).all()) == 2

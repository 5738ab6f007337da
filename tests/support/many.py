"""Thousands of registrations at once, and which statements would read all of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import JSON, Connection, Engine, Integer, String, cast, event, func, insert, literal, select
from sqlalchemy.orm import DeclarativeBase

from portal.storage.database import writing
from portal.storage.models import (
    CONFIRMED,
    WAITLISTED,
    Answer,
    Attendee,
    EventRecord,
    HistoryEntry,
    Letter,
    Registration,
    TicketCount,
)
from portal.web.extensions import db
from tests.support.portal import PortalUnderTest

LARGE = ("registrations", "attendees", "answers", "letters", "history")
"""Tables that grow with the registrations: no statement of a visitor may read one from end to end."""


def sign_up_many(
    engine: Engine, slug: str, *, confirmed: int, waiting: int = 0, at: datetime, party: int = 2
) -> None:
    """As if ``confirmed`` people had places in an event without tickets, each alone, and ``waiting`` parties waited.

    The database counts by itself, so that a hundred thousand take seconds. Afterwards it knows how large its tables
    are (ANALYZE), as one that runs for some time does.
    """
    with engine.connect().execution_options(**writing(engine)) as connection, connection.begin():
        connection.execute(insert(EventRecord).values(slug=slug, title=slug))
        numbered = (Registration, HistoryEntry, Letter)
        last = max(connection.scalar(select(func.max(table.id))) or 0 for table in numbered)
        _parties(connection, slug, CONFIRMED, last + 1, last + confirmed, 1, at)
        last += confirmed
        _parties(connection, slug, WAITLISTED, last + 1, last + waiting, party, at)
        counts = {"confirmed": confirmed, "waitlisted": party * waiting, "held": 0}
        connection.execute(insert(TicketCount).values(event_slug=slug, ticket="", **counts))
        for table in numbered:
            _continue_numbering(connection, table)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")


def _parties(
    connection: Connection, slug: str, status: str, first: int, last: int, party: int, at: datetime
) -> None:
    """Registrations with the ids from ``first`` to ``last`` and, of each, all that a sign-up writes."""
    if last < first:
        return
    counting = select(literal(first, Integer).label("n")).cte(recursive=True)
    numbers = counting.union_all(select(counting.c.n + 1).where(counting.c.n < last))
    n, word = numbers.c.n, cast(numbers.c.n, String)
    waits = status == WAITLISTED

    def fill(table: type[DeclarativeBase], **values: Any) -> None:
        columns = [
            value if hasattr(value, "label") else literal(value, table.__table__.c[name].type)
            for name, value in values.items()
        ]
        connection.execute(insert(table).from_select(list(values), select(*columns).select_from(numbers)))

    mail = "emma" + word + "@many.example"
    fill(
        Registration,
        id=n,
        reference="M" + word,
        event_slug=slug,
        form_id="many-" + word,
        token_hash="many-" + word,
        email=mail,
        email_key=mail,
        phone="",
        school="Sint-Jozefscollege, Aalst",
        remarks="",
        newsletter=False,
        event_title=slug,
        language="nl",
        privacy_version="1",
        created_at=at,
        waiting_since=at if waits else None,
        passed=0,
    )
    for position in range(party):
        fill(
            Attendee,
            registration_id=n,
            position=position,
            event_slug=slug,
            status=status,
            first_name="Emma",
            last_name="Peeters " + word,
            email=mail if position == 0 else "",
            ticket="",
            ticket_label="",
            search_text="peeters " + word + " emma " + mail,
        )
    fill(
        Answer,
        registration_id=n,
        position=0,
        number=0,
        name="diet",
        label="Diet",
        type="text",
        each=True,
        value="",
    )
    people = [{"position": position, "status": status, "ticket": ""} for position in range(party)]
    # What PostgreSQL has to be told, SQLite would make a number of.
    told = literal(people, JSON) if connection.dialect.name == "sqlite" else cast(literal(people, JSON), JSON)
    fill(
        HistoryEntry,
        id=n,
        registration_id=n,
        at=at,
        actor="registrant",
        action="signed_up",
        people=told,
        note="",
    )
    fill(
        Letter,
        id=n,
        event_slug=slug,
        registration_id=n,
        kind=status,
        language="nl",
        recipient=mail,
        reply_to="",
        message_id="<many-" + word + "@many.example>",
        subject="Nascholing",
        text="{link}",
        html="{link}",
        created_at=at,
        queued_at=at,
        state="sent",
        due_at=at,
        attempts=1,
        sent_at=at + timedelta(seconds=1),
        error="",
    )


def _continue_numbering(connection: Connection, table: type[DeclarativeBase]) -> None:
    """PostgreSQL's own numbers go on after ours; SQLite's do by themselves."""
    if connection.dialect.name == "postgresql":
        name = table.__tablename__
        connection.exec_driver_sql(
            f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), (SELECT max(id) FROM {name}))"  # noqa: S608
        )


def plans_of_a_visit(portal: PortalUnderTest, slug: str) -> list[tuple[str, str]]:
    """The statements, and their plans, of two people who sign up for the event; the first looks again and cancels."""
    with portal.app.app_context():
        engine = db.engine
    with plans_of(engine) as plans:
        locations = []
        for number in (1, 2):
            visitor = portal.visitor()
            form = visitor.get(f"/events/{slug}/signup")
            person = {"first_name": "An", "last_name": "Maes", "email": f"an{number}@x.example"}
            answer = visitor.submit(form, person | {"privacy": "y"})
            assert answer.status == 303, answer.text
            assert visitor.follow(answer).status == 200
            locations.append(answer.location)
        leaving = portal.visitor()
        answer = leaving.submit(leaving.get(f"{locations[0]}/cancel"), {})
        assert answer.status == 303, answer.text
    return plans


@contextmanager
def plans_of(engine: Engine) -> Iterator[list[tuple[str, str]]]:
    """Each statement that ``engine`` is asked in the block, with how its database goes about it."""
    plans: list[tuple[str, str]] = []
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"

    def explained(
        connection: Connection, cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> None:
        if statement.partition(" ")[0] not in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            return
        asked = cursor.connection.cursor()
        asked.execute(f"{explain} {statement}", parameters[0] if many else parameters)
        plans.append((statement, "\n".join(str(row[-1]) for row in asked.fetchall())))
        asked.close()

    event.listen(engine, "before_cursor_execute", explained)
    try:
        yield plans
    finally:
        event.remove(engine, "before_cursor_execute", explained)


def scans(plan: str) -> list[str]:
    """The lines of a plan that read a large table, or an index of it, from end to end."""
    # SQLite: SCAN letters [USING INDEX x]; PostgreSQL: Seq Scan on letters.
    return [
        line
        for line in plan.splitlines()
        if line.strip(" ->").startswith(("SCAN ", "Seq Scan on ", "Parallel Seq Scan on "))
        and set(line.replace("(", " ").split()) & set(LARGE)
    ]

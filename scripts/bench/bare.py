"""What the portal is measured against: a Flask view that renders a page of a given size, and one bare commit.

Served by Gunicorn as ``portal serve`` serves the portal. ``BARE_DATABASE`` names a database in which somebody has
signed up; ``POST /`` writes that registration's rows once more, with nothing around them.
"""

import os
from collections.abc import Iterator
from random import getrandbits
from typing import Any

from flask import Flask, redirect, render_template, request
from sqlalchemy import Engine, Select, insert, inspect, select
from sqlalchemy.orm import Session, selectinload
from werkzeug.wrappers import Response

from portal.storage.database import connect, writing
from portal.storage.models import Attendee, EventRecord, HistoryEntry, Letter, Registration

AGAIN = 1_000_000
"""Added to a number for the same row written again."""
ROW = "<li><a href='/events/{{ n }}'>{{ title }} {{ n }}</a>, {{ place|upper }}</li>\n"
PAGE = (
    "<!doctype html><html lang=en><title>{{ title }}</title><ul>{% for n in rows %}"
    + ROW
    + "{% endfor %}</ul>"
)

Rows = list[tuple[type[Any], list[dict[str, Any]]]]


def create_app() -> Flask:
    """``GET /?bytes=N`` is a page of about N bytes."""
    app = Flask(__name__)
    template, database = app.jinja_env.from_string(PAGE), os.environ.get("BARE_DATABASE")
    engine = connect(database) if database else None
    pattern: list[Rows] = []

    @app.get("/")
    def page() -> str:
        size = request.args.get("bytes", 12_000, int)
        return render_template(template, title="An event", place="Ghent", rows=range(size // 60))

    @app.post("/")
    def commit() -> Response:
        assert engine is not None  # noqa: S101
        if not pattern:
            pattern.append(next(rows_again(engine)))
        write(engine, _numbered(pattern[0], getrandbits(31)))
        return redirect("/", 303)

    return app


def _numbered(rows: Rows, number: int) -> Rows:
    registration = {"id": number, "reference": f"C{number}", "token_hash": f"c{number}"}
    keys = {"form_id": f"c{number}", "email_key": f"c{number}", "communication": None}
    first, *others = rows
    mine: Rows = [(first[0], [first[1][0] | registration | keys])]
    for table, values in others:
        own = {"registration_id": number} | ({} if table is Attendee else {"id": number})
        mine.append((table, [row | own | _letter(table, number) for row in values]))
    return mine


def _letter(table: type[Any], number: int) -> dict[str, Any]:
    return {"message_id": f"<c{number}@bench>"} if table is Letter else {}


def write(engine: Engine, rows: Rows) -> None:
    """One commit, and nothing else."""
    with engine.connect().execution_options(**writing(engine)) as connection, connection.begin():
        for table, values in rows:
            connection.execute(insert(table), values)


def make_room(engine: Engine) -> None:
    """The event of the rows that are written again."""
    write(engine, [(EventRecord, [{"slug": "bare", "title": "bare"}])])


def rows_again(engine: Engine) -> Iterator[Rows]:
    """What each sign-up wrote, by table, under names of its own."""
    with Session(engine) as session:
        for registration in session.scalars(
            select(Registration).options(selectinload(Registration.attendees))
        ):
            number = registration.id + AGAIN
            written = [
                (HistoryEntry, session.scalars(_first(HistoryEntry, registration)).one()),
                (Letter, session.scalars(_first(Letter, registration)).one()),
            ]
            own = {
                "id": number,
                "event_slug": "bare",
                "reference": f"B{number}",
                "token_hash": str(number),
                "waiting_since": None,
                "cancelled_at": None,
            }
            yield [
                (Registration, [_values(registration) | own]),
                (
                    Attendee,
                    [
                        _values(person) | {"registration_id": number, "event_slug": "bare"}
                        for person in registration.attendees
                    ],
                ),
                *(
                    (table, [_values(row) | {"id": number, "registration_id": number}])
                    for table, row in written
                ),
            ]


def _first(table: type[Any], registration: Registration) -> Select[Any]:
    return select(table).where(table.registration_id == registration.id).order_by(table.id).limit(1)


def _values(row: Any) -> dict[str, Any]:
    return {column.key: getattr(row, column.key) for column in inspect(row).mapper.column_attrs}

"""What an event offers: the parts of its day, what can be chosen, what is asked and what is taken home."""

from collections.abc import Collection
from datetime import datetime, tzinfo
from typing import cast, get_args

from portal.content.event import Material, MaterialsFrom, Question, QuestionType, Session, Ticket
from portal.content.fields import Fields
from portal.content.findings import shown

MOST_PLACES = 100_000
CHOICES = frozenset({"select", "radio", "checkboxes"})
MEASURED = frozenset({"text", "textarea", "number", "checkboxes"})

_PLACES_INSTEAD = ", or take the key away when there is no limit"


def read_capacity(fields: Fields) -> int | None:
    return fields.number("capacity", 1, MOST_PLACES, _PLACES_INSTEAD)


def read_sessions(fields: Fields) -> tuple[Session, ...]:
    sessions = []
    taken = _Names(fields, "sessions")
    for row in fields.rows("sessions", "[{id: am, label: Morning, capacity: 20}]"):
        row.known_only(("id", "label", "capacity"))
        if name := taken.take(row, "id"):
            sessions.append(Session(name, row.text("label") or name, read_capacity(row)))
    return tuple(sessions)


def read_tickets(fields: Fields, sessions: Collection[Session], zone: tzinfo) -> tuple[Ticket, ...]:
    """The tickets, each with the price that is its own, None where it has none."""
    known = {session.id for session in sessions}
    taken = _Names(fields, "tickets")
    tickets = []
    for row in fields.rows("tickets", "[{id: full, label: Full day, price: 140}]"):
        row.known_only(("id", "label", "price", "sessions", "capacity", "opens", "closes"))
        price, opens, closes = row.price(), row.moment("opens", zone), row.moment("closes", zone, until=True)
        if opens and closes and closes <= opens:
            row.wrong("closes", "not after `opens`", "give a later moment")
        parts = row.texts("sessions")
        for part, line in parts:
            if part not in known:
                names = ", ".join(sorted(known)) or "none yet"
                fields.findings.error(
                    line, f"there is no session {shown(part)}", f"use an id from `sessions` ({names})"
                )
        if name := taken.take(row, "id"):
            label, each = row.text("label") or name, tuple(dict.fromkeys(part for part, _ in parts))
            tickets.append(Ticket(name, label, price, each, read_capacity(row), opens, closes))
    return tuple(tickets)


def read_questions(fields: Fields) -> tuple[Question, ...]:
    questions = []
    taken = _Names(fields, "questions")
    for row in fields.rows("questions", "[{name: diet, label: Diet, type: text}]"):
        row.known_only(("name", "label", "type", "required", "each", "options", "help", "max"))
        name = taken.take(row, "name")
        kind = cast("QuestionType", row.choice("type", get_args(QuestionType), "text"))
        options = _options(row, kind)
        longest = row.number("max", 1, 1_000_000)
        if longest is not None and kind not in MEASURED:
            row.findings.warning(
                row.line_of("max"), f"a question of type {kind} has no `max`", "take the key away"
            )
            longest = None
        question = Question(
            name,
            row.text("label") or name,
            kind,
            required=row.flag("required"),
            each=row.flag("each"),
            options=options,
            help=row.text("help"),
            max=longest,
        )
        if name:
            questions.append(question)
    return tuple(questions)


def _options(row: Fields, kind: str) -> tuple[str, ...]:
    options = row.texts("options")
    if kind not in CHOICES:
        if "options" in row:
            row.wrong(
                "options", f"given for a question of type {kind}", "take it away, or make the type select"
            )
        return ()
    if not options:
        row.findings.error(
            row.line, f"a question of type {kind} has no `options`", "write them like [first, second]"
        )
    seen: set[str] = set()
    for option, line in options:
        if option in seen:
            row.findings.error(line, f"the option {shown(option)} is given twice", "keep one of them")
        seen.add(option)
    return tuple(option for option, _ in options)


def read_materials(fields: Fields) -> tuple[Material, ...]:
    materials = []
    for row in fields.rows("materials", "[{label: Notebook, url: https://…, from: registration}]"):
        row.known_only(("label", "url", "from"))
        url = row.link("url")
        if "url" not in row:
            row.findings.error(
                row.line, f"{row.name('url')} is missing", "give the web address of the material"
            )
        available = cast("MaterialsFrom", row.choice("from", get_args(MaterialsFrom), "registration"))
        materials.append(Material(row.text("label") or url, url, available))
    return tuple(materials)


def check_period(fields: Fields, opens: datetime | None, closes: datetime | None, starts: datetime) -> None:
    """Sign-up has to close after it opens, at the start of the event where the file does not say when."""
    if opens is None or opens < (closes or starts):
        return
    if closes is not None:
        fields.wrong("signup_closes", "not after `signup_opens`", "give a later moment")
    else:
        fields.wrong(
            "signup_opens", "not before the event starts", "give an earlier moment, or add `signup_closes`"
        )


class _Names:
    """The ids of a list: each is there, and given once."""

    def __init__(self, fields: Fields, of: str) -> None:
        self._fields, self._of = fields, of
        self._lines: dict[str, int] = {}

    def take(self, row: Fields, key: str) -> str:
        name = row.identifier(key)
        first = self._lines.get(name.casefold())
        if name and first:
            row.wrong(key, f"{shown(name)}, as on line {first}", f"give each of the {self._of} its own {key}")
            return ""
        self._lines[name.casefold()] = row.line_of(key)
        return name

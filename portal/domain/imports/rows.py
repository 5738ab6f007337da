"""A row of a file as a guest: names taken apart, addresses checked, answers as a form would have kept them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from portal.content.addresses import LONGEST, is_address
from portal.content.event import NO_TICKET, Event, Question
from portal.domain.imports.columns import ANSWER, Columns
from portal.domain.imports.people import Guest, Problem, ProblemKind
from portal.domain.typed import (
    LARGEST_NUMBER,
    LONGEST_LINE,
    LONGEST_NAME,
    LONGEST_PHONE,
    LONGEST_TEXT,
    clean,
    clean_lines,
    folded,
)
from portal.formats.tables import Row, Table

LIMITS = {
    "first_name": LONGEST_NAME,
    "last_name": LONGEST_NAME,
    "phone": LONGEST_PHONE,
    "school": LONGEST_LINE,
    "remarks": LONGEST_TEXT,
}

_CANCELLED = re.compile(
    r"^(cancel|canceled|annul|geannul|afgemeld|uitgeschreven|stornier|abgesagt|abgemeldet|refund|terugbetaald|"
    r"not attending|deleted|verwijderd|rembours|erstattet)"
)
# Who waits there, also for their money to come in, may not have a place yet. Our own export says "waitlisted".
_WAITING = re.compile(
    r"\b(wacht|in afwachting|reservelijst|wait.?list|waiting|pending|awaiting|on hold|wart(eliste|et|end)|ausstehend)|"
    r"attente"
)
_YES = re.compile(r"yes|ja|oui|y|j|o|true|waar|vrai|wahr|x|1|on|akkoord|✓|✔")
_NO = re.compile(r"(no|nee|neen|non|nein|n|false|onwaar|faux|falsch|0|-)?")
_FIRST_SERIAL, _LAST_SERIAL = 7_306, 73_050  # 1920 to 2099, counted as Excel does
_EXCEL_EPOCH = date(1899, 12, 30)


def read_guests(table: Table, columns: Columns, event: Event, ticket: str = "") -> list[Guest]:
    """Each row as a guest. ``ticket``: what those get who name none, or one that the event does not offer."""
    return [_read(row, columns, event, ticket) for row in table.rows]


def _read(row: Row, columns: Columns, event: Event, default_ticket: str) -> Guest:
    said: dict[str, str] = {}
    for name, cell in zip(columns, row.cells, strict=True):
        if name == "remarks" and said.get("remarks"):
            said["remarks"] += f"\n{clean_lines(cell)}"
        elif name:
            said[name] = clean_lines(cell) if name == "remarks" or name.startswith(ANSWER) else clean(cell)
    first_name, last_name = _names(said)
    guest = Guest(
        number=row.number,
        phone=said.get("phone", ""),
        school=said.get("school", ""),
        remarks=said.get("remarks", "").strip(),
        order=said.get("order", ""),
        cancelled=_is_cancelled(said.get("status", ""), said.get("cancelled", "")),
        waiting=bool(_WAITING.search(folded(said.get("status", "")))),
        first_name=first_name,
        last_name=last_name,
    )
    try:
        return replace(
            guest,
            email=_address(said, "email"),
            contact_email=_address(said, "contact_email"),
            ticket=_ticket(said.get("ticket", ""), event, default_ticket),
            answers={
                q.name: _answer(q, said[ANSWER + q.name])
                for q in event.questions
                if said.get(ANSWER + q.name)
            },
            problem=_shape(guest),
        )
    except _Unreadable as unreadable:
        return replace(guest, email=said.get("email", ""), problem=unreadable.problem)


class _Unreadable(Exception):
    def __init__(self, kind: ProblemKind, field: str, value: str) -> None:
        super().__init__(kind)
        self.problem = Problem(kind, field, value)


def _shape(guest: Guest) -> Problem | None:
    if not guest.name:
        return Problem("no_name", "full_name", "")
    for name, longest in LIMITS.items():
        if len(getattr(guest, name)) > longest:
            return Problem("too_long", name, str(longest))
    return None


def _names(said: Mapping[str, str]) -> tuple[str, str]:
    first, last = said.get("first_name", ""), said.get("last_name", "")
    if whole := said.get("full_name"):
        before, comma, after = whole.partition(",")
        if comma:
            first, last = first or after.strip(), last or before.strip()
        else:
            one, _space, rest = whole.partition(" ")
            first, last = first or one, last or rest
    elif whole := said.get("full_name_reversed"):
        before, comma, after = whole.partition(",")
        rest, _space, one = (before, "", after) if comma else whole.rpartition(" ")
        first, last = first or one.strip(), last or rest.strip()
    return first, last


def _is_cancelled(status: str, cancelled: str) -> bool:
    """Where the status says so, or where a column about it says yes or when."""
    return bool(_CANCELLED.match(folded(status))) or not _NO.fullmatch(folded(cancelled))


def _address(said: Mapping[str, str], field: str) -> str:
    text = said.get(field, "")
    if written := re.fullmatch(r".*<([^<>]+)>|mailto:(\S+)", text):
        text = written.group(1) or written.group(2)
    if text and (len(text) > LONGEST or not is_address(text)):
        raise _Unreadable("bad_address", field, text)
    return text


def _ticket(text: str, event: Event, default: str) -> str:
    if not event.tickets:
        return NO_TICKET
    named = {folded(name): t.id for t in event.tickets for name in (t.label, t.id)}
    if found := named.get(folded(text)):
        return found
    if default:
        return default
    if not text and len(event.tickets) == 1:
        return event.tickets[0].id
    raise _Unreadable("unknown_ticket", "ticket", text)


def _answer(question: Question, text: str) -> str:
    """The answer as a form would have stored it."""
    match question.type:
        case "checkbox":
            return "yes" if _YES.fullmatch(folded(text)) or folded(text) == folded(question.label) else "no"
        case "select" | "radio":
            return _option(question, text)
        case "checkboxes":
            return _options(question, text)
        case "number":
            return _number(question, text)
        case "date":
            return _day(question, text)
    longest = question.max or (LONGEST_TEXT if question.type == "textarea" else LONGEST_LINE)
    if len(text) > longest:
        raise _unreadable("too_long", question, str(longest))
    return clean(text) if question.type == "text" else text


def _unreadable(kind: ProblemKind, question: Question, value: str) -> _Unreadable:
    return _Unreadable(kind, ANSWER + question.name, value)


def _number(question: Question, text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > (question.max or LARGEST_NUMBER):
        raise _unreadable("no_number", question, text)
    return str(int(text))


def _options(question: Question, text: str) -> str:
    """Several options: on lines of their own, or between semicolons or commas where no option has a comma."""
    if folded(text) in _offered(question):
        return _option(question, text)
    between = r"[\n;]" if any("," in option for option in question.options) else r"[\n;,]"
    parts = [part.strip() for part in re.split(between, text) if part.strip()]
    if question.max and len(parts) > question.max:
        raise _unreadable("too_many", question, str(question.max))
    return "\n".join(dict.fromkeys(_option(question, part) for part in parts))


def _offered(question: Question) -> dict[str, str]:
    return {folded(option): option for option in question.options}


def _option(question: Question, text: str) -> str:
    option = _offered(question).get(folded(text))
    if option is None:
        raise _unreadable("not_offered", question, text)
    return option


def _day(question: Question, text: str) -> str:
    """A day as people, programs and Excel write it: 14/3/2027, 2027-03-14, 46460."""
    if re.fullmatch(r"\d{4,5}", text) and _FIRST_SERIAL <= int(text) <= _LAST_SERIAL:
        return (_EXCEL_EPOCH + timedelta(days=int(text))).isoformat()
    day = re.split(r"[ T]", text)[0]
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y"):
        try:
            return datetime.strptime(day, pattern).date().isoformat()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    raise _unreadable("no_day", question, text)

"""The form that carries a brought table from page to page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self

from itsdangerous import BadData, URLSafeSerializer

from portal.content.event import Event
from portal.domain import imports
from portal.domain.imports import ANSWER, Columns, Guest, Verdict, Wishes
from portal.formats.tables import Row, Table
from portal.i18n import gettext as _
from portal.web.admin.import_words import field_words, verdict_words
from portal.web.extensions import portal

EXAMPLES = 2
LONGEST_EXAMPLE = 40
SHOWN_ROWS = 20
NAMES = ("first_name", "last_name", "full_name", "full_name_reversed")


class ShownColumn(NamedTuple):
    """A column of the table: its name in the form and in the file, what stands in it, what it is taken for."""

    field: str
    name: str
    examples: str
    chosen: str


@dataclass(frozen=True)
class ImportForm:
    """A table with what was said about it. ``ticket``: what those get who name none of the event's."""

    event: Event
    table: Table
    columns: Columns
    wishes: Wishes = field(default_factory=Wishes)
    ticket: str = ""

    @classmethod
    def first(cls, event: Event, table: Table) -> Self:
        """As it is guessed."""
        return cls(event, table, imports.guess(table, event))

    @classmethod
    def sent(cls, event: Event, sent: Mapping[str, str], salt: str) -> Self | None:
        """As it was corrected; None when the table is not one that we gave out to them."""
        try:
            header, rows = _serializer(salt).loads(sent.get("table", ""))
        except BadData:
            return None
        table = Table(tuple(header), tuple(Row(number, tuple(cells)) for number, *cells in rows))
        offered = {"", *imports.fields(event)}
        chosen = [sent.get(f"column-{at}", "") for at in range(len(header))]
        ticket = sent.get("ticket", "")
        return cls(
            event,
            table,
            tuple(field if field in offered else "" for field in chosen),
            Wishes(**{wish: wish in sent for wish in ("over_capacity", "leave_out", "letter")}),
            ticket if event.tickets and event.ticket(ticket) else "",
        )

    def packed(self, salt: str) -> str:
        """The table for the form: signed, and packed small."""
        rows = [(row.number, *row.cells) for row in self.table.rows]
        packed: str = _serializer(salt).dumps((self.table.header, rows))
        return packed

    @cached_property
    def guests(self) -> list[Guest]:
        """Each row, as its columns are taken for now."""
        return imports.read_guests(self.table, self.columns, self.event, self.ticket)

    @property
    def wrong(self) -> str:
        """What is wrong with the choice of columns."""
        if again := imports.twice(self.columns):
            return _("Two columns are “%(field)s”. Only one can be.") % {"field": self.label(again[0])}
        if not set(NAMES) & set(self.columns):
            return _("Say which column holds the name.")
        return ""

    @property
    def shown_columns(self) -> Iterator[ShownColumn]:
        """Each column of the file, to be said what it is."""
        for at, (name, chosen) in enumerate(zip(self.table.header, self.columns, strict=True)):
            cells = dict.fromkeys(row.cells[at] for row in self.table.rows[:SHOWN_ROWS] if row.cells[at])
            examples = "; ".join(_shortened(cell) for cell in list(cells)[:EXAMPLES])
            unnamed = _("Column %(number)d") % {"number": at + 1}
            yield ShownColumn(f"column-{at}", name or unnamed, examples, chosen)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What a column can be, with its words."""
        return [("", _("Leave out")), *((field, self.label(field)) for field in imports.fields(self.event))]

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What a preview tells of each person: those fields that a column fills, with their words."""
        plain = [f for f in ("email", "phone", "school", "ticket", "remarks") if f in self.columns]
        if "ticket" not in plain and len(self.event.tickets) > 1:
            plain.append("ticket")
        return [(field, self.label(field)) for field in (*plain, *filter(_is_answer, self.columns))]

    def cell(self, guest: Guest, field: str) -> str:
        """What a preview tells of one person in one field."""
        if field == "ticket":
            ticket = self.event.ticket(guest.ticket)
            return ticket.label if ticket else ""
        if _is_answer(field):
            return guest.answers.get(field.removeprefix(ANSWER), "").replace("\n", "; ")
        return str(getattr(guest, field))

    def label(self, field: str) -> str:
        """A field in words."""
        return field_words(field, self.event)

    def words(self, verdict: Verdict) -> str:
        """Why a row needs a look, in a sentence."""
        return verdict_words(verdict, self.event)


def _serializer(salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(portal().settings.secret_keys[::-1], salt=salt)  # the last one signs


def _is_answer(field: str) -> bool:
    return field.startswith(ANSWER)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_EXAMPLE else line[: LONGEST_EXAMPLE - 1] + "…"

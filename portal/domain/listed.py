"""Attendees as the list and its files show them: values read as columns, a batch at a time.

Thousands go into a download, and objects that could be changed and saved cost ten times what a row costs.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Connection, Integer, Select, bindparam, func, select
from sqlalchemy.orm import Session

from portal.domain.payments import shares
from portal.storage.ledger import Payment
from portal.storage.models import CONFIRMED, Answer, Attendee, Registration

BATCH = 500


class Given(NamedTuple):
    """An answer, and the type of its question when it was asked."""

    type: str
    value: str


class Listed(NamedTuple):
    """One attendee with what the whole registration has in common; amounts in cents."""

    registration_id: int
    position: int
    event_slug: str
    status: str
    first_name: str
    last_name: str
    email: str
    ticket: str
    ticket_label: str
    price: int | None
    cancelled_at: datetime | None
    checked_in_at: datetime | None
    reference: str
    phone: str
    school: str
    contact_email: str
    language: str
    newsletter: bool
    communication: str | None
    registered_at: datetime
    remarks: str
    paid: int
    """Their share of what came in for the party."""
    answers: Mapping[str, Given]
    """By the question's name; what was asked once is everybody's of the party."""

    @property
    def full_name(self) -> str:
        """As it is said: the first name first."""
        return f"{self.first_name} {self.last_name}"

    @property
    def due(self) -> int:
        """Only who has a place owes anything."""
        return (self.price or 0) if self.status == CONFIRMED else 0


_READ: tuple[Any, ...] = (
    Attendee.registration_id,
    Attendee.position,
    Attendee.event_slug,
    Attendee.status,
    Attendee.first_name,
    Attendee.last_name,
    Attendee.email,
    Attendee.ticket,
    Attendee.ticket_label,
    Attendee.price,
    Attendee.cancelled_at,
    Attendee.checked_in_at,
    Registration.reference,
    Registration.phone,
    Registration.school,
    Registration.email,
    Registration.language,
    Registration.newsletter,
    Registration.communication,
    Registration.created_at,
    Registration.remarks,
)
"""What is read for the fields of ``Listed`` up to ``paid``, in their order."""

# Made once, and their numbers written out: with hundreds of parties, statements and parameters cost more to make than
# to ask.
_PARTIES: BindParameter[Any] = bindparam("parties", expanding=True, literal_execute=True, type_=Integer)
_ANSWERS = select(
    Answer.registration_id, Answer.position, Answer.name, Answer.each, Answer.type, Answer.value
).where(Answer.registration_id.in_(_PARTIES))
_AMOUNTS = (
    select(Payment.registration_id, func.sum(Payment.amount))
    .where(Payment.registration_id.in_(_PARTIES))
    .group_by(Payment.registration_id)
)
_DUES = (
    select(Attendee.registration_id, Attendee.position, Attendee.status, Attendee.price)
    .where(Attendee.registration_id.in_(_PARTIES))
    .order_by(Attendee.registration_id, Attendee.position)
)

NOTHING: Mapping[str, Given] = {}


def read(session: Session, query: Select[Any]) -> list[Listed]:
    """Whom ``query``, over attendees joined with their registrations, finds, in its order."""
    connection = session.connection()
    found = connection.execute(query.with_only_columns(*_READ)).all()
    return list(_with_the_rest(connection, found)) if found else []


def stream(connection: Connection, query: Select[Any]) -> Iterator[Listed]:
    """The same, as seen by a ``snapshot``. Memory does not grow with them, and each batch costs the same few queries,
    however many people are in it."""
    found = connection.execute(query.with_only_columns(*_READ).execution_options(yield_per=BATCH))
    for batch in found.partitions():
        yield from _with_the_rest(connection, batch)


def _with_the_rest(connection: Connection, batch: Sequence[Sequence[Any]]) -> Iterator[Listed]:
    parties = list({row[0] for row in batch})
    own, common = _answers(connection, parties)
    paid = _paid(connection, parties)
    for row in batch:
        person = (row[0], row[1])
        answers, of_party = own.get(person, NOTHING), common.get(row[0])
        if of_party:
            answers = {**of_party, **answers}
        yield Listed._make((*row, paid.get(person, 0), answers))


def _answers(
    connection: Connection, parties: Sequence[int]
) -> tuple[dict[tuple[int, int], dict[str, Given]], dict[int, dict[str, Given]]]:
    """What each person of these registrations answered, and what each party did."""
    own: dict[tuple[int, int], dict[str, Given]] = defaultdict(dict)
    common: dict[int, dict[str, Given]] = defaultdict(dict)
    found = connection.execute(_ANSWERS, {"parties": parties})
    for party, position, name, each, kind, value in found:
        (own[party, position] if each else common[party])[name] = Given(kind, value)
    return own, common


def _paid(connection: Connection, parties: Sequence[int]) -> dict[tuple[int, int], int]:
    """The share of each person of those of these registrations for which money came in."""
    amounts = {party: int(amount) for party, amount in connection.execute(_AMOUNTS, {"parties": parties})}
    if not amounts:
        return {}
    dues: dict[int, dict[int, int]] = defaultdict(dict)
    for party, position, status, price in connection.execute(_DUES, {"parties": list(amounts)}):
        dues[party][position] = (price or 0) if status == CONFIRMED else 0
    return {
        (party, position): share
        for party, people in dues.items()
        for position, share in zip(people, shares(amounts[party], list(people.values())), strict=True)
    }

"""Which attendees: the same filters for the page, for every export, and for who gets a mail."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Exists, ScalarSelect, Select, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from portal.domain.signup import folded
from portal.storage.ledger import Payment
from portal.storage.models import CANCELLED, CONFIRMED, WAITLISTED, Answer, Attendee, Registration

STATUSES = (CONFIRMED, WAITLISTED, CANCELLED)


@dataclass(frozen=True)
class Filters:
    """Which attendees, in which order; unknown values are the same as none.

    ``tickets``: those that take part in the session ``session``. ``paid``: by what is open for the whole registration.
    ``answers``: (name, value) of answers to questions with options. ``people``: exactly these, as (registration id,
    position).
    """

    q: str = ""
    status: str = ""
    ticket: str = ""
    session: str = ""
    tickets: tuple[str, ...] = ()
    paid: Literal["", "paid", "open"] = ""
    here: Literal["", "in", "out"] = ""
    answers: tuple[tuple[str, str], ...] = ()
    people: tuple[tuple[int, int], ...] = ()
    sort: str = ""
    descending: bool = False

    @property
    def narrow(self) -> bool:
        """Whether anybody is left out."""
        return bool(
            self.q
            or self.status
            or self.ticket
            or self.session
            or self.paid
            or self.here
            or self.answers
            or self.people
        )


def chosen(slug: str, filters: Filters) -> Select[Attendee]:
    """The attendees of an event whom the filters let through, joined with their registrations."""
    query = select(Attendee).join(Attendee.registration).where(Attendee.event_slug == slug)
    for word in folded(filters.q).split():
        query = query.where(Attendee.search_text.contains(word, autoescape=True))
    if filters.status in STATUSES:
        query = query.where(Attendee.status == filters.status)
    if filters.ticket:
        query = query.where(Attendee.ticket == filters.ticket)
    if filters.session:
        query = query.where(Attendee.ticket.in_(filters.tickets))
    if filters.here in ("in", "out"):
        checked_in = Attendee.checked_in_at.is_not(None)
        query = query.where(checked_in if filters.here == "in" else ~checked_in)
    if filters.paid in ("paid", "open"):
        query = query.where(
            due_of_registration() > 0,
            due_of_registration() <= paid_of_registration()
            if filters.paid == "paid"
            else due_of_registration() > paid_of_registration(),
        )
    for name, value in filters.answers:
        query = query.where(_answered(name, value))
    if filters.people:
        query = query.where(
            or_(
                *(
                    (Attendee.registration_id == registration_id) & (Attendee.position == position)
                    for registration_id, position in filters.people
                )
            )
        )
    return query


def due_of_registration() -> ScalarSelect[int]:
    """What is due for the registration of a query's row, in cents."""
    person = aliased(Attendee)
    return (
        select(func.coalesce(func.sum(person.price), 0))
        .where(person.registration_id == Registration.id, person.status == CONFIRMED)
        .correlate(Registration)
        .scalar_subquery()
    )


def paid_of_registration() -> ScalarSelect[int]:
    """What was paid for the registration of a query's row, in cents."""
    total = func.sum(Payment.amount)
    return (
        select(case((total.is_(None), 0), else_=total))
        .where(Payment.registration_id == Registration.id)
        .correlate(Registration)
        .scalar_subquery()
    )


def _answered(name: str, value: str) -> Exists:
    """Whether this was the answer, or one of the options chosen; what was asked once counts for each of the party."""
    line_feed = "\n"
    around = line_feed + Answer.value + line_feed
    return (
        exists()
        .where(
            Answer.registration_id == Attendee.registration_id,
            Answer.name == name,
            or_(Answer.position == Attendee.position, Answer.each.is_(False)),
            around.contains(line_feed + value + line_feed, autoescape=True),
        )
        .correlate(Attendee)
    )

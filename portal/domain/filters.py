"""Which attendees: the same filters for the page, for every export, and for who gets a mail; and how many each would
leave."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import Case, Exists, ScalarSelect, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from portal.content.event import Event, Question
from portal.domain.typed import folded
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
        query = query.where(_money() == filters.paid)
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


@dataclass(frozen=True)
class Counts:
    """How many people there would be in the list with each choice of a filter and all other filters as they are.

    What nobody would be left with is not there.
    """

    status: Mapping[str, int]
    ticket: Mapping[str, int]
    session: Mapping[str, int]
    paid: Mapping[str, int]
    here: Mapping[str, int]
    answers: Mapping[tuple[str, str], int]
    """By the question's name and what was answered or chosen."""


def choices(question: Question) -> tuple[str, ...]:
    """The answers to a question that a list can be narrowed to."""
    return ("yes", "no") if question.type == "checkbox" else question.options


def counts(session: Session, slug: str, event: Event | None, filters: Filters) -> Counts:
    """Count for all filters at once, in two queries."""
    sessions = {ticket.id: ticket.sessions for ticket in event.tickets} if event else {}
    passes: dict[str, Callable[[str], bool]] = {
        "status": lambda status: filters.status not in STATUSES or status == filters.status,
        "ticket": lambda ticket: not filters.ticket or ticket == filters.ticket,
        "session": lambda ticket: not filters.session or ticket in filters.tickets,
        "paid": lambda paid: not filters.paid or paid == filters.paid,
        "here": lambda here: not filters.here or here == filters.here,
    }
    found: dict[str, Counter[str]] = {name: Counter() for name in passes}
    for status, ticket, paid, here, number in session.execute(_groups(slug, filters)):
        group = {"status": status, "ticket": ticket, "session": ticket, "paid": paid, "here": here}
        stopped_by = [name for name, value in group.items() if not passes[name](value)]
        for name, value in group.items():
            if stopped_by in ([], [name]):
                for choice in sessions.get(value, ()) if name == "session" else (value,):
                    found[name][choice] += number
    return Counts(**found, answers=_counted_answers(session, slug, event, filters))


def _groups(slug: str, filters: Filters) -> Select[Any]:
    """How many people are alike to all filters but those by answer, among whom those and the search let through."""
    people = (
        chosen(slug, Filters(q=filters.q, answers=filters.answers, people=filters.people))
        .with_only_columns(
            Attendee.status,
            Attendee.ticket,
            _money().label("paid"),
            case((Attendee.checked_in_at.is_(None), "out"), else_="in").label("here"),
        )
        .subquery()
    )
    return select(*people.c, func.count()).group_by(*people.c)


def _counted_answers(
    session: Session, slug: str, event: Event | None, filters: Filters
) -> Mapping[tuple[str, str], int]:
    asked = [question.name for question in event.questions if choices(question)] if event else []
    if not asked:
        return {}
    query = (
        chosen(slug, replace(filters, answers=()))
        .join(
            Answer,
            (Answer.registration_id == Attendee.registration_id)
            & or_(Answer.position == Attendee.position, Answer.each.is_(False)),
        )
        .where(Answer.name.in_(asked), Answer.value != "")
        .where(*(or_(Answer.name == name, _answered(name, value)) for name, value in filters.answers))
        .with_only_columns(Answer.name, Answer.value, func.count())
        .group_by(Answer.name, Answer.value)
    )
    found: Counter[tuple[str, str]] = Counter()
    for name, value, number in session.execute(query):
        for one in value.split("\n"):
            found[name, one] += number
    return found


def _money() -> Case[Any]:
    """``paid`` or ``open`` for a query's row, by its registration; empty when nothing is due."""
    due = due_of_registration()
    return case((due == 0, ""), (due <= paid_of_registration(), "paid"), else_="open")


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

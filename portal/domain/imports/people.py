"""Who is in a file: each row a guest, and guests who belong together a party.

Who comes in one order, or stands under one address, is one registration here too. Nothing here knows a database.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Literal, NamedTuple

from portal.content.addresses import email_key
from portal.content.event import NO_TICKET, Event
from portal.domain.signup import Person
from portal.domain.typed import folded

ProblemKind = Literal[
    "no_name", "bad_address", "unknown_ticket", "too_long", "not_offered", "too_many", "no_number", "no_day"
]


class Problem(NamedTuple):
    """Why a row cannot be read: the kind, of which field, and what stands there."""

    kind: ProblemKind
    field: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Guest:
    """One row: a person, as far as it says so. ``number`` is the row's in the file."""

    number: int
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    contact_email: str = ""
    phone: str = ""
    school: str = ""
    ticket: str = NO_TICKET
    remarks: str = ""
    order: str = ""
    cancelled: bool = False
    waiting: bool = False
    """On a waiting list, or for a payment, where the file comes from."""
    answers: Mapping[str, str] = field(default_factory=dict)
    problem: Problem | None = None

    @cached_property
    def name(self) -> str:
        """As it is compared."""
        return folded(self.first_name, self.last_name)

    @cached_property
    def key(self) -> str:
        """The address as it is compared; empty without one."""
        return email_key(self.email) if self.email else ""


@dataclass(frozen=True)
class Party:
    """Guests who become one registration; the first is its contact. ``twice``: rows that say what others said
    already, with the row that did."""

    form_id: str
    guests: tuple[Guest, ...]
    twice: Mapping[int, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The contact's address as it is compared; empty without one."""
        return self.guests[0].key

    @property
    def tickets(self) -> list[str]:
        return [guest.ticket for guest in self.guests]

    def first(self, field: Literal["phone", "school"]) -> str:
        """What the first who says it says."""
        return next((said for guest in self.guests if (said := getattr(guest, field))), "")

    @property
    def remarks(self) -> str:
        """What each of them remarks, once."""
        return "\n".join(dict.fromkeys(guest.remarks for guest in self.guests if guest.remarks))

    def people(self, event: Event) -> tuple[Person, ...]:
        """Them as people who sign up; an address that two of them have is the first one's."""
        seen: set[str] = set()
        people = []
        for guest in self.guests:
            each = {
                q.name: guest.answers[q.name] for q in event.questions if q.each and q.name in guest.answers
            }
            email = "" if guest.key in seen else guest.email
            people.append(Person(guest.first_name, guest.last_name, email, guest.ticket, each))
            seen.add(guest.key)
        return tuple(people)

    def answers(self, event: Event) -> dict[str, str]:
        """To what is asked once: what the first who answers says."""
        once = {question.name for question in event.questions if not question.each}
        answers: dict[str, str] = {}
        for guest in self.guests:
            for name, said in guest.answers.items():
                if name in once and said:
                    answers.setdefault(name, said)
        return answers


def parties(guests: Iterable[Guest], slug: str) -> list[Party]:
    """Those who can come, as parties, in the order of the file."""
    coming = [guest for guest in guests if not (guest.cancelled or guest.waiting) and guest.problem is None]
    orders: dict[str, list[Guest]] = {}
    for guest in coming:
        orders.setdefault(f"order {guest.order}" if guest.order else f"row {guest.number}", []).append(guest)
    found: dict[str, list[list[Guest]]] = {}
    for order, together in orders.items():
        contact = _contact(together)
        # Alone and without an address, the name is all there is to know them by.
        alone = order if contact.order else f"name {contact.name}"
        key = f"address {contact.key}" if contact.key else alone
        others = [guest for guest in together if guest.number != contact.number]
        found.setdefault(key, []).append([contact, *others])
    return [_party(slug, groups) for groups in found.values()]


def _contact(guests: Sequence[Guest]) -> Guest:
    """Who is written to: the first with an address; without any, the first, at the address of who ordered."""
    with_address = next((guest for guest in guests if guest.email), None)
    if with_address:
        return with_address
    ordered = next((guest.contact_email for guest in guests if guest.contact_email), "")
    return replace(guests[0], email=ordered)


def _party(slug: str, groups: list[list[Guest]]) -> Party:
    """One registration of one or more orders. In another order the same name is the same person; in one order it is
    somebody whose name was not asked."""
    guests: list[Guest] = []
    twice: dict[int, int] = {}
    for group in groups:
        known = {guest.name: guest.number for guest in guests}
        for guest in group:
            if guest.name in known:
                twice[guest.number] = known[guest.name]
            else:
                guests.append(guest)
    contact = guests[0]
    told = f"{slug}\n{contact.name}\n{contact.key}\n{contact.order}"
    return Party("import-" + sha256(told.encode()).hexdigest()[:48], tuple(guests), twice)

"""An event as its file tells it: frozen values, every time aware, every price in cents."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Literal

Status = Literal["published", "draft", "cancelled"]
Registration = Literal["portal", "external", "none"]
Waitlist = Literal["auto", "manual", "off"]
QuestionType = Literal["text", "textarea", "select", "radio", "checkbox", "checkboxes", "number", "date"]
CHOSEN: tuple[QuestionType, ...] = ("select", "radio", "checkbox", "checkboxes")
"""The types of questions that are answered in the organiser's words: these can be counted, and point to nobody."""
MaterialsFrom = Literal["registration", "start", "end"]
Notify = Literal["none", "each", "daily"]

LETTERS = ("confirmed", "waitlisted", "promoted", "changed", "cancelled", "reminder", "after")
"""The letters to which an event's file may add words of its own."""

NO_TICKET = ""
"""The ticket of whoever signs up for an event that offers no choice of tickets."""


@dataclass(frozen=True)
class Session:
    """A part of the day with places of its own. ``capacity`` None: no limit of its own."""

    id: str
    label: str
    capacity: int | None = None


@dataclass(frozen=True)
class Ticket:
    """What can be chosen. It takes one place in the event and one in each of its ``sessions``.

    ``price`` is in cents; None where neither the ticket nor the event says a price.
    """

    id: str
    label: str
    price: int | None = None
    sessions: tuple[str, ...] = ()
    capacity: int | None = None
    opens: datetime | None = None
    closes: datetime | None = None


@dataclass(frozen=True)
class Question:
    """A question of the event's own. ``each``: asked of every attendee, else once a registration.

    ``max`` is the longest text in characters, the largest number, or the most options ticked.
    """

    name: str
    label: str
    type: QuestionType = "text"
    required: bool = False
    each: bool = False
    options: tuple[str, ...] = ()
    help: str = ""
    max: int | None = None


@dataclass(frozen=True)
class Material:
    """Something to take home, shown to who is registered from the moment that ``available`` names."""

    label: str
    url: str
    available: MaterialsFrom = "registration"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event file, read.

    Times are aware and in the site's zone, so that ``starts.date()`` is the day people mean.
    ``text`` is the Markdown below the front matter; ``path`` is relative to the content folder.
    """

    slug: str
    title: str
    starts: datetime
    ends: datetime | None = None
    path: str = ""
    text: str = ""
    summary: str = ""
    language: str = "nl"
    status: Status = "published"
    sold_out: bool = False
    """The organiser says that it is full, whatever the places: nobody new gets one."""

    location: str = ""
    """Where, in the organiser's words; empty when not known yet, or when it is simply online."""
    online: bool = False
    location_link: str = ""
    logo: str = ""

    registration: Registration = "none"
    registration_link: str = ""
    capacity: int | None = None
    price: int | None = None
    """Cents for one person; 0 is free and said; None: nothing is said and nothing is due."""
    price_in_text: bool = False
    """The text speaks of a price that is not one plain amount: see there."""
    signup_opens: datetime | None = None
    signup_closes: datetime | None = None
    waitlist: Waitlist = "auto"
    max_party: int = 6
    sessions: tuple[Session, ...] = ()
    tickets: tuple[Ticket, ...] = ()
    questions: tuple[Question, ...] = ()
    minimum: int | None = None
    contact: str = ""
    materials: tuple[Material, ...] = ()
    letters: tuple[tuple[str, str], ...] = ()
    """Kinds of letters, and the Markdown that they say besides."""
    reminder: int | None = 2
    """How many days before it who comes is reminded; None: nobody is."""
    notify: Notify = "none"
    """Whether its organisers are told of sign-ups by letter."""

    @cached_property
    def over_at(self) -> datetime:
        """When it is past: at its end, or at the end of its day where the file gives no end."""
        if self.ends is not None:
            return self.ends
        next_day = self.starts.date() + timedelta(days=1)
        return datetime.combine(next_day, time(), self.starts.tzinfo)

    def materials_at(self, now: datetime) -> tuple[Material, ...]:
        """What there is to take home by now, for who is registered."""
        since = {"registration": now, "start": self.starts, "end": self.over_at}
        return tuple(material for material in self.materials if since[material.available] <= now)

    @property
    def closes(self) -> datetime:
        """When sign-up closes: as the file says, else when the event starts."""
        return self.signup_closes or self.starts

    @cached_property
    def last_day(self) -> date:
        """The day on which it ends; an end at midnight belongs to the day before."""
        if self.ends is None:
            return self.starts.date()
        return max(self.starts, self.ends - timedelta(microseconds=1)).date()

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The ticket with this id; None when the event does not offer it."""
        return self._tickets_by_id.get(ticket_id)

    @cached_property
    def _tickets_by_id(self) -> dict[str, Ticket]:
        return {ticket.id: ticket for ticket in self.offered_tickets}

    @cached_property
    def offered_tickets(self) -> tuple[Ticket, ...]:
        """What there is to choose; an event without tickets offers one nameless one at its own price."""
        return self.tickets or (Ticket(NO_TICKET, "", self.price),)

    def words_of(self, letter: str) -> str:
        """The Markdown that a letter of this kind says besides; empty where the file gives none."""
        return dict(self.letters).get(letter, "")

    @property
    def prices(self) -> tuple[int, ...]:
        """The distinct prices in cents, lowest first; empty when nothing is said."""
        return tuple(sorted({t.price for t in self.offered_tickets if t.price is not None}))

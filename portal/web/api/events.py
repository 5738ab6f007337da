"""Events: what the agenda and an event's page tell, for programs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from flask import abort, url_for

from portal.content import event as content
from portal.content.event import Event as ContentEvent
from portal.domain import api_tokens, listing, places, taken, words
from portal.domain.listing import When
from portal.domain.places import Pool, State, Taken
from portal.domain.typed import LONGEST_SEARCH
from portal.i18n import LANGUAGES, speaking
from portal.web.api.bearer import reader
from portal.web.api.operations import Found, here, operation
from portal.web.api.shapes import bounds
from portal.web.extensions import db, now, portal, site
from portal.web.problems import problem
from portal.web.templating import event_url

ONE_LINE = bounds(pattern=r"^[^\x00-\x1f\x7f]*$")

Url = Annotated[str, bounds(format="uri")]
Number = Annotated[int, bounds(minimum=0)]
Cents = Annotated[int, bounds(minimum=0)]


@dataclass(frozen=True)
class EventQuery:
    """Which events, and how many at a time."""

    when: Annotated[
        When,
        "`upcoming`: by date, what goes on now too; `past`: the newest first; `all`: by date.",
    ] = "upcoming"
    language: Annotated[str, "Events in this language, such as `nl`.", bounds(maxLength=10), ONE_LINE] = ""
    q: Annotated[
        str,
        "Words, or parts of them, that all stand in the title, place, summary or text; accents do not matter.",
        bounds(maxLength=LONGEST_SEARCH),
        ONE_LINE,
    ] = ""
    page: Annotated[
        int, "Which page, from 1; one after the last is empty.", bounds(minimum=1, maximum=10000)
    ] = 1
    limit: Annotated[int, "How many events on a page.", bounds(minimum=1, maximum=100)] = 50


@dataclass(frozen=True)
class Price:
    """What one person pays. Several prices: that of the cheapest and that of the dearest ticket."""

    text: Annotated[str, "In words, in the event's language; empty when nothing is said."]
    lowest: Annotated[Cents | None, "Euro cents; 0 is free; null when no plain price is said."]
    highest: Annotated[Cents | None, "Euro cents; null when no plain price is said."]
    currency: Annotated[Literal["EUR"], "ISO 4217."]


@dataclass(frozen=True)
class Places:
    """How many places there are, and who has them, in the whole event, one session or one ticket."""

    capacity: Annotated[Number | None, "How many there are here; null: no limit of its own."]
    taken: Annotated[Number, "How many people have one."]
    free: Annotated[
        Number | None,
        "How many more people could have one now, all limits together and what is held for others left out; "
        "null: no limit.",
    ]
    waiting: Annotated[Number, "How many people are on the waiting list."]


@dataclass(frozen=True)
class Session:
    """A part of the day with places of its own."""

    id: str
    label: str
    places: Places


@dataclass(frozen=True)
class Ticket:
    """What can be chosen; it takes a place in the event and in each of its sessions."""

    id: str
    label: str
    price: Annotated[Cents | None, "Euro cents; 0 is free; null when nothing is said."]
    sessions: Annotated[tuple[str, ...], "The ids of its sessions."]
    opens: Annotated[datetime | None, "From when it can be chosen; null: from the start."]
    closes: Annotated[datetime | None, "Until when; null: as long as sign-up is open."]
    on_sale: Annotated[bool, "Whether it can be chosen now, as far as dates go."]
    places: Places


@dataclass(frozen=True)
class Event:
    """An event, and whether one can sign up for it now. Times have the offset of the organisation's zone."""

    slug: Annotated[str, "Its permanent name."]
    url: Annotated[Url, "Its page."]
    title: str
    summary: Annotated[str, "What it is about, in a sentence or two; may be empty."]
    language: Annotated[str, "The language that it is in, such as `nl`."]
    status: Annotated[
        content.Status, "`draft` is only shown to a token with the scope `events:read` for this event."
    ]
    starts: datetime
    ends: Annotated[datetime | None, "Null when only its start is known."]
    location: Annotated[str, "Where, in the organiser's words; empty when not known yet, or simply online."]
    online: bool
    location_url: Annotated[Url | None, "A map, or where one takes part online."]
    price: Price
    registration: Annotated[
        content.Registration, "Where one signs up: here, with others (`external`), or not at all."
    ]
    state: Annotated[
        State,
        "What can be done now. `none`: there is no sign-up; `external`: others take it; `cancelled`; `over`; "
        "`not_open`: see `signup_opens`, and `opens` of its tickets; `closed`: see `signup_closes`, and `closes` of "
        "its tickets; `open`: there are places; "
        "`waitlist`: full, and one can wait; `full`.",
    ]
    signup_url: Annotated[Url | None, "The form, here or with others; null when there is none."]
    signup_opens: Annotated[datetime | None, "Null: at once."]
    signup_closes: Annotated[datetime | None, "Null when nobody signs up here."]
    places: Places
    sessions: tuple[Session, ...]
    tickets: Annotated[tuple[Ticket, ...], "Empty when there is nothing to choose."]
    ics_url: Annotated[Url, "The event for a calendar."]
    image: Annotated[Url | None, "A picture or logo."]


@dataclass(frozen=True)
class EventList:
    """A page of events. The `Link` header has the addresses of the others: `first`, `prev`, `next`, `last`."""

    events: tuple[Event, ...]
    total: Annotated[Number, "How many there are on all pages together."]
    page: Annotated[int, bounds(minimum=1)]
    pages: Annotated[int, "How many pages there are; 1 when there is nothing.", bounds(minimum=1)]


@operation("/events", answers=EventList, query=EventQuery)
def events(query: EventQuery) -> Found:
    """Events, by date.

    With a token that has the scope `events:read`, its drafts too.
    """
    visible = (event for event in portal().catalogue.snapshot.events.values() if _is_visible(event))
    chosen = listing.chosen(visible, now(), when=query.when, language=query.language, q=query.q)
    pages = max(1, -(-len(chosen) // query.limit))
    shown = chosen[(query.page - 1) * query.limit : query.page * query.limit]
    everybody = taken.of_all(db.session())
    neighbours = {"first": 1, "prev": query.page - 1, "next": query.page + 1, "last": pages}
    return Found(
        EventList(
            tuple(described(event, everybody[event.slug]) for event in shown), len(chosen), query.page, pages
        ),
        {name: here(page=number) for name, number in neighbours.items() if 1 <= number <= pages},
    )


@operation("/events/<slug>", answers=Event)
def event(slug: str) -> Event:
    """One event.

    A draft only with a token that has the scope `events:read`.
    """
    found = portal().catalogue.snapshot.events.get(slug)
    if found is None or not _is_visible(found):
        abort(problem(404))
    return described(found, taken.of_event(db.session(), slug))


def described(event: ContentEvent, taken: Taken) -> Event:
    """All that may be told of an event now."""
    base, availability = portal().settings.base_url, places.availability(event, taken, now())
    here_too = event.registration == "portal"
    with speaking(event.language if event.language in LANGUAGES else site().languages[0]):
        price = words.price(event)
    return Event(
        slug=event.slug,
        url=event_url(event.slug),
        title=event.title,
        summary=event.summary,
        language=event.language,
        status=event.status,
        starts=event.starts,
        ends=event.ends,
        location=event.location,
        online=event.online,
        location_url=event.location_link or None,
        price=Price(price, min(event.prices, default=None), max(event.prices, default=None), "EUR"),
        registration=event.registration,
        state=availability.state,
        signup_url=base + url_for("signup.form", slug=event.slug)
        if here_too
        else event.registration_link or None,
        signup_opens=event.signup_opens,
        signup_closes=event.closes if here_too else None,
        places=_whole(event, taken),
        sessions=tuple(
            Session(one.id, one.label, _pool(event, taken, ("session", one.id))) for one in event.sessions
        ),
        tickets=tuple(_ticket(event, taken, one) for one in event.tickets),
        ics_url=base + url_for("events.calendar", slug=event.slug),
        image=base + event.logo if event.logo else None,
    )


def _is_visible(event: ContentEvent) -> bool:
    who = reader()
    return event.status != "draft" or (who is not None and who.may(api_tokens.EVENTS, event.slug))


def _whole(event: ContentEvent, taken: Taken) -> Places:
    """The places of the event, as many free as its page says: on the ticket with most of those that are sold now."""
    sold = [one.id for one in event.offered_tickets if places.on_sale(event, one.id, now())]
    free = [places.left(event, taken, one) for one in sold or [one.id for one in event.offered_tickets]]
    most = None if None in free else max(number for number in free if number is not None)
    return Places(event.capacity, taken.people, most, taken.waiting)


def _ticket(event: ContentEvent, taken: Taken, one: content.Ticket) -> Ticket:
    own = _pool(event, taken, ("ticket", one.id))
    return Ticket(
        one.id,
        one.label,
        one.price,
        one.sessions,
        one.opens,
        one.closes,
        places.on_sale(event, one.id, now()),
        Places(own.capacity, own.taken, places.left(event, taken, one.id), own.waiting),
    )


def _pool(event: ContentEvent, taken: Taken, pool: Pool) -> Places:
    """The places of a session or ticket; free are those that are so in the event too."""
    room = places.for_newcomers(event, taken)
    limits = [room[one] for one in (pool, ("event", "")) if one in room]
    free = 0 if event.sold_out else min((max(0, number) for number in limits), default=None)
    return Places(
        places.capacities(event).get(pool),
        places.demand(event, taken.confirmed)[pool],
        free,
        places.demand(event, taken.waitlisted)[pool],
    )

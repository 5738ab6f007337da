"""The tickets of an event, as a form offers them."""

from collections.abc import Mapping
from datetime import datetime

from wtforms import SelectChoice

from portal.content.event import Event, Ticket
from portal.domain import places, words
from portal.domain.places import Availability, Taken
from portal.i18n import gettext as _

Rooms = Mapping[str, str]
"""The ids of the tickets that can be chosen, each with what is said of its places."""


def rooms(
    event: Event, taken: Taken, now: datetime, has: str | None = None, *, all_tickets: bool = False
) -> Rooms:
    """The tickets that can be chosen now, in the order of the file. ``has``: the one that somebody has already, and may
    keep. ``all_tickets``: those too that are not on sale."""
    return {
        ticket.id: _("as it is now") if ticket.id == has else _room(event, taken, ticket)
        for ticket in event.tickets
        if all_tickets or ticket.id == has or places.on_sale(event, ticket.id, now)
    }


def ticket_choices(event: Event, rooms: Rooms) -> list[SelectChoice]:
    """Tickets to choose among, with price and room; nothing where there is no choice."""
    if len(event.tickets) < 2:
        return []
    return [
        SelectChoice(ticket.id, ticket_words(ticket.label, ticket.price, rooms[ticket.id]))
        for ticket in event.tickets
        if ticket.id in rooms
    ]


def _room(event: Event, taken: Taken, ticket: Ticket) -> str:
    left = places.left(event, taken, ticket.id)
    state: places.State = "open"
    if left == 0:
        state = "full" if event.waitlist == "off" else "waitlist"
    return words.places(Availability(state, left))


def ticket_words(label: str, price: int | None, room: str) -> str:
    """A ticket as it is offered: its name, what it costs (cents), and what is said of its places."""
    cost = "" if price is None else words.money(price) if price else _("free")
    return " · ".join(part for part in (label, cost, room) if part)

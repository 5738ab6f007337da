"""What the history says each person came to, as rows that a query can count."""

from sqlalchemy import JSON, Subquery, column, extract, func, select
from sqlalchemy.orm import Session

from portal.storage.models import HistoryEntry, Registration

QUARTER = 15 * 60
"""Seconds. In every zone a day begins at one of these, so that what is counted in them adds up to days."""


def moves(session: Session, slug: str) -> Subquery:
    """Each status that an entry in an event's history gives a person: ``registration_id``, ``position``, ``status``,
    ``before`` (what they had; null for who comes new) and ``quarter`` (since when, in seconds since 1970)."""
    embedded = session.get_bind().dialect.name == "sqlite"
    each = func.json_each if embedded else func.json_array_elements
    person = each(HistoryEntry.people).table_valued(column("value", JSON), joins_implicitly=True).c.value
    seconds = extract("epoch", HistoryEntry.at)
    told = (
        select(
            HistoryEntry.id.label("entry"),
            HistoryEntry.registration_id,
            person["position"].as_integer().label("position"),
            person["status"].as_string().label("status"),
            (seconds - seconds % QUARTER).label("quarter"),
        )
        .join(Registration, Registration.id == HistoryEntry.registration_id)
        .where(Registration.event_slug == slug)
        .subquery()
    )
    before = func.lag(told.c.status).over(
        partition_by=(told.c.registration_id, told.c.position), order_by=told.c.entry
    )
    return select(
        told.c.registration_id, told.c.position, told.c.status, before.label("before"), told.c.quarter
    ).subquery()

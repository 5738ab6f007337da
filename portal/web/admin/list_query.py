"""The list's filters as they stand in an address, so that a list can be shared and downloaded as it is seen."""

from typing import Any, cast

from werkzeug.datastructures import MultiDict

from portal.content.event import Event
from portal.domain.filters import Filters
from portal.domain.typed import LONGEST_SEARCH, whole_number

MOST_PEOPLE, MOST_ANSWERS = 100, 20
"""What goes along in an address and in one statement; both have an end."""


def read(query: MultiDict[str, str], event: Event | None) -> Filters:
    """The filters that an address asks for."""
    session = query.get("session", "")
    paid, here = query.get("paid", ""), query.get("here", "")
    return Filters(
        q=_without_nul(query.get("q", "")).strip()[:LONGEST_SEARCH],
        status=query.get("status", ""),
        ticket=_without_nul(query.get("ticket", "")),
        session=session,
        tickets=tuple(t.id for t in event.tickets if session in t.sessions) if event and session else (),
        paid=cast("Any", paid) if paid in ("paid", "open") else "",
        here=cast("Any", here) if here in ("in", "out") else "",
        answers=tuple(
            (_without_nul(name.removeprefix("answer-")), _without_nul(value))
            for name, value in query.items()
            if name.startswith("answer-") and value
        )[:MOST_ANSWERS],
        people=tuple(filter(None, map(_person, query.getlist("person")[:MOST_PEOPLE]))),
        sort=query.get("sort", ""),
        descending=query.get("descending") == "1",
    )


def written(filters: Filters, **changes: Any) -> dict[str, Any]:
    """The filters as the query of an address, shortest form; ``changes`` go before."""
    told: dict[str, Any] = {
        "q": filters.q,
        "status": filters.status,
        "ticket": filters.ticket,
        "session": filters.session,
        "paid": filters.paid,
        "here": filters.here,
        **{f"answer-{name}": value for name, value in filters.answers},
        "person": [f"{registration_id}.{position}" for registration_id, position in filters.people],
        "sort": filters.sort,
        "descending": "1" if filters.descending else "",
    }
    changes = {name: "1" if value is True else value or "" for name, value in changes.items()}
    return {name: value for name, value in (told | changes).items() if value}


def as_fields(filters: Filters, *, without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """The filters as hidden fields of a form, but those that the form has itself."""
    fields: list[tuple[str, str]] = []
    for name, value in written(filters).items():
        if name not in without:
            fields += [(name, one) for one in (value if isinstance(value, list) else [value])]
    return fields


def these(people: tuple[tuple[int, int], ...]) -> Filters:
    """These people and nobody else."""
    return Filters(people=people)


def only_people(filters: Filters) -> Filters:
    """Who is ticked, whatever else the list was narrowed by."""
    return these(filters.people)


def _without_nul(text: str) -> str:
    """What stands in a form, where an address has none: PostgreSQL cannot compare with it."""
    return text.replace("\0", "")


def _person(written_: str) -> tuple[int, int] | None:
    registration_id, _dot, position = written_.partition(".")
    found, at = whole_number(registration_id), whole_number(position)
    return None if found is None or at is None else (found, at)

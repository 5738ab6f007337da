"""Which events are listed, and in which order: for the agenda and for programs."""

from collections.abc import Iterable, Set
from datetime import datetime
from functools import lru_cache
from typing import Literal

from portal.content.event import Event
from portal.domain.typed import folded

When = Literal["upcoming", "past", "all"]


def chosen(
    events: Iterable[Event], now: datetime, *, when: When = "upcoming", language: str = "", q: str = ""
) -> list[Event]:
    """Of ``events`` those that are to come, by date, or those that are past, the newest first; in ``language`` where
    one is given, and with each word of ``q`` in what they tell."""
    words = set(folded(q).split())
    found = (
        event
        for event in events
        if (when == "all" or (event.over_at <= now) == (when == "past"))
        and (not language or event.language == language)
        and _tells(event, words)
    )
    return sorted(found, key=lambda event: (event.starts, event.slug), reverse=when == "past")


def _tells(event: Event, words: Set[str]) -> bool:
    if not words:
        return True
    told = _folded(event.title, event.location, event.summary, event.text)
    return all(word in told for word in words)


_folded = lru_cache(2_000)(folded)
"""Anybody may search, and all that an event tells is long: it is folded once for each version of its file."""

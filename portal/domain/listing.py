"""Which events are listed, and in which order: for the agenda and for programs."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from portal.content.event import Event
from portal.domain.typed import folded

When = Literal["upcoming", "past", "all"]


def chosen(
    events: Iterable[Event], now: datetime, *, when: When = "upcoming", language: str = "", q: str = ""
) -> list[Event]:
    """Of ``events`` those that are to come, by date, or those that are past, the newest first; in ``language`` where
    one is given, and with each word of ``q`` in what they tell."""
    words = folded(q).split()
    found = (
        event
        for event in events
        if (when == "all" or (event.over_at <= now) == (when == "past"))
        and (not language or event.language == language)
        and all(word in _told(event) for word in words)
    )
    return sorted(found, key=lambda event: (event.starts, event.slug), reverse=when == "past")


def _told(event: Event) -> str:
    return folded(event.title, event.location, event.summary, event.text)

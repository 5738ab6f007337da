"""Events made of what matters to a test."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from portal.content.event import Event

BRUSSELS = ZoneInfo("Europe/Brussels")


def make_event(**keys: Any) -> Event:
    """An afternoon in February 2027 that takes sign-ups."""
    afternoon = Event(
        slug="nascholing",
        title="Nascholing",
        starts=datetime(2027, 2, 3, 13, 30, tzinfo=BRUSSELS),
        ends=datetime(2027, 2, 3, 16, 30, tzinfo=BRUSSELS),
        registration="portal",
    )
    return replace(afternoon, **keys)

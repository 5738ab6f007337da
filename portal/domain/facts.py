"""What somebody has to know to come: when and where. Kept with a letter, so that a change can be told."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self
from zoneinfo import ZoneInfo

from portal.content.event import Event


@dataclass(frozen=True)
class Facts:
    """When and where an event is, or that it does not take place. ``link`` only where the event is online."""

    starts: datetime
    ends: datetime | None
    location: str
    online: bool
    link: str
    cancelled: bool

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(
            event.starts,
            event.ends,
            event.location,
            event.online,
            event.location_link if event.online else "",
            event.status == "cancelled",
        )

    def written(self) -> str:
        """As text in which equal facts are equal."""
        starts, ends = (at and at.astimezone(UTC).isoformat() for at in (self.starts, self.ends))
        return json.dumps(
            [starts, ends, self.location, self.online, self.link, self.cancelled], ensure_ascii=False
        )

    @classmethod
    def read(cls, written: str) -> Self | None:
        """What ``written`` made; None where nothing was written."""
        if not written:
            return None
        starts, ends, *rest = json.loads(written)
        return cls(datetime.fromisoformat(starts), ends and datetime.fromisoformat(ends), *rest)

    def in_event(self, event: Event, zone: ZoneInfo) -> Event:
        """The event as it was with these facts, its times in ``zone``."""
        return replace(
            event,
            starts=self.starts.astimezone(zone),
            ends=self.ends.astimezone(zone) if self.ends else None,
            location=self.location,
            online=self.online,
            location_link=self.link,
            status="cancelled" if self.cancelled else "published",
        )

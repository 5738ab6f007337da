"""Links that open a new entry in the calendars that people have in their browser; nothing is asked of anybody until
they are followed."""

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlencode

from portal.content.event import Event

HOURS = timedelta(hours=1)
"""What an entry takes of an event that says no end: these calendars want one."""


def google(event: Event, url: str) -> str:
    """Google Calendar's form, filled in; ``url`` is the event's page."""
    first, last = _span(event)
    form = "%Y%m%d" if _whole_days(event) else "%Y%m%dT%H%M%SZ"
    told = {
        "action": "TEMPLATE",
        "text": event.title,
        "dates": f"{first:{form}}/{last:{form}}",
        "location": event.location,
        "details": url,
    }
    return "https://calendar.google.com/calendar/render?" + urlencode(told)


def outlook(event: Event, url: str) -> str:
    """Outlook's form on the web (Microsoft 365), filled in."""
    first, last = _span(event)
    form = "%Y-%m-%d" if _whole_days(event) else "%Y-%m-%dT%H:%M:%SZ"
    told = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": event.title,
        "startdt": f"{first:{form}}",
        "enddt": f"{last:{form}}",
        "allday": "true" if _whole_days(event) else "false",
        "location": event.location,
        "body": url,
    }
    return "https://outlook.office.com/calendar/0/deeplink/compose?" + urlencode(told)


def _whole_days(event: Event) -> bool:
    return event.starts.time() == time()


def _span(event: Event) -> tuple[datetime, datetime]:
    """First and last moment in UTC; of whole days the first, and the one after the last."""
    if _whole_days(event):
        return event.starts, datetime.combine(event.last_day, time()) + timedelta(days=1)
    return event.starts.astimezone(UTC), (event.ends or event.starts + HOURS).astimezone(UTC)

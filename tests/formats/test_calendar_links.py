"""Links into the calendars on the web."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from portal.formats import calendar_links
from tests.support.events import make_event

BRUSSELS = ZoneInfo("Europe/Brussels")
URL = "https://events.example/events/nascholing"


def asked(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}


def test_both_get_the_same_moment_in_utc_and_the_place() -> None:
    event = make_event(
        title="Leren & delen",
        starts=datetime(2027, 2, 3, 13, 30, tzinfo=BRUSSELS),
        ends=datetime(2027, 2, 3, 16, 30, tzinfo=BRUSSELS),
        location="De Krook, Gent",
    )
    google, outlook = asked(calendar_links.google(event, URL)), asked(calendar_links.outlook(event, URL))
    assert google["dates"] == "20270203T123000Z/20270203T153000Z"
    assert (outlook["startdt"], outlook["enddt"]) == ("2027-02-03T12:30:00Z", "2027-02-03T15:30:00Z")
    assert google["text"] == outlook["subject"] == "Leren & delen"
    assert google["location"] == outlook["location"] == "De Krook, Gent"
    assert google["details"] == outlook["body"] == URL


def test_an_event_without_hours_takes_whole_days() -> None:
    event = make_event(starts=datetime(2027, 2, 3, tzinfo=BRUSSELS), ends=None)
    google, outlook = asked(calendar_links.google(event, URL)), asked(calendar_links.outlook(event, URL))
    assert google["dates"] == "20270203/20270204"
    assert (outlook["startdt"], outlook["enddt"], outlook["allday"]) == ("2027-02-03", "2027-02-04", "true")

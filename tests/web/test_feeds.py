"""What other programs follow: the calendar and the feed of all events, the sitemap, and what robots leave alone."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from icalendar import Calendar
from icalendar import Event as Shown

from tests.support.portal import SITE, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ATOM = "{http://www.w3.org/2005/Atom}"
BASE = "https://portal.example"
FEEDS = ("/events.ics", "/events.atom", "/sitemap.xml", "/robots.txt")


def files() -> dict[str, str]:
    return {
        "soon": event_file(title="Straks"),
        "english": event_file(title="Later & <more>", language="en", date="2027-03-01", end_date=None),
        "off": event_file(title="Afgelast", status="cancelled"),
        "lately": event_file(title="Pas voorbij", date="2026-12-01T10:00:00", end_date=None),
        "long_ago": event_file(title="Lang voorbij", date="2025-12-01T10:00:00", end_date=None),
        "draft": event_file(title="Ontwerp", status="draft"),
    }


def entries(answer: Answer) -> dict[str, Shown]:
    found = {str(entry["UID"]): entry for entry in Calendar.from_ical(answer.body).walk("VEVENT")}
    assert not any(entry.errors for entry in found.values())
    return found


def test_a_calendar_follows_what_is_to_come_and_was_lately_and_no_drafts(make_portal: MakePortal) -> None:
    answer = make_portal(files(), base_url=BASE).visitor().get("/events.ics")
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    shown = entries(answer)
    assert list(shown) == [f"{slug}@portal.example" for slug in ("lately", "off", "soon", "english")]
    assert shown["off@portal.example"]["STATUS"] == "CANCELLED"
    assert shown["soon@portal.example"]["STATUS"] == "CONFIRMED"


def test_a_followed_calendar_says_whose_it_is_and_when_to_look_again(make_portal: MakePortal) -> None:
    answer = make_portal(files()).visitor().get("/events.ics")
    calendar = Calendar.from_ical(answer.body)
    assert (calendar["NAME"], calendar["X-WR-CALNAME"]) == ("Leraars Leren", "Leraars Leren")
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT4H\r\n" in answer.body
    assert b"X-PUBLISHED-TTL:PT4H\r\n" in answer.body
    assert all(len(line) <= 75 for line in answer.body.split(b"\r\n"))


def test_both_calendar_files_tell_one_event_under_one_name_and_number(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    visitor.get("/events.ics")
    for place, number in (("Elders", 1), ("Nog elders", 2)):
        portal.write({"nascholing": event_file(location=place)})
        portal.reread()
        followed, single = (
            next(iter(entries(visitor.get(url)).values()))
            for url in ("/events.ics", "/events/nascholing.ics")
        )
        assert followed["UID"] == single["UID"]
        assert (followed["SEQUENCE"], single["SEQUENCE"]) == (number, number)


def test_a_feed_can_be_had_in_one_language_as_on_the_agenda(make_portal: MakePortal) -> None:
    visitor = make_portal(files(), base_url=BASE).visitor()
    assert list(entries(visitor.get("/events.ics?language=en"))) == ["english@portal.example"]
    assert [entry.findtext(f"{ATOM}title") for entry in read(visitor.get("/events.atom?language=en"))] == [
        "Later & <more>"
    ]
    assert len(entries(visitor.get("/events.ics?language=xx"))) == 4


def read(answer: Answer) -> list[Element]:
    """The entries of a feed that keeps the rules of RFC 4287, by section."""
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = fromstring(answer.body)
    assert feed.tag == f"{ATOM}feed"
    found = feed.findall(f"{ATOM}entry")
    for element in (feed, *found):
        for once in ("id", "title", "updated"):  # 4.1.1, 4.1.2
            (one,) = element.findall(f"{ATOM}{once}")
            assert one.text, once
        assert urlsplit(element.findtext(f"{ATOM}id") or "").scheme == "https"  # 4.2.6: an absolute IRI
        updated = datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "")  # 3.3: RFC 3339
        assert updated.tzinfo
    (author,) = feed.findall(f"{ATOM}author")  # 4.1.1: there, or in every entry
    assert author.findtext(f"{ATOM}name")  # 3.2.1
    (itself,) = feed.findall(f"{ATOM}link[@rel='self']")  # 4.1.1: should be there
    assert itself.attrib["href"] == BASE + answer.url
    ids = [entry.findtext(f"{ATOM}id") for entry in found]
    assert len(set(ids)) == len(ids)
    for entry in found:  # 4.1.2: without content there is an alternate link, one of its type and language
        (link,) = entry.findall(f"{ATOM}link[@rel='alternate']")
        assert link.attrib["href"] == entry.findtext(f"{ATOM}id")
        (summary,) = entry.findall(f"{ATOM}summary")
        assert summary.attrib["type"] == "text"
    return found


def test_a_feed_keeps_the_rules_and_what_changed_last_is_on_top(make_portal: MakePortal) -> None:
    portal = make_portal(files(), base_url=BASE)
    written = datetime(2027, 1, 1, tzinfo=UTC)
    for age, name in enumerate(("english", "soon", "lately", "off")):
        at = (written - timedelta(days=age)).timestamp()
        os.utime(portal.content / "events" / f"{name}.md", (at, at))
    found = read(portal.visitor("nl").get("/events.atom"))
    titles = [entry.findtext(f"{ATOM}title") or "" for entry in found]
    assert titles[:3] == ["Later & <more>", "Straks", "Pas voorbij"]
    assert titles[3].endswith("– Afgelast")
    assert found[0].findtext(f"{ATOM}updated") == "2027-01-01T00:00:00Z"
    assert "woensdag 3 februari 2027" in (found[1].findtext(f"{ATOM}summary") or "")
    assert found[0].attrib["{http://www.w3.org/XML/1998/namespace}lang"] == "en"


def test_a_feed_of_nothing_is_still_one(make_portal: MakePortal) -> None:
    visitor = make_portal({"draft": event_file(status="draft")}, base_url=BASE).visitor()
    assert read(visitor.get("/events.atom")) == []
    assert entries(visitor.get("/events.ics")) == {}


def test_what_xml_cannot_hold_breaks_no_feed(make_portal: MakePortal) -> None:
    visitor = make_portal({"x": event_file(title='"Piep\\x07 ]]>\\u0001"')}, base_url=BASE).visitor()
    assert [entry.findtext(f"{ATOM}title") for entry in read(visitor.get("/events.atom"))] == ["Piep ]]>"]


@pytest.mark.parametrize("url", FEEDS)
def test_who_has_it_already_is_told_so_until_something_changes(make_portal: MakePortal, url: str) -> None:
    portal = make_portal(base_url=BASE)
    first = portal.visitor().get(url)
    portal.clock.pass_by(timedelta(minutes=10))
    has = {"If-None-Match": first.headers["ETag"]}
    again = portal.visitor("nl").get(url, headers={**has, "Accept-Language": "fr"})
    assert (again.status, again.body) == (304, b"")
    assert "Cookie" not in first.headers.get("Vary", "")
    if url != "/robots.txt":
        portal.write({"other": event_file(title="Nieuw")})
        portal.reread()
        assert portal.visitor().get(url, headers=has).status == 200


@pytest.mark.parametrize(("url", "most"), [("/events.ics", 1), ("/events.atom", 0), ("/sitemap.xml", 0)])
def test_a_feed_asks_the_database_once_however_many_events(
    make_portal: MakePortal, url: str, most: int
) -> None:
    portal = make_portal({f"e{number}": event_file(title=f"Nascholing {number}") for number in range(40)})
    with statements_of(portal) as first:
        portal.visitor().get(url)
    assert len(first) <= 5
    with statements_of(portal) as asked:
        portal.visitor().get(url)
    assert len(asked) == most


def test_search_engines_are_told_of_every_public_page_and_of_what_to_leave_alone(
    make_portal: MakePortal,
) -> None:
    visitor = make_portal(files(), base_url=BASE).visitor()
    robots = visitor.get("/robots.txt").text.splitlines()
    assert "User-agent: *" in robots
    assert {"Disallow: /admin", "Disallow: /registrations/"} <= set(robots)
    (sitemap,) = (line.removeprefix("Sitemap: ") for line in robots if line.startswith("Sitemap: "))
    namespace = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
    pages = fromstring(visitor.get(sitemap.removeprefix(BASE)).body)
    addresses = [page.findtext(f"{namespace}loc") or "" for page in pages]
    assert f"{BASE}/events/long_ago" in addresses
    assert f"{BASE}/events/draft" not in addresses
    for address in addresses:
        assert visitor.get(address.removeprefix(BASE) or "/").status == 200


def test_people_and_programs_find_the_feeds_on_the_agenda(make_portal: MakePortal) -> None:
    visitor = make_portal(files(), base_url=BASE, site=SITE).visitor()
    for url in ("/", "/events/soon"):
        page = visitor.get(url)
        for kind in ("text/calendar", "application/atom+xml"):
            (link,) = page.find(f'link[rel="alternate"][type="{kind}"]')
            assert visitor.get(link.attrs["href"]).headers["Content-Type"].startswith(kind)
    page = visitor.get("/?language=en")
    assert page.find('main a[href="webcal://portal.example/events.ics?language=en"]')
    assert page.find('main a[href="/events.atom?language=en"]')

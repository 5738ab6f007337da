"""What search engines are told of an event, held against what Google asks of an Event."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from portal.app import create_app
from portal.domain.places import NOBODY, Taken
from portal.settings import Settings
from portal.web.structured_data import described
from tests.support.events import BRUSSELS, make_event
from tests.support.live import SAMPLE_CONTENT
from tests.support.portal import NOW, SECRET, SITE, PortalUnderTest, event_file
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
SCHEMA = "https://schema.org/"
PAGE = "https://portal.example/events/nascholing"


def told(page: Any) -> dict[str, Any]:
    (data,) = page.find('script[type="application/ld+json"]')
    found: dict[str, Any] = json.loads(data.to_text())
    return found


def check(data: dict[str, Any]) -> None:
    """Required and recommended properties of https://developers.google.com/search/docs/appearance/structured-data/event"""
    assert (data["@context"], data["@type"]) == ("https://schema.org", "Event")
    assert data["name"]
    for moment in (data["startDate"], data.get("endDate", data["startDate"])):
        assert date.fromisoformat(moment) if len(moment) == 10 else datetime.fromisoformat(moment).tzinfo
    assert data["eventStatus"] in (SCHEMA + "EventScheduled", SCHEMA + "EventCancelled")
    place = data["location"]
    if data["eventAttendanceMode"] == SCHEMA + "OnlineEventAttendanceMode":
        assert place["@type"] == "VirtualLocation"
        assert place["url"].startswith("http")
    else:
        assert data["eventAttendanceMode"] == SCHEMA + "OfflineEventAttendanceMode"
        assert place["@type"] == "Place"
        assert place["name"]
        address = place["address"]
        assert isinstance(address, str) or (
            address["@type"] == "PostalAddress" and address["addressLocality"]
        )
    assert data["url"].startswith("http")
    for image in data.get("image", ()):
        assert image.startswith("http")
    for offer in data.get("offers", ()):
        assert offer["@type"] == "Offer"
        assert float(offer["price"]) >= 0
        assert offer["priceCurrency"] == "EUR"
        assert offer["url"].startswith("http")
        if "availability" in offer:
            assert offer["availability"].removeprefix(SCHEMA) in (
                "InStock",
                "SoldOut",
                "PreOrder",
                "OutOfStock",
            )
        for when in ("validFrom", "validThrough"):
            assert when not in offer or datetime.fromisoformat(offer[when]).tzinfo
    if organizer := data.get("organizer"):
        assert organizer["@type"] == "Organization"
        assert organizer["name"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_sample_event_is_told_as_a_search_engine_wants_it(tmp_path: Path, database_url: str) -> None:
    settings = Settings(
        data_dir=tmp_path,
        content_dir=SAMPLE_CONTENT,
        database_url=database_url,
        base_url="https://portal.example",
        secret_keys=(SECRET,),
    )
    app = create_app(settings, lambda: NOW)
    visitor = Visitor(app)
    catalogue = app.extensions["portal"].catalogue
    for slug, event in catalogue.snapshot.events.items():
        if event.status == "draft":
            continue
        data = told(visitor.get(f"/events/{slug}"))
        check(data)
        assert data["url"] == f"https://portal.example/events/{slug}"
        for image in data["image"]:
            assert visitor.get(image.removeprefix("https://portal.example")).status == 200
        if event.prices and event.registration == "portal":
            assert {offer["price"] for offer in data["offers"]} == {f"{p / 100:.2f}" for p in event.prices}
    catalogue.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("location", "name", "address"),
    [
        (
            "Stadsbibliotheek De Krook: Miriam Makebaplein 1, 9000 Gent",
            "Stadsbibliotheek De Krook",
            {
                "streetAddress": "Miriam Makebaplein 1",
                "postalCode": "9000",
                "addressLocality": "Gent",
                "addressCountry": "BE",
            },
        ),
        (
            "VAC Gent Sint-Pieters Koningin Maria Hendrikaplein 70 9000 Gent",
            "VAC Gent Sint-Pieters Koningin Maria Hendrikaplein 70 9000 Gent",
            {
                "streetAddress": "VAC Gent Sint-Pieters Koningin Maria Hendrikaplein 70",
                "postalCode": "9000",
                "addressLocality": "Gent",
                "addressCountry": "BE",
            },
        ),
        (
            "Dam 1, 1012 JS Amsterdam",
            "Dam 1",
            {"streetAddress": "Dam 1", "addressLocality": "1012 JS Amsterdam"},
        ),
        ("De Krook, Gent", "De Krook", {"streetAddress": "De Krook", "addressLocality": "Gent"}),
        ("Brugge", "Brugge", {"addressLocality": "Brugge"}),
    ],
)
def test_an_address_is_taken_apart_only_where_that_is_sure(
    make_portal: MakePortal, location: str, name: str, address: dict[str, str]
) -> None:
    files = {"x": event_file(location=f'"{location}"')}
    site = SITE + "organisation: {country: BE}\n"
    data = told(make_portal(files, site=site).visitor().get("/events/x"))
    check(data)
    assert data["location"] == {
        "@type": "Place",
        "name": name,
        "address": {"@type": "PostalAddress"} | address,
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_of_others_or_without_a_place_or_hours_is_told_without_a_lie(
    make_portal: MakePortal,
) -> None:
    others = {"registration": None, "registration_link": "https://elders.example/x", "price": 20}
    visitor = make_portal(
        {
            "others": event_file(**others),
            "somewhere": event_file(location='""', date="2027-02-03", end_date=None),
        }
    ).visitor()
    data = told(visitor.get("/events/others"))
    check(data)
    assert "organizer" not in data
    assert [(offer["url"], "availability" in offer) for offer in data["offers"]] == [
        ("https://elders.example/x", False)
    ]
    data = told(visitor.get("/events/somewhere"))
    check(data)
    assert data["startDate"] == "2027-02-03"
    assert "endDate" not in data
    assert "offers" not in data


@pytest.mark.parametrize(
    ("keys", "taken", "state"),
    [
        ({}, NOBODY, "InStock"),
        ({"capacity": 1}, Taken({"": 1}, {}), "SoldOut"),
        ({"signup_opens": datetime(2027, 1, 10, 12, tzinfo=BRUSSELS)}, NOBODY, "PreOrder"),
        ({"signup_closes": datetime(2027, 1, 1, 12, tzinfo=BRUSSELS)}, NOBODY, "OutOfStock"),
        ({"status": "cancelled"}, NOBODY, "OutOfStock"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_offer_says_whether_it_can_be_had(
    make_portal: MakePortal, keys: dict[str, Any], taken: Taken, state: str
) -> None:
    event = make_event(price=6500, location="Gent", **keys)
    with make_portal().app.test_request_context():
        data = described(event, taken, PAGE, "", NOW)
    check(data)
    (offer,) = data["offers"]
    assert (offer["price"], offer["availability"]) == ("65.00", SCHEMA + state)
    assert offer.get("validFrom") == (event.signup_opens.isoformat() if event.signup_opens else None)
    assert data["startDate"] == "2027-02-03T13:30:00+01:00"

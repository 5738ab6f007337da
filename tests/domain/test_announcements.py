"""A file changes: who knows something else, and what they are told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.content.event import Event
from portal.domain import announcements, changes
from portal.storage.database import transaction
from portal.storage.models import Letter
from tests.domain.test_rounds import clerk
from tests.support.outbox import at_the_desk, entry, letters, method, sign_up, writer
from tests.support.portal import PortalUnderTest, event_file, statements_of

MakePortal = Callable[..., PortalUnderTest]


def rewrite(portal: PortalUnderTest, **keys: object) -> None:
    portal.write({"nascholing": event_file(**keys)})
    portal.reread()


def event(portal: PortalUnderTest) -> Event:
    found = writer(portal).event
    assert found is not None
    return found


def untold(portal: PortalUnderTest) -> int:
    """How many registrations have to be told, as the overview has it."""
    with portal.session() as session:
        told = announcements.told(session)
        pending = announcements.pending(session, [event(portal)], told, portal.clock.now)
        people = announcements.untold(session, event(portal))
    assert sum(one.registrations for one in pending) == len(people)
    return len(people)


def announce(portal: PortalUnderTest) -> int:
    portal.clock.pass_by(timedelta(minutes=1))
    with portal.session() as session, transaction(session):
        return announcements.announce(session, writer(portal))


def test_who_signed_up_before_a_change_does_not_know_and_is_told_once(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    sign_up(portal)
    sign_up(portal, email="noor@school.example")  # waits, and wants to know as well
    gone = sign_up(portal, email="lies@school.example")
    with at_the_desk(portal) as desk:
        changes.cancel(desk, gone)
    assert untold(portal) == 0
    rewrite(portal, capacity=1, location="De Wintercircus, Gent", date="2027-02-04T13:30:00", end_date=None)
    sign_up(portal, email="wout@school.example")
    assert untold(portal) == 2
    assert [announce(portal) for _ in range(2)] == [2, 0]
    assert untold(portal) == 0
    letter, _waiting = letters(portal, "practical")
    for part in (letter.text, letter.html):
        for told in (
            "4 February",
            "De Wintercircus",
            "It was: Wednesday 3 February",
            "It was: De Krook, Gent",
        ):
            assert told in part
    assert (method(letter), letter.sequence) == ("REQUEST", 1)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_telling_more_people_asks_no_more_than_each_letter_needs(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=65)})
    asked = []
    for place in ("Elders", "Nog elders"):
        for number in range(2):
            sign_up(portal, email=f"{place[0]}{number}@school.example")
        rewrite(portal, location=place, price=65)
        with statements_of(portal) as statements:
            told = announce(portal)
        asked.append((told, len(statements)))
    (few, before), (many, after) = asked
    assert (few, many) == (2, 4)
    assert after - before <= 2 * (many - few), "what the calendar said last, and the letter itself"


def test_a_change_that_does_not_matter_is_not_spoken_of(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    rewrite(
        portal, title="Nascholing, tweede keer", price=65, capacity=9, location_link="https://map.example/"
    )
    assert untold(portal) == 0


def test_a_link_that_changes_matters_where_the_event_is_online(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(location="online", location_link="https://a.example/")})
    sign_up(portal)
    rewrite(portal, location="online", location_link="https://b.example/")
    assert untold(portal) == 1


def test_a_change_that_is_taken_back_leaves_nobody_to_tell(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    rewrite(portal, location="Elders")
    assert untold(portal) == 1
    rewrite(portal)
    assert untold(portal) == 0


def test_organisers_may_tell_nobody_and_the_next_change_reaches_all(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    rewrite(portal, location="De Krook, zaal 2")
    with portal.session() as session, transaction(session):
        announcements.settle(session, event(portal))
    assert untold(portal) == 0
    rewrite(portal, location="Elders")
    assert untold(portal) == 1


def test_an_event_that_is_cancelled_is_told_with_its_calendar_entry_taken_away(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    sign_up(portal)
    rewrite(portal, status="cancelled")
    assert untold(portal) == 1
    announce(portal)
    (letter,) = letters(portal, "cancelled")
    assert "does not take place" in letter.text
    assert (method(letter), entry(letter)["status"]) == ("CANCEL", "CANCELLED")
    assert untold(portal) == 0
    rewrite(portal)
    assert announce(portal) == 1
    (letter,) = letters(portal, "practical")
    assert "takes place after all" in letter.text
    assert (method(letter), letter.sequence) == ("REQUEST", 2)


def test_a_letter_that_could_not_be_delivered_has_told_nobody(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    rewrite(portal, location="Elders")
    announce(portal)
    with portal.session() as session, transaction(session):
        session.execute(update(Letter).where(Letter.kind == "practical").values(state="failed"))
    rewrite(portal, location="Nog elders")
    announce(portal)
    _failed, letter = letters(portal, "practical")
    assert "It was: De Krook, Gent" in letter.text


def test_a_round_settles_what_everybody_knows_so_that_nobody_counts_again(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    with portal.session() as session:
        assert announcements.told(session) == {"nascholing": ""}
    clerk(portal).write_due(portal.clock.now)
    with portal.session() as session:
        settled = announcements.told(session)["nascholing"]
    assert "De Krook" in settled
    rewrite(portal, location="Elders")
    clerk(portal).write_due(portal.clock.now)
    with portal.session() as session:
        assert announcements.told(session)["nascholing"] == settled
    assert untold(portal) == 1

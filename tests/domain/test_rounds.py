"""Letters whose time comes: each once, to whom it concerns, however many workers look."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from portal.domain.rounds import STILL_COMING
from portal.storage.models import Letter
from portal.worker import Clerk, LineKeeper, crew_of
from tests.support.outbox import EMMA, at_the_desk, entry, letters, sign_up
from tests.support.portal import SITE, PortalUnderTest, event_file, statements_of

MakePortal = Callable[..., PortalUnderTest]
STARTS = datetime(2027, 2, 3, 12, 30, tzinfo=UTC)  # 13:30 in Brussels
NINE = datetime(2027, 2, 1, 8, tzinfo=UTC)
MATERIALS = "[{label: Notebook, url: 'https://example.org/nb', from: end}, {label: Slides, url: 'https://example.org/s'}]"


def clerk(portal: PortalUnderTest) -> Clerk:
    return Clerk(portal.engine, portal.app.extensions["portal"].catalogue, portal.settings.base_url)


def round_at(portal: PortalUnderTest, now: datetime) -> int:
    portal.clock.now = now
    return clerk(portal).write_due(now)


def test_who_comes_is_reminded_once_in_the_morning_two_days_before(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1)})
    sign_up(portal)
    sign_up(portal, email="noor@school.example")  # waits
    assert round_at(portal, NINE - timedelta(seconds=1)) == 0
    assert [round_at(portal, NINE) for _ in range(2)] == [1, 0]
    (letter,) = letters(portal, "reminder")
    assert (letter.recipient, letter.due_at) == ("emma@school.example", NINE)
    assert "De Krook, Gent" in letter.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_more_reminder_is_one_more_statement(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=65)})
    asked = {}
    for people in (1, 2, 3):  # the first round settles what everybody knows, too
        portal.clock.now = NINE - timedelta(days=9)
        for number in range(people):
            sign_up(portal, email=f"p{people}{number}@school.example")
        with statements_of(portal) as statements:
            assert round_at(portal, NINE) == people
        asked[people] = len(statements)
    assert asked[3] - asked[2] == 1


@pytest.mark.parametrize(("said", "days"), [("5", 5), ("0", None), ("false", None), ("nee", None), ("1", 1)])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_file_says_when_or_that_nobody_is_reminded(
    make_portal: MakePortal, said: str, days: int | None
) -> None:
    portal = make_portal({"nascholing": event_file(reminder=said)})
    sign_up(portal)
    if days is not None:
        at = datetime(2027, 2, 3, 8, tzinfo=UTC) - timedelta(days=days)
        assert round_at(portal, at - timedelta(minutes=1)) == 0
        assert round_at(portal, at) == 1
    assert round_at(portal, STARTS - timedelta(minutes=1)) == 0


def test_who_was_told_when_and_where_a_moment_ago_is_not_reminded(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.clock.now = NINE + timedelta(hours=1)
    sign_up(portal)
    assert round_at(portal, NINE + timedelta(hours=2)) == 0


def test_nobody_is_reminded_of_what_has_begun_or_does_not_take_place(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    assert round_at(portal, STARTS) == 0
    portal.write({"nascholing": event_file(status="cancelled")})
    portal.reread()
    assert round_at(portal, NINE) == 0


def test_workers_that_look_together_write_each_letter_once(make_portal: MakePortal) -> None:
    portal = make_portal()
    for number in range(12):
        sign_up(portal, email=f"p{number}@school.example")
    with ThreadPoolExecutor(6) as workers:
        written = list(workers.map(lambda _n: clerk(portal).write_due(NINE), range(6)))
    assert sum(written) == len(letters(portal, "reminder")) == 12


def test_what_one_can_take_home_comes_once_after_the_event(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(materials=MATERIALS, reminder=0)})
    sign_up(portal)
    over = datetime(2027, 2, 3, 15, 30, tzinfo=UTC)
    assert round_at(portal, over - timedelta(minutes=1)) == 0
    assert [round_at(portal, over) for _ in range(2)] == [1, 0]
    (letter,) = letters(portal, "after")
    for part in (letter.text, letter.html):
        assert "Notebook" in part
        assert "https://example.org/nb" in part
        assert "https://example.org/s" in part


def test_without_materials_for_afterwards_nobody_is_written_to(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(materials="[{label: S, url: 'https://example.org/s'}]")})
    sign_up(portal)
    assert round_at(portal, STARTS + timedelta(days=1)) == 0
    # Materials that are added much later are not worth a letter to people of long ago.
    portal.write({"nascholing": event_file(materials=MATERIALS)})
    portal.reread()
    assert round_at(portal, STARTS + timedelta(days=30)) == 0
    assert round_at(portal, STARTS + timedelta(days=3)) == 1


def test_organisers_are_told_of_each_sign_up_when_they_want_to(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(notify="each", contact="robot@leraars.example")})
    sign_up(portal, "en", "Noor", school="Sint-Jozef", remarks="Rolstoel")
    sign_up(portal, email="lies@school.example")
    assert [round_at(portal, portal.clock.now) for _ in range(2)] == [2, 0]
    first, _second = letters(portal, "notice")
    assert (first.recipient, first.reply_to) == ("robot@leraars.example", "emma@school.example")
    for told in ("Emma Peeters", "Noor Maes", "Sint-Jozef", "Rolstoel", "/admin/events/nascholing/attendees"):
        assert told in first.text
        assert told in first.html
    assert first.language == "nl"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_mail_servers_are_given_an_international_contact_in_ascii(make_portal: MakePortal) -> None:
    portal = make_portal(site="name: Robots\ncontact: info@münchen.example\nnotify: each\n")
    sign_up(portal)
    round_at(portal, portal.clock.now)
    confirmed, notice = letters(portal)
    there = "info@xn--mnchen-3ya.example"
    assert (confirmed.reply_to, notice.recipient) == (there, there)
    assert entry(confirmed)["organizer"] == f"mailto:{there}"
    crew = crew_of(portal.engine, portal.settings, portal.app.extensions["portal"].catalogue)
    assert crew.postman.sender.address == there


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_event_about_which_nothing_can_be_written_keeps_no_letter_from_the_others(
    make_portal: MakePortal, caplog: pytest.LogCaptureFixture
) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Robots")})
    sign_up(portal)
    visitor = portal.visitor()
    form = visitor.get("/events/other/signup").form() | EMMA
    assert visitor.post("/events/other/signup", form).status == 303
    snapshot = portal.app.extensions["portal"].catalogue.snapshot
    broken = replace(snapshot.events["nascholing"], contact="a.@b.be")
    catalogue = SimpleNamespace(snapshot=replace(snapshot, events={**snapshot.events, "nascholing": broken}))
    assert Clerk(portal.engine, catalogue, portal.settings.base_url).write_due(NINE) == 1
    assert [letter.event_slug for letter in letters(portal, "reminder")] == ["other"]
    assert "about nascholing could not be written" in caplog.text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_line_that_cannot_move_holds_up_no_other(
    make_portal: MakePortal, caplog: pytest.LogCaptureFixture
) -> None:
    slugs = ("nascholing", "other")
    portal = make_portal({slug: event_file(capacity=1) for slug in slugs})
    for slug, name in product(slugs, ("emma", "noor")):
        visitor = portal.visitor()
        form = visitor.get(f"/events/{slug}/signup").form() | EMMA | {"email": f"{name}@school.example"}
        assert visitor.post(f"/events/{slug}/signup", form).status == 303
    snapshot = portal.app.extensions["portal"].catalogue.snapshot
    larger = {slug: replace(event, capacity=2) for slug, event in snapshot.events.items()}
    larger["nascholing"] = replace(larger["nascholing"], contact="a.@b.be")
    catalogue = SimpleNamespace(snapshot=replace(snapshot, events=larger))
    LineKeeper(portal.engine, catalogue, portal.settings.base_url).move_up(portal.clock.now)
    assert [letter.event_slug for letter in letters(portal, "promoted")] == ["other"]
    assert "the waiting list of nascholing could not move" in caplog.text


def test_who_wants_to_hear_of_each_sign_up_from_now_on_does_not_hear_of_old_ones(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    sign_up(portal)
    portal.write({"nascholing": event_file(notify="each")})
    portal.reread()
    assert round_at(portal, portal.clock.now + timedelta(days=1)) == 0


def test_a_daily_letter_tells_of_a_day_and_of_nothing_twice(make_portal: MakePortal) -> None:
    portal = make_portal(site=SITE + "notify: daily\n")
    sign_up(portal, "en", "Noor")  # Monday at ten
    eight, late = datetime(2027, 1, 5, 7, tzinfo=UTC), STILL_COMING
    assert round_at(portal, eight) == 0
    portal.clock.now = eight - timedelta(seconds=1)
    sign_up(portal, first_name="Wout", email="wout@school.example")  # sent before eight, and late in its turn
    assert [round_at(portal, eight + late) for _ in range(2)] == [1, 0]
    portal.clock.now = eight + late
    sign_up(portal, first_name="Lies", email="lies@school.example")
    assert round_at(portal, eight + timedelta(hours=23)) == 0
    assert round_at(portal, eight + timedelta(days=1) + late) == 1
    assert round_at(portal, eight + timedelta(days=2) + late) == 0
    first, second = letters(portal, "digest")
    assert "Emma Peeters" in first.text
    assert "Noor Maes" in first.text
    assert "Wout Peeters" in first.text
    assert "Lies" not in first.text
    assert "Lies Peeters" in second.text
    assert "Emma" not in second.text
    assert first.registration_id is None


def test_nobody_is_told_of_sign_ups_unless_the_file_says_so(make_portal: MakePortal) -> None:
    portal = make_portal()
    sign_up(portal)
    assert round_at(portal, portal.clock.now) == 0
    portal.write({"nascholing": event_file(notify="none")})
    with at_the_desk(portal), portal.session() as session:
        assert len(session.scalars(select(Letter)).all()) == 1

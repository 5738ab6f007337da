"""`portal demo`: invented people, through the portal's own doors."""

from collections.abc import Callable
from datetime import timedelta
from email.utils import parseaddr

import pytest
from sqlalchemy import func, select

from portal.domain import accounts, demo
from portal.domain.demo import Filled, Room
from portal.storage.checkins import Checkin
from portal.storage.database import transaction
from portal.storage.ledger import Payment
from portal.storage.models import Attendee, HistoryEntry, Letter, Registration, TicketCount
from portal.worker import Clerk
from tests.support.portal import PASSWORD, SECRET, PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
SITE = (
    "name: Leraars Leren\ncontact: info@leraars.example\nlanguages: [nl, en]\n"
    'bank: {name: Leraars vzw, iban: "BE71 0961 2345 6769"}\n'
)
DAY = {
    "capacity": 30,
    "sessions": "[{id: am, label: A, capacity: 18}, {id: pm, label: B}]",
    "tickets": "[{id: full, label: F, price: 140, sessions: [am, pm]}, {id: am, label: A, price: 65, sessions: [am]}]",
}
QUESTIONS = (
    "[{name: diet, label: D, type: text, each: true, max: 5},"
    " {name: l, label: L, type: radio, options: [a, b], required: true},"
    " {name: t, label: T, type: checkboxes, options: [a, b, c], max: 2}, {name: n, label: N, type: number, max: 3}]"
)
EVENTS = {
    "small": event_file(capacity=8, price=45),
    "day": event_file(**DAY),
    "past": event_file(date="2026-12-02T13:30:00", end_date="2026-12-02T16:30:00", questions=QUESTIONS),
    "off": event_file(status="cancelled", capacity=20),
    "later": event_file(signup_opens="2027-01-20T12:00:00"),
    "draft": event_file(status="draft"),
    "elsewhere": event_file(registration="external", registration_link="https://x.example"),
}


def fill(portal: PortalUnderTest, seed: int = 1) -> Filled:
    snapshot = portal.app.extensions["portal"].catalogue.snapshot
    with portal.session() as session, transaction(session):
        organiser = accounts.find(session, "an@leraars.example") or accounts.add(
            session, "an@leraars.example", "owner", PASSWORD, now=portal.clock.now
        )
        room = Room(
            session=session,
            site=snapshot.site,
            organiser_id=organiser.id,
            base_url="http://localhost",
            secret_key=SECRET,
            now=portal.clock.now,
        )
        return demo.fill(room, snapshot.events.values(), seed)


def people(portal: PortalUnderTest) -> list[tuple[object, ...]]:
    with portal.session() as session:
        query = select(
            Attendee.event_slug, Attendee.first_name, Attendee.last_name, Attendee.status, Attendee.ticket,
            Registration.created_at, Registration.school, Registration.language,
        ).join(Attendee.registration)  # fmt: skip
        return sorted(tuple(row) for row in session.execute(query))


@pytest.fixture
def filled(make_portal: MakePortal) -> PortalUnderTest:
    portal = make_portal(EVENTS, site=SITE)
    fill(portal)
    return portal


def test_there_is_something_of_everything_to_look_at(filled: PortalUnderTest) -> None:
    with filled.session() as session:
        statuses = session.execute(select(Attendee.event_slug, Attendee.status).distinct()).all()
        assert {slug for slug, _ in statuses} == {"small", "day", "past", "off"}, (
            "only where people sign up now"
        )
        assert {("small", "waitlisted"), ("small", "confirmed")} <= {tuple(row) for row in statuses}
        assert "cancelled" in {status for _, status in statuses}
        assert session.scalar(select(func.count()).select_from(Payment))
        assert set(
            session.scalars(select(Attendee.event_slug).where(Attendee.checked_in_at.is_not(None)))
        ) == {"past"}
        assert session.scalar(select(func.count()).select_from(Checkin))


def test_places_are_given_as_to_real_people(filled: PortalUnderTest) -> None:
    with filled.session() as session:
        for row in session.scalars(select(TicketCount)):
            found = [
                session.scalar(
                    select(func.count()).where(
                        Attendee.event_slug == row.event_slug,
                        Attendee.ticket == row.ticket,
                        Attendee.status == status,
                    )
                )
                for status in ("confirmed", "waitlisted")
            ]
            assert found == [row.confirmed, row.waitlisted]
        small = select(func.count()).where(Attendee.event_slug == "small", Attendee.status == "confirmed")
        assert session.scalar(small) == 8
        am = select(func.count()).where(Attendee.event_slug == "day", Attendee.status == "confirmed")
        assert (session.scalar(am) or 0) <= 18
        history = session.scalars(select(HistoryEntry).order_by(HistoryEntry.id)).all()
        assert [entry.at for entry in history] == sorted(entry.at for entry in history)


def test_it_all_happened_in_the_weeks_before_now(filled: PortalUnderTest) -> None:
    now = filled.clock.now
    with filled.session() as session:
        for column in (
            Registration.created_at,
            HistoryEntry.at,
            Payment.recorded_at,
            Checkin.at,
            Letter.created_at,
        ):
            times = session.scalars(select(column)).all()
            assert max(times) <= now
            assert min(times) > now - timedelta(weeks=14)
        days = {at.date() for at in session.scalars(select(Registration.created_at))}
        assert len(days) > 10


def test_no_letter_is_left_to_send_and_none_could_arrive(filled: PortalUnderTest) -> None:
    with filled.session() as session:
        letters = session.scalars(select(Letter)).all()
        assert letters
        assert {letter.state for letter in letters} == {"sent", "failed"}
        assert all(parseaddr(letter.recipient)[1].endswith(".example") for letter in letters)
    clerk = Clerk(filled.engine, filled.app.extensions["portal"].catalogue, "http://localhost")
    clerk.write_due(filled.clock.now)
    with filled.session() as session:
        assert not session.scalars(
            select(Letter.kind).where(Letter.state == "waiting", Letter.kind != "reminder")
        ).all()


def test_the_same_seed_gives_the_same_people_and_another_others(
    make_portal: MakePortal, tmp_path_factory: pytest.TempPathFactory, sqlite_databases
) -> None:
    def with_seed(seed: int) -> list[tuple[object, ...]]:
        with sqlite_databases.fresh() as url:
            portal = PortalUnderTest(tmp_path_factory.mktemp("demo"), url, EVENTS, site=SITE)
            fill(portal, seed)
            found = people(portal)
            portal.close()
            return found

    once = with_seed(7)
    assert with_seed(7) == once
    assert with_seed(8) != once


def test_every_page_of_an_organiser_opens_on_it(filled: PortalUnderTest) -> None:
    visitor = filled.visitor()
    visitor.submit(visitor.get("/admin/login"), {"email": "an@leraars.example", "password": PASSWORD})
    for path in (
        "/admin/",
        "/admin/letters",
        "/admin/payments",
        "/admin/numbers",
        "/admin/events/past/numbers",
    ):
        assert visitor.get(path).status == 200
    for slug in ("small", "past"):
        page = visitor.get(f"/admin/events/{slug}/attendees")
        assert visitor.get(page.find("tbody th a")[0].attrs["href"]).status == 200

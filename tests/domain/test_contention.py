"""Many at once: a place is never given twice, on either database."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.content.site import Site
from portal.domain import accounts, bank, payments, taken, webhooks
from portal.domain.accounts import Office
from portal.domain.desk import SYSTEM, Desk
from portal.domain.errors import SignupRefused
from portal.domain.happenings import TYPES
from portal.domain.letters import LetterWriter
from portal.domain.signup import Draft, Outcome, Person, SignUp, by_draft, draft, sign_up
from portal.formats.statements import Statement
from portal.formats.statements.entries import fingerprinted
from portal.storage.database import connect, transaction
from portal.storage.models import Attendee, Letter, Organiser, Registration, TicketCount
from portal.storage.webhooks import Delivery, Webhook
from tests.domain.test_payments import entry
from tests.support.events import make_event

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)


def send(
    session: Session,
    number: int,
    form_id: str = "",
    meanwhile: Callable[[], object] = lambda: None,
    **event: object,
) -> Outcome:
    shown = make_event(**event)
    sent = SignUp(
        form_id=form_id or f"form-number-{number:06}",
        people=(Person("Emma", "Peeters", f"emma{number}@school.example"),),
        language="nl",
        privacy_version="1",
    )
    letters = LetterWriter(shown.slug, shown, Site(name="S"), "http://localhost", NOW)
    key = "k" * 32
    drafted = draft(session, shown, taken.of_event(session, shown.slug), sent, letters, key)
    meanwhile()

    def at_the_desk(drafted: Draft | None) -> Outcome:
        with transaction(session):
            desk = Desk(session, shown.slug, shown, now=NOW, write_letter=letters)
            return sign_up(desk, sent, secret_key=key, drafted=drafted)

    return by_draft(drafted, at_the_desk)


@pytest.mark.parametrize("waitlist", ["auto", "off"])
def test_24_places_and_120_sign_ups_by_12_at_once(database_url: str, waitlist: str) -> None:
    engine = connect(database_url)

    def one(number: int) -> str:
        with Session(engine) as session:
            try:
                return send(session, number, capacity=24, waitlist=waitlist).kind
            except SignupRefused as refusal:
                return refusal.kind

    with ThreadPoolExecutor(12) as clients:
        kinds = Counter(clients.map(one, range(120)))
    with Session(engine) as session:
        statuses = Counter(session.scalars(select(Attendee.status)).all())
        count = session.scalars(select(TicketCount)).one()
        letters = Counter(session.scalars(select(Letter.kind)).all())
        told = session.execute(
            select(Letter.kind, Attendee.status).join(
                Attendee, Attendee.registration_id == Letter.registration_id
            )
        )
        assert all(kind == status for kind, status in told)
    engine.dispose()
    waiting = 96 if waitlist == "auto" else 0
    assert statuses == Counter({"confirmed": 24, "waitlisted": waiting})
    assert letters == statuses
    assert (count.confirmed, count.waitlisted) == (24, waiting)
    assert kinds == Counter({"saved": 24 + waiting, "full": 96 - waiting})


def test_one_form_sent_by_twelve_at_once_is_one_registration(database_url: str) -> None:
    engine = connect(database_url)

    def one(_number: int) -> str:
        with Session(engine) as session:
            return send(session, 1, form_id="the-same-form-id").kind

    with ThreadPoolExecutor(12) as clients:
        kinds = Counter(clients.map(one, range(24)))
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Registration)) == 1
    engine.dispose()
    assert kinds == Counter({"saved": 1, "repeated": 23})


@pytest.mark.parametrize(("form_id", "kind"), [("the-same-form-id", "repeated"), ("", "known_address")])
def test_who_came_in_after_a_form_was_drafted_is_seen_at_the_desk(
    database_url: str, form_id: str, kind: str
) -> None:
    engine = connect(database_url)

    def quicker() -> None:
        with Session(engine) as session:
            assert send(session, 1, form_id="the-same-form-id").kind == "saved"

    with Session(engine) as session:
        assert send(session, 1, form_id=form_id, meanwhile=quicker).kind == kind
        assert session.scalar(select(func.count()).select_from(Registration)) == 1
        assert session.scalars(select(TicketCount)).one().confirmed == 1
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_payment_that_is_sent_by_eight_at_once_is_one(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session:
        registration_id = send(session, 1).registration.id

    def one(_number: int) -> int:
        with Session(engine) as session, transaction(session):
            paid = payments.by_hand(
                session,
                registration_id,
                6500,
                NOW.date(),
                form_id="the-same-form-id",
                today=NOW.date(),
                actor=SYSTEM,
                now=NOW,
            )
            session.flush()
            return paid.id

    with ThreadPoolExecutor(8) as clients:
        assert len(set(clients.map(one, range(8)))) == 1
    engine.dispose()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_statement_that_is_read_by_four_at_once_is_booked_once(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session:
        paying = send(session, 1, price=6500).registration
        entries = [
            entry(6500, paying.communication),
            entry(6500, text=paying.reference),
        ]
    statement = Statement("CODA", fingerprinted(entries), ())

    def one(_number: int) -> tuple[int, int, int]:
        with Session(engine) as session, transaction(session):
            seen = bank.import_statement(session, statement, site=Site(name="S"), actor=SYSTEM, now=NOW)
            return len(seen.booked), seen.doubtful, seen.known

    with ThreadPoolExecutor(4) as clients:
        assert Counter(clients.map(one, range(4))) == Counter({(1, 1, 0): 1, (0, 0, 2): 3})
    engine.dispose()


def test_what_fails_halfway_leaves_nothing(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, pytest.raises(ZeroDivisionError), transaction(session):
        session.add(TicketCount(event_slug="x", ticket="", confirmed=1, waitlisted=0))
        raise ZeroDivisionError
    with Session(engine) as session:
        assert session.scalars(select(TicketCount)).all() == []
    engine.dispose()


def test_a_webhook_that_is_removed_while_many_sign_up_fails_nobody(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session, transaction(session):
        organiser = accounts.add(session, "an@leraars.example", "owner", "correct horse battery", now=NOW)
        organiser_id = organiser.id
        hook = Webhook(
            url="https://hook.example/", types=list(TYPES), events=[], secret="", made_at=NOW, off=""
        )
        session.add(hook)
        session.flush()
        hook_id = hook.id

    def one(number: int) -> str:
        with Session(engine) as session:
            if number != 20:
                return send(session, number).kind
            with transaction(session):
                told = len(webhooks.deliveries(session, hook_id))
                organiser = session.get_one(Organiser, organiser_id)
                webhooks.remove(Office(session, NOW), organiser, hook_id)
            return "removed" if told else "nobody was told"

    with ThreadPoolExecutor(8) as clients:
        kinds = Counter(clients.map(one, range(40)))
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Delivery)) == 0
    engine.dispose()
    assert kinds == Counter({"saved": 39, "removed": 1})

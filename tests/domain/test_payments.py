"""Paying by transfer: what is due, what came in, and for whom an entry of a statement is."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event as events_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.content.event import Ticket
from portal.content.site import Bank, Site
from portal.domain import bank, changes, payments, privacy
from portal.domain.bank import Imported
from portal.domain.changes import Change
from portal.domain.desk import SYSTEM
from portal.domain.errors import PaymentRefused
from portal.domain.payments import Balance
from portal.domain.signup import Person
from portal.formats.statements import Entry, Statement
from portal.formats.statements.entries import fingerprinted
from portal.storage.database import connect, transaction
from portal.storage.ledger import Payment, StatementEntry
from portal.storage.models import HistoryEntry, Registration
from tests.domain.test_desk import Office
from tests.support.events import make_event

NOW = datetime(2027, 1, 20, 9, tzinfo=UTC)
DAY = date(2027, 1, 19)
IBAN = "BE71096123456769"
SITE = Site(name="S", bank=Bank("Maakplaats vzw", IBAN))


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    engine = connect(database_url)
    tickets = (
        Ticket("full", "Hele dag", 14000),
        Ticket("half", "Halve dag", 6500),
        Ticket("free", "Gratis", 0),
    )
    with Session(engine) as session:
        yield Office(session, make_event(capacity=3, tickets=tickets))
    engine.dispose()


def registration(office: Office, id_: int) -> Registration:
    office.session.expire_all()
    return office.session.get_one(Registration, id_)


def entry(amount: int, communication: str | None = None, **more: Any) -> Entry:
    return replace(
        Entry(
            account=IBAN,
            booked_on=DAY,
            amount_cents=amount,
            currency="EUR",
            communication=communication,
            text="",
            counterparty="",
            counterparty_iban="",
            bank_reference="",
            reversal=False,
        ),
        **more,
    )


def read_in(office: Office, *entries: Entry) -> Imported:
    statement = Statement("CODA", fingerprinted(entries), ())
    with transaction(office.session):
        return bank.import_statement(office.session, statement, site=SITE, actor=SYSTEM, now=NOW)


def test_a_party_pays_together_and_who_waits_owes_nothing(office: Office) -> None:
    party, waiting = office.sign_up("full", "half"), office.sign_up("full", "full")
    assert payments.balance(registration(office, party)) == Balance(due=20500, paid=0)
    assert payments.balance(registration(office, waiting)).due == 0
    asked = payments.transfer(registration(office, party), SITE)
    assert asked is not None
    assert (asked.amount_cents, asked.iban) == (20500, IBAN)
    assert payments.transfer(registration(office, waiting), SITE) is None
    assert payments.transfer(registration(office, party), Site(name="S")) is None


def test_each_has_a_number_of_its_own_from_when_something_is_due_and_keeps_it(office: Office) -> None:
    paying, free = office.sign_up("full"), office.sign_up("free")
    number = registration(office, paying).communication
    assert number is not None
    assert registration(office, free).communication is None
    with office.desk() as at:
        changes.change(at, free, Change(people={0: Person("P0", "Peeters", "", "half")}))
    with office.desk() as at:
        changes.change(at, paying, Change(people={0: Person("P0", "Peeters", "", "half")}))
    assert registration(office, paying).communication == number
    assert registration(office, free).communication not in (None, number)


def test_what_was_paid_stays_when_what_is_due_changes(office: Office) -> None:
    party = office.sign_up("full", "half")
    with transaction(office.session):
        payments.record(office.session, registration(office, party), 20500, DAY, actor=SYSTEM, now=NOW)
    assert payments.balance(registration(office, party)) == Balance(20500, 20500)
    with office.desk() as at:
        changes.cancel(at, party, [1])
    left = payments.balance(registration(office, party))
    assert (left.open, left.to_refund) == (0, 6500)
    later = DAY + timedelta(days=1)
    with transaction(office.session):
        payments.record(office.session, registration(office, party), -6500, later, actor=SYSTEM, now=NOW)
    assert payments.COLUMNS["last_paid_on"](registration(office, party)) == "2027-01-19"
    assert payments.balance(registration(office, party)) == Balance(14000, 14000)
    notes = office.session.scalars(select(HistoryEntry.note).where(HistoryEntry.action == "paid")).all()
    assert notes == ["205.00", "-65.00"]


@pytest.mark.parametrize("amount", [0, 10_000_001, -10_000_001])
def test_an_amount_that_cannot_be_is_refused(office: Office, amount: int) -> None:
    paying = office.sign_up("full")
    with pytest.raises(PaymentRefused):
        payments.record(office.session, registration(office, paying), amount, DAY, actor=SYSTEM, now=NOW)


def test_a_statement_books_by_communication_and_twice_adds_nothing(office: Office) -> None:
    first, second = office.sign_up("half"), office.sign_up("half")
    numbers = [registration(office, id_).communication for id_ in (first, second)]
    file = [
        entry(6500, numbers[0]),
        entry(6500, numbers[1]),
        entry(6500, numbers[1]),
        entry(900, "000000000097"),
    ]
    seen = read_in(office, *file)
    assert ([b.registration.id for b in seen.booked], seen.doubtful, seen.known, seen.others) == (
        [first, second, second],
        0,
        0,
        1,
    )
    again = read_in(office, *file)
    assert (again.booked, again.known, again.others) == ((), 3, 1)
    assert registration(office, first).amount_paid == 6500
    assert payments.balance(registration(office, second)).to_refund == 6500


def test_what_is_not_certain_waits_for_a_person(office: Office) -> None:
    one = office.sign_up("half")
    number, reference = registration(office, one).communication, registration(office, one).reference
    seen = read_in(
        office,
        entry(6500, number, currency="USD"),
        entry(-6500, number, reversal=True),
        entry(6500, text=f"nascholing {reference.replace('-', '').lower()}"),
        entry(6500, counterparty="An PEETERS", text="inschrijving"),
        entry(6500, counterparty="Jan Smet"),
        entry(9900, counterparty="An Peeters"),
        entry(-6500, counterparty="An Peeters"),
        entry(6500, number, account="BE68539007547034"),
    )
    assert (seen.booked, seen.doubtful, seen.others) == ((), 4, 4)
    kept = {one.reason: one for one in bank.to_look_at(office.session)}
    assert kept.keys() == {"currency", "reversal", "reference", "amount_and_name"}
    assert {one.proposed_id for one in kept.values()} == {one}
    assert office.session.scalars(select(Payment)).all() == []


def test_an_amount_as_large_as_a_bank_can_write_it_keeps_no_statement_out(office: Office) -> None:
    one = office.sign_up("half")
    paying = registration(office, one)
    number, reference = paying.communication, paying.reference
    amounts = (10**17 - 1, -(10**17 - 1), 3_000_000_000)
    seen = read_in(office, *(entry(amount, number) for amount in amounts), entry(6500, number))
    assert ([booked.amount for booked in seen.booked], seen.doubtful) == ([6500], 3)
    kept = {kept.amount: kept.fingerprint for kept in bank.to_look_at(office.session)}
    assert kept.keys() == set(amounts)
    with pytest.raises(PaymentRefused, match="amount"), transaction(office.session):
        bank.book(office.session, kept[3_000_000_000], reference, amount=None, actor=SYSTEM, now=NOW)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("text", ["Anne {}", "{} Bart", "REST 2027 {}", "ANNE-{} BART", "bedankt,{}."])
def test_a_reference_is_found_among_other_words(office: Office, text: str) -> None:
    one = office.sign_up("half")
    reference = registration(office, one).reference
    for written in (reference, reference.replace("-", " "), reference.replace("-", "").lower()):
        read_in(office, entry(100, text=text.format(written)))
    found = bank.to_look_at(office.session)
    assert [(kept.reason, kept.proposed_id) for kept in found] == [("reference", one)] * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "school", "payer"),
    [
        ("O'Brien", "", "O’BRIEN LIAM"),
        ("Peeters-Claes", "", "Mevr. Claes - Peeters"),
        ("D'Hondt", "", "AN D'HONDT"),
        ("Smet", "Sint-Jan", "SINT-JAN VZW"),
        ("Smet", "K.A. Gent", "k a gent"),
    ],
)
def test_a_name_is_found_whatever_marks_stand_in_it(
    office: Office, name: str, school: str, payer: str
) -> None:
    one = office.sign_up("half")
    with transaction(office.session):
        paying = registration(office, one)
        paying.attendees[0].last_name, paying.school = name, school
    assert read_in(office, entry(6500, counterparty=payer), entry(6500, counterparty="Bo")).doubtful == 1
    assert [kept.proposed_id for kept in bank.to_look_at(office.session)] == [one]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("name", ["–", "- -", "D", "..."])
def test_a_name_that_is_none_is_not_found_in_what_everybody_writes(office: Office, name: str) -> None:
    one = office.sign_up("half")
    with transaction(office.session):
        registration(office, one).attendees[0].last_name = name
    assert read_in(office, entry(6500, counterparty="D - Maes ...", text="– boeken")).others == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_went_back_in_another_currency_is_typed_without_a_sign(office: Office) -> None:
    one = office.sign_up("half")
    paying = registration(office, one)
    reference = paying.reference
    read_in(office, entry(-7000, paying.communication, currency="USD", reversal=True))
    (kept,) = (kept.fingerprint for kept in bank.to_look_at(office.session))
    with transaction(office.session):
        bank.book(office.session, kept, reference, amount=6500, actor=SYSTEM, now=NOW)
    assert registration(office, one).amount_paid == -6500


def test_a_person_decides_once(office: Office) -> None:
    one = office.sign_up("half")
    read_in(office, entry(6500, counterparty="Peeters"), entry(6500, counterparty="Peeters", text="dubbel"))
    first, second = (kept.fingerprint for kept in bank.to_look_at(office.session))
    reference = registration(office, one).reference
    with transaction(office.session):
        paid = bank.book(office.session, first, f" {reference.lower()}", amount=None, actor=SYSTEM, now=NOW)
        assert (paid.note, paid.received_on) == ("Peeters", DAY)
    with pytest.raises(PaymentRefused, match="gone"), transaction(office.session):
        bank.book(office.session, first, reference, amount=None, actor=SYSTEM, now=NOW)
    with pytest.raises(PaymentRefused, match="unknown"), transaction(office.session):
        bank.book(office.session, second, "AAAA-AAAA", amount=None, actor=SYSTEM, now=NOW)
    with transaction(office.session):
        bank.set_aside(office.session, second)
    assert registration(office, one).amount_paid == 6500
    assert bank.to_look_at(office.session) == []
    # What the payer wrote stands with the payment, or nowhere.
    for decided in office.session.scalars(select(StatementEntry)):
        assert (decided.name, decided.text, decided.proposed_id) == ("", "", None)
    again = read_in(
        office, entry(6500, counterparty="Peeters"), entry(6500, counterparty="Peeters", text="dubbel")
    )
    assert (again.known, again.doubtful) == (2, 0)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_long_statement_asks_no_more_than_a_short_one(office: Office) -> None:
    one = office.sign_up("half")
    number, reference = registration(office, one).communication, registration(office, one).reference
    asked: list[str] = []
    events_of.listen(office.session.get_bind(), "before_cursor_execute", lambda *told: asked.append(told[2]))
    taken = []
    for amount, length in ((100, 2), (200, 200)):
        asked.clear()
        paid = [entry(amount, number, text=f"les {n}") for n in range(length)]
        named = [entry(amount, text=f"les {n} {reference}") for n in range(length)]
        others = [entry(amount, text=f"boek {n} ABCD-EFGH") for n in range(length)]
        seen = read_in(office, *paid, *named, *others)
        assert (len(seen.booked), seen.doubtful, seen.others) == (length, length, length)
        taken.append(len([statement for statement in asked if statement.startswith("SELECT")]))
    assert taken[0] == taken[1] <= 10


def test_names_of_payers_go_when_nobody_was_found_for_them_in_time(office: Office) -> None:
    known, removed = office.sign_up("half"), office.sign_up("half")
    with transaction(office.session):
        privacy.anonymise(office.session, registration(office, removed), NOW)
    references = [registration(office, id_).reference for id_ in (known, removed)]
    read_in(office, entry(100, text=f"{references[0]} en {references[1]}", counterparty="An Peeters"))
    read_in(office, *(entry(100, text=reference) for reference in references))

    def told() -> dict[int | None, str]:
        with transaction(office.session):
            bank.forget(office.session, 365, office.now)
        return {one.proposed_id: one.name + one.text for one in bank.to_look_at(office.session)}

    office.now = NOW + timedelta(days=364)
    assert all(told().values())
    office.now = NOW + timedelta(days=365)
    assert told() == {None: "", known: references[0], removed: ""}


@given(
    prices=st.lists(st.tuples(st.integers(0, 20000), st.booleans()), min_size=1, max_size=5),
    paid=st.integers(-5000, 90000),
)
def test_the_shares_of_a_party_add_up_to_what_was_paid(prices: list[tuple[int, bool]], paid: int) -> None:
    dues = [price if comes else 0 for price, comes in prices]
    shares = payments.shares(paid, dues)
    assert sum(shares) == paid
    assert all(0 <= share <= due for share, due in list(zip(shares, dues, strict=True))[1:])

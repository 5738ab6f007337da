"""Paying by transfer: what is due follows from who has a place, what was paid stands in a ledger that is only ever
added to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, case, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.content.site import Site
from portal.domain.desk import Actor, write_down
from portal.domain.errors import PaymentRefused
from portal.formats import csv
from portal.formats.transfer import Transfer, plain_amount, written_communication
from portal.storage.database import snapshot
from portal.storage.ledger import Payment
from portal.storage.models import CONFIRMED, Attendee, Registration

LARGEST_AMOUNT = 100_000_00
EARLIEST = date(2000, 1, 1)
LEDGER = 0x6C6564676572
"""The number of the lock, which PostgreSQL has for all that use this database."""
BATCH = 500


@dataclass(frozen=True)
class Balance:
    """How a registration stands, in cents."""

    due: int
    paid: int

    @property
    def open(self) -> int:
        """What has still to come in."""
        return max(0, self.due - self.paid)

    @property
    def to_refund(self) -> int:
        """What came in and is not due (any more)."""
        return max(0, self.paid - self.due)


def balance(registration: Registration) -> Balance:
    """How a registration stands."""
    return Balance(registration.amount_due, registration.amount_paid)


def transfer(registration: Registration, site: Site) -> Transfer | None:
    """The transfer that pays what is open; None when nothing is, or when no account is known."""
    still = balance(registration).open
    if not still or site.bank is None or registration.communication is None:
        return None
    return Transfer(
        name=site.bank.name,
        iban=site.bank.iban,
        bic=site.bank.bic,
        amount_cents=still,
        communication=registration.communication,
    )


def lock(session: Session) -> None:
    """Wait for whoever writes payments down, so that what is there already is seen. SQLite has one writer anyway."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(func.pg_advisory_xact_lock(LEDGER)))


def record(
    session: Session,
    registration: Registration,
    amount: int,
    received_on: date,
    *,
    actor: Actor,
    now: datetime,
    note: str = "",
    entry: str | None = None,
) -> Payment:
    """Write down that money came in (cents), or, below zero, went back. Raises PaymentRefused for an amount that
    cannot be."""
    if not 0 < abs(amount) <= LARGEST_AMOUNT:
        raise PaymentRefused("amount")
    payment = Payment(
        registration=registration,
        amount=amount,
        received_on=received_on,
        recorded_at=now,
        source="statement" if entry else "organiser",
        organiser_id=actor.organiser_id,
        entry=entry,
        note=note,
    )
    session.add(payment)
    write_down(session, registration, "paid", actor, now, note=plain_amount(amount))
    return payment


def by_hand(
    session: Session,
    registration_id: int,
    amount: int | None,
    received_on: date | None,
    *,
    form_id: str,
    today: date,
    actor: Actor,
    now: datetime,
    note: str = "",
) -> Payment:
    """Write down what an organiser saw come in (cents) or, below zero, go back; None for what could not be read. The
    same form again is the same payment. Raises PaymentRefused: ``amount``, ``day`` for one that is not yet there, or
    of another century."""
    lock(session)
    written = session.scalars(select(Payment).where(Payment.form_id == form_id)).one_or_none()
    if written is not None:
        return written
    if amount is None:
        raise PaymentRefused("amount")
    if received_on is None or not EARLIEST <= received_on <= today:
        raise PaymentRefused("day")
    registration = session.get_one(Registration, registration_id)
    payment = record(session, registration, amount, received_on, actor=actor, now=now, note=note)
    payment.form_id = form_id
    return payment


def unpaid(session: Session) -> Iterator[Registration]:
    """Every registration with something open, of whatever event."""
    due = (
        select(func.sum(Attendee.price))
        .where(Attendee.registration_id == Registration.id, Attendee.status == CONFIRMED)
        .scalar_subquery()
    )
    paid = (
        select(func.sum(Payment.amount)).where(Payment.registration_id == Registration.id).scalar_subquery()
    )
    yield from session.scalars(
        select(Registration)
        .where(Registration.communication.is_not(None), due > case((paid.is_(None), 0), else_=paid))
        .order_by(Registration.id)
        .options(
            selectinload(Registration.attendees),
            selectinload(Registration.payments),
            joinedload(Registration.billing),
        )
    )


@lru_cache(1_000)  # a list has few prices and many people
def euro(cents: int) -> Decimal:
    """Cents as euro with two decimals."""
    return Decimal(cents).scaleb(-2)


def shown_communication(communication: str | None) -> str:
    """The structured communication as it stands in exports, ``123/4567/89002``; empty when nothing was ever due.

    Without the plus signs: a spreadsheet would take them for a formula.
    """
    return written_communication(communication).strip("+") if communication else ""


COLUMNS: Mapping[str, Callable[[Registration], csv.Cell]] = {
    "registration": lambda r: r.reference,
    "event": lambda r: r.event_slug,
    "status": lambda r: r.status,
    "contact_name": lambda r: r.attendees[0].full_name,
    "contact_email": lambda r: r.email,
    "school": lambda r: r.school,
    "people": lambda r: str(sum(person.status == CONFIRMED for person in r.attendees)),
    "amount_due": lambda r: euro(r.amount_due),
    "amount_paid": lambda r: euro(r.amount_paid),
    "amount_open": lambda r: euro(balance(r).open),
    "amount_to_refund": lambda r: euro(balance(r).to_refund),
    "payment_reference": lambda r: shown_communication(r.communication),
    "last_paid_on": lambda r: max(
        (p.received_on.isoformat() for p in r.payments if p.amount > 0), default=""
    ),
    "billing_name": lambda r: r.billing.name if r.billing else "",
    "billing_street": lambda r: r.billing.street if r.billing else "",
    "billing_postcode": lambda r: r.billing.postcode if r.billing else "",
    "billing_city": lambda r: r.billing.city if r.billing else "",
    "billing_country": lambda r: r.billing.country if r.billing else "",
    "billing_vat": lambda r: r.billing.vat if r.billing else "",
    "billing_reference": lambda r: r.billing.reference if r.billing else "",
}
"""The columns of the export of payments: a row for each registration for which something is due or came in."""


def export(engine: Engine, slug: str, dialect: csv.Dialect, zone: ZoneInfo) -> Iterator[bytes]:
    """What is due, paid and open for each registration of an event as a CSV file, in a session of its own."""
    with snapshot(engine) as connection, Session(connection) as session:
        rows = (
            [cell(registration) for cell in COLUMNS.values()]
            for registration in _stream(session, slug)
            if registration.amount_due or registration.payments
        )
        yield from csv.write(list(COLUMNS), rows, dialect, zone)


def _stream(session: Session, slug: str) -> Iterator[Registration]:
    query = (
        select(Registration)
        .where(Registration.event_slug == slug)
        .order_by(Registration.id)
        .options(
            selectinload(Registration.attendees),
            selectinload(Registration.payments),
            joinedload(Registration.billing),
        )
        .execution_options(yield_per=BATCH)
    )
    yield from session.scalars(query)


def shares(paid: int, dues: Sequence[int]) -> list[int]:
    """What of ``paid`` stands with each person of a party who owe ``dues``, in cents: people are paid for in their
    order; what is over stands with the first, so that the shares add up to what was paid."""
    left = paid
    found = []
    for due in dues:
        found.append(max(0, min(left, due)))
        left -= found[-1]
    found[0] += left
    return found

"""Bank statements: which entry is for whom.

What is certain is booked by itself, what is likely waits for a person, and of the rest nothing is kept.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session, joinedload, selectinload

from portal.content.site import Site
from portal.domain.desk import Actor
from portal.domain.errors import PaymentRefused
from portal.domain.payments import BATCH, LARGEST_AMOUNT, balance, lock, record, unpaid
from portal.domain.signup import REFERENCE_ALPHABET
from portal.domain.typed import folded
from portal.formats.statements import Entry, Statement
from portal.storage.ledger import Payment, StatementEntry
from portal.storage.models import Registration

# Looked for at each word: with one of four letters before it, a reference would hide behind another find.
REFERENCE = re.compile(
    rf"\b(?=([{REFERENCE_ALPHABET}]{{4}})[\s-]?([{REFERENCE_ALPHABET}]{{4}})\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Booked:
    """An entry that was for a registration without a doubt; the amount in cents."""

    registration: Registration
    amount: int


@dataclass(frozen=True)
class Imported:
    """What a statement brought: what is booked, what a person has to look at, how many entries were there already,
    and how many are for nobody here (of which nothing is kept)."""

    booked: tuple[Booked, ...]
    doubtful: int
    known: int
    others: int
    warnings: tuple[str, ...]


def import_statement(
    session: Session, statement: Statement, *, site: Site, actor: Actor, now: datetime
) -> Imported:
    """Book what a statement of the site's account says was paid: by structured communication; else, where reference,
    or amount and name, point at a registration, keep it for a person to decide. The same entry never counts twice,
    whoever reads it in at the same moment."""
    lock(session)
    known = _known(session, [entry.fingerprint for entry in statement.entries])
    ours = site.bank.iban if site.bank else ""
    fresh = [entry for entry in statement.entries if entry.fingerprint not in known]
    by_communication = _by_communication(session, {e.communication for e in fresh if e.communication})
    guesses = _Guesses(session, fresh)
    booked: list[Booked] = []
    doubtful = others = 0
    for entry in fresh:
        if ours and entry.account and entry.account != ours:
            others += 1
            continue
        registration = by_communication.get(entry.communication or "")
        if registration and not entry.foreign and 0 < entry.amount_cents <= LARGEST_AMOUNT:
            record(
                session,
                registration,
                entry.amount_cents,
                entry.booked_on,
                actor=actor,
                now=now,
                note=entry.counterparty,
                entry=entry.fingerprint,
            )
            booked.append(Booked(registration, entry.amount_cents))
        elif found := guesses.of(entry, registration):
            session.add(_kept(entry, *found, now))
            doubtful += 1
        else:
            others += 1
    return Imported(tuple(booked), doubtful, len(known), others, statement.warnings)


def to_look_at(session: Session) -> Sequence[StatementEntry]:
    """The entries about which a person has to decide, oldest first, with what is proposed."""
    return session.scalars(
        select(StatementEntry)
        .where(StatementEntry.state == "open")
        .order_by(StatementEntry.received_on, StatementEntry.fingerprint)
        .options(joinedload(StatementEntry.proposed).selectinload(Registration.attendees))
    ).all()


def book(
    session: Session, fingerprint: str, reference: str, *, amount: int | None, actor: Actor, now: datetime
) -> Payment:
    """Book an entry for the registration that people call by ``reference``; ``amount`` in euro cents, above zero, where
    the bank has another currency. Raises PaymentRefused: ``gone`` when somebody has decided already, ``unknown`` for a
    reference that nobody has, ``amount``."""
    entry = _open_entry(session, fingerprint)
    code = "".join(character for character in reference.upper() if character.isalnum())
    registration = session.scalars(
        select(Registration).where(Registration.reference == f"{code[:4]}-{code[4:]}")
    ).one_or_none()
    if registration is None:
        raise PaymentRefused("unknown")
    if amount is None:
        if entry.currency != "EUR":
            raise PaymentRefused("amount")
        amount = entry.amount
    elif entry.amount < 0:
        amount = -amount
    payment = record(
        session,
        registration,
        amount,
        entry.received_on,
        actor=actor,
        now=now,
        note=entry.name,
        entry=fingerprint,
    )
    _decide(entry, "booked")
    return payment


def set_aside(session: Session, fingerprint: str) -> None:
    """The entry is not for a registration: only that is kept of it. Raises PaymentRefused(``gone``)."""
    _decide(_open_entry(session, fingerprint), "not_ours")


def forget(session: Session, days: int, now: datetime) -> None:
    """Empty what payers wrote in entries that have waited for ``days`` and are not proposed for anybody who is still
    known by name; with whom else they go, ``privacy.anonymise`` says. Needs a transaction."""
    removed = select(Registration.id).where(Registration.anonymised_at.is_not(None))
    session.execute(
        update(StatementEntry)
        .where(
            or_(StatementEntry.name != "", StatementEntry.text != ""),
            StatementEntry.imported_at <= now - timedelta(days=days),
            or_(StatementEntry.proposed_id.is_(None), StatementEntry.proposed_id.in_(removed)),
        )
        .values(name="", text="")
    )


def _decide(entry: StatementEntry, state: str) -> None:
    """Nobody has to look at it again: that it was there is enough, so that it does not come back."""
    entry.state, entry.name, entry.text, entry.proposed_id = state, "", "", None


def _open_entry(session: Session, fingerprint: str) -> StatementEntry:
    entry = session.get(StatementEntry, fingerprint, with_for_update=True, populate_existing=True)
    if entry is None or entry.state != "open":
        raise PaymentRefused("gone")
    return entry


def _known(session: Session, fingerprints: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for some in _batches(fingerprints):
        known |= {
            entry for entry in session.scalars(select(Payment.entry).where(Payment.entry.in_(some))) if entry
        }
        known |= set(
            session.scalars(select(StatementEntry.fingerprint).where(StatementEntry.fingerprint.in_(some)))
        )
    return known


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many at a time as a database takes in one question."""
    for start in range(0, len(values), BATCH):
        yield values[start : start + BATCH]


def _by_communication(session: Session, communications: Collection[str]) -> Mapping[str, Registration]:
    found: dict[str, Registration] = {}
    for some in _batches(sorted(communications)):
        rows = session.scalars(
            select(Registration)
            .where(Registration.communication.in_(some))
            .options(selectinload(Registration.attendees))
        )
        found |= {row.communication or "": row for row in rows}
    return found


def _by_reference(session: Session, references: Collection[str]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for some in _batches(sorted(references)):
        rows = session.execute(
            select(Registration.reference, Registration.id).where(Registration.reference.in_(some))
        )
        found |= dict(rows.all())
    return found


def _references(entry: Entry) -> set[str]:
    """What may be a reference in what the payer wrote, as we write it."""
    return {f"{first}-{last}".upper() for first, last in REFERENCE.findall(entry.text)}


def _kept(entry: Entry, reason: str, proposed_id: int | None, now: datetime) -> StatementEntry:
    return StatementEntry(
        fingerprint=entry.fingerprint,
        received_on=entry.booked_on,
        amount=entry.amount_cents,
        currency=entry.currency,
        name=entry.counterparty,
        text=entry.text,
        proposed_id=proposed_id,
        reason=reason,
        imported_at=now,
    )


class _Guesses:
    """For whom an entry without a structured communication may be."""

    def __init__(self, session: Session, entries: Iterable[Entry]) -> None:
        self._session = session
        self._by_reference = _by_reference(session, {one for entry in entries for one in _references(entry)})
        self._unpaid: dict[int, list[tuple[int, set[frozenset[str]]]]] | None = None

    def of(self, entry: Entry, registration: Registration | None) -> tuple[str, int | None] | None:
        """Why a person should look, and the registration that is meant if only one can be; None for a stranger's.
        ``registration``: whose communication it has."""
        if registration:
            return ("currency" if entry.foreign else "reversal", registration.id)
        if entry.amount_cents <= 0:
            return None
        if named := {self._by_reference.get(one) for one in _references(entry)} - {None}:
            return ("reference", named.pop() if len(named) == 1 else None)
        if entry.foreign:
            return None
        said = _words(entry.counterparty, entry.text)
        fits = [
            registration_id
            for registration_id, names in self._by_amount().get(entry.amount_cents, ())
            if any(name <= said for name in names)
        ]
        if not fits:
            return None
        return ("amount_and_name", fits[0] if len(fits) == 1 else None)

    def _by_amount(self) -> Mapping[int, list[tuple[int, set[frozenset[str]]]]]:
        """Registrations with something open, by what is open, with the names that a payer may give."""
        if self._unpaid is None:
            self._unpaid = defaultdict(list)
            for registration in unpaid(self._session):
                names = {_words(person.last_name) for person in registration.attendees}
                names |= {_words(registration.school)}
                if registration.billing:
                    names |= {_words(registration.billing.name)}
                still = balance(registration).open
                # A letter alone, or nothing but marks, would be found in what anybody writes.
                told = {name for name in names if any(len(word) > 1 for word in name)}
                self._unpaid[still].append((registration.id, told))
        return self._unpaid


def _words(*texts: str) -> frozenset[str]:
    """The words of what a payer wrote, or of a name, whatever stands between them."""
    return frozenset(re.findall(r"\w+", folded(*texts)))

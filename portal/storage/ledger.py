"""The tables of what is paid: a ledger that is only ever added to, to whom an invoice goes, and what a bank told."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser, Registration


class Payment(Base):
    """Money that came in for a registration, or, below zero, went back. A mistake is put right by another row."""

    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("source IN ('organiser', 'statement', 'online')", name="source"),
        UniqueConstraint("entry", name="uq_payments_entry"),
        Index("uq_payments_form_id", "form_id", unique=True),
        Index("ix_payments_registration_id", "registration_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    amount: Mapped[int]
    """Euro cents."""
    received_on: Mapped[date]
    recorded_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(20))
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    entry: Mapped[str | None] = mapped_column(String(200))
    """The fingerprint of the entry in a bank's statement: none of them counts twice."""
    form_id: Mapped[str | None] = mapped_column(String(64))
    """Names the form that an organiser sent: however often that is sent, it is one payment."""
    note: Mapped[str] = mapped_column(Text, default="")

    registration: Mapped[Registration] = relationship(back_populates="payments")
    organiser: Mapped[Organiser | None] = relationship()


class StatementEntry(Base):
    """An entry of a bank's statement that may be for a registration, until somebody says for which.

    Of entries that have nothing to do with the portal nothing is kept.
    """

    __tablename__ = "statement_entries"
    __table_args__ = (CheckConstraint("state IN ('open', 'booked', 'not_ours')", name="state"),)

    fingerprint: Mapped[str] = mapped_column(String(200), primary_key=True)
    received_on: Mapped[date]
    amount: Mapped[int] = mapped_column(BigInteger)
    """Cents of ``currency``: whatever a bank may write."""
    currency: Mapped[str] = mapped_column(String(3))
    name: Mapped[str] = mapped_column(Text, default="")
    """Who paid, as the bank has it."""
    text: Mapped[str] = mapped_column(Text, default="")
    proposed_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    reason: Mapped[str] = mapped_column(String(20))
    """Why a person has to look: ``amount_and_name``, ``reference``, ``currency``, ``reversal``."""
    state: Mapped[str] = mapped_column(String(20), default="open")
    imported_at: Mapped[datetime]

    proposed: Mapped[Registration | None] = relationship()


class Billing(Base):
    """To whom the invoice of a registration goes."""

    __tablename__ = "billings"

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text, default="")
    street: Mapped[str] = mapped_column(Text, default="")
    postcode: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(Text, default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    """ISO 3166-1, two letters."""
    vat: Mapped[str] = mapped_column(String(20), default="")
    """VAT or enterprise number with its country: ``BE0123456749``."""
    reference: Mapped[str] = mapped_column(Text, default="")
    """The payer's own: an order number, a department."""
    method: Mapped[str] = mapped_column(String(20), default="transfer")

    registration: Mapped[Registration] = relationship(back_populates="billing")


class AddressChange(Base):
    """A new e-mail address of a registration, until a link sent there proves that it is read."""

    __tablename__ = "address_changes"
    __table_args__ = (UniqueConstraint("token_hash", name="uq_address_changes_token_hash"),)

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the token in the link, in hexadecimal."""
    asked_at: Mapped[datetime]

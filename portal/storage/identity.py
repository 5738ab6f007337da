"""The tables of who organisers are: links to a first or new password, passkeys, recovery codes, their sign-ins of
before, and the log of what became of accounts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.storage.models import Base, Organiser


class AccountLink(Base):
    """A link in a letter with which somebody chooses a password, once: an account has one at most."""

    __tablename__ = "account_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('invitation', 'reset')", name="purpose"),
        UniqueConstraint("token_hash", name="uq_account_links_token_hash"),
    )

    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the token in the link, in hexadecimal."""
    made_at: Mapped[datetime]

    organiser: Mapped[Organiser] = relationship()


class LinkRequest(Base):
    """Somebody typed this address where one asks for a link; kept until the worker has looked whose it is."""

    __tablename__ = "link_requests"
    __table_args__ = (CheckConstraint("opens IN ('account', 'registration')", name="opens"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    opens: Mapped[str] = mapped_column(String(20))
    email_key: Mapped[str] = mapped_column(String(320))
    event_slug: Mapped[str | None] = mapped_column(String(200))
    """Of which event the registration is; None for all that are to come, and for accounts."""
    client: Mapped[str] = mapped_column(String(45))
    """The network of who asks for an account's, else empty."""
    asked_at: Mapped[datetime]


class Passkey(Base):
    """A public key whose private one a person's device keeps."""

    __tablename__ = "passkeys"
    __table_args__ = (
        UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
        Index("ix_passkeys_organiser_id", "organiser_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"))
    credential_id: Mapped[str] = mapped_column(String(1400))
    """base64url; at most 1023 bytes (WebAuthn, 4)."""
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    """As COSE has it."""
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    """What its owner knows it by."""
    made_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    organiser: Mapped[Organiser] = relationship()


class Challenge(Base):
    """What a passkey has to sign, once and soon."""

    __tablename__ = "challenges"

    challenge_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    """For whom a new passkey is made; None for a sign-in, which tells by itself who it is."""
    made_at: Mapped[datetime]


class RecoveryCode(Base):
    """Opens an account once in place of a code from the app; the row goes when it did."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"), index=True)


class Attempt(Base):
    """A try to sign in, kept for ninety days.

    Of who tried with an unknown address neither that nor anything else is kept; the row is written all the same, so
    that an answer takes as long.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        CheckConstraint("outcome IN ('in', 'password', 'code', 'passkey')", name="outcome"),
        Index("ix_attempts_organiser_id_at", "organiser_id", "at"),
        Index("ix_attempts_at", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(String(20))
    """``in``, or what was wrong: the ``password``, the ``code``, the ``passkey``."""
    device: Mapped[str] = mapped_column(String(100))
    client: Mapped[str] = mapped_column(String(45))
    """The network, not the very address (``domain.audit.network``)."""


class AuditEntry(Base):
    """Something that became of an account. The database itself lets nobody change or remove one (a trigger)."""

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("actor IN ('organiser', 'shell', 'nobody')", name="actor"),
        Index("ix_audit_log_subject_id", "subject_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(20))
    """``nobody`` is somebody who has not signed in."""
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    action: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    """Whose account it is; None for what is about all of them."""
    note: Mapped[str] = mapped_column(Text, default="")
    client: Mapped[str] = mapped_column(String(45))
    """The network of who did it; empty in the shell."""

    organiser: Mapped[Organiser | None] = relationship(foreign_keys=[organiser_id])
    subject: Mapped[Organiser | None] = relationship(foreign_keys=[subject_id])


class Rule(Base):
    """What owners have decided for all accounts, by name: ``second_factor`` is ``required`` or ``free``."""

    __tablename__ = "account_rules"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(40))

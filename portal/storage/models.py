"""The tables. What a person saw and agreed to is copied into the rows: the event's file may change later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    column,
    exists,
    table,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from portal.storage.database import UtcDateTime
from portal.storage.outgoing import STATES, Outgoing

if TYPE_CHECKING:
    from portal.storage.ledger import Billing, Payment

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

CONFIRMED, WAITLISTED, CANCELLED = "confirmed", "waitlisted", "cancelled"
OWNER, ORGANISER, DOOR = "owner", "organiser", "door"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012  # SQLAlchemy's own declaration


class EventRecord(Base):
    """What the database knows of an event, whatever becomes of its file.

    This is the row that a writer locks: whoever holds it decides alone who gets a place in the event.
    """

    __tablename__ = "events"

    slug: Mapped[str] = mapped_column(String(200), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    facts: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """The digest that is ``formats.calendar.facts``; ``revision`` counts its changes (RFC 5545 SEQUENCE)."""
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    rules: Mapped[str] = mapped_column(String(64), default="", server_default="")
    """A digest of the places under which the waiting list last moved; another one moves it again."""
    told: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The facts (``domain.facts``) about which nobody has to be told any more; others have to be looked at."""
    digested_at: Mapped[datetime | None]
    """Until when sign-ups were told to the organisers in a daily letter."""
    somebody_listens: Mapped[bool] = column_property(
        exists(table("webhooks", column("off")).select().where(column("off") == ""))
    )
    """Whether any program is told of anything: asked with the lock, for each question under it holds up others."""


class TicketCount(Base):
    """How many people have, and wait for, one ticket of one event; of who waits, how many places are held for.

    It repeats what the attendees say, so that a sign-up and the agenda cost the same for ten and for a
    hundred thousand of them. Written only under the event's lock, together with the attendees.
    """

    __tablename__ = "ticket_counts"
    __table_args__ = (
        CheckConstraint("confirmed >= 0 AND held >= 0 AND waitlisted >= held", name="possible"),
    )

    event_slug: Mapped[str] = mapped_column(ForeignKey("events.slug"), primary_key=True)
    ticket: Mapped[str] = mapped_column(String(100), primary_key=True)
    confirmed: Mapped[int] = mapped_column(default=0)
    waitlisted: Mapped[int] = mapped_column(default=0)
    held: Mapped[int] = mapped_column(default=0)


class Registration(Base):
    """One sent form: a contact, alone or with colleagues."""

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("reference", name="uq_registrations_reference"),
        UniqueConstraint("token_hash", name="uq_registrations_token_hash"),
        Index("uq_registrations_communication", "communication", unique=True),
        UniqueConstraint("event_slug", "form_id", name="uq_registrations_event_slug_form_id"),
        # One standing registration for each address and event; who cancelled may sign up again.
        Index(
            "uq_registrations_event_slug_email_key",
            "event_slug",
            "email_key",
            unique=True,
            sqlite_where=text("cancelled_at IS NULL"),
            postgresql_where=text("cancelled_at IS NULL"),
        ),
        Index(
            "ix_registrations_line",
            "event_slug",
            "waiting_since",
            "id",
            sqlite_where=text("waiting_since IS NOT NULL"),
            postgresql_where=text("waiting_since IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(16))
    """What people read to each other over the telephone; no secret."""
    event_slug: Mapped[str] = mapped_column(ForeignKey("events.slug"))
    form_id: Mapped[str] = mapped_column(String(64))
    token_hash: Mapped[str] = mapped_column(String(64))
    """SHA-256 of the token in the registrant's link, in hexadecimal."""

    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    """The address as it is compared; see ``content.addresses.email_key``."""
    phone: Mapped[str] = mapped_column(String(50), default="")
    school: Mapped[str] = mapped_column(String(200), default="")
    remarks: Mapped[str] = mapped_column(Text, default="")
    newsletter: Mapped[bool] = mapped_column(default=False)

    event_title: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(10))
    privacy_version: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]
    waiting_since: Mapped[datetime | None]
    """The place in line: who waits longest comes first."""
    passed: Mapped[int] = mapped_column(default=0)
    """How often others got places while this party was first in line for them."""
    communication: Mapped[str | None] = mapped_column(String(12))
    """The twelve digits of its structured communication, once something is due; never those of another."""
    anonymised_at: Mapped[datetime | None]

    attendees: Mapped[list[Attendee]] = relationship(
        back_populates="registration", order_by="Attendee.position", cascade="all, delete-orphan"
    )
    payments: Mapped[list[Payment]] = relationship(back_populates="registration", order_by="Payment.id")
    billing: Mapped[Billing | None] = relationship(
        back_populates="registration", cascade="all, delete-orphan"
    )

    @property
    def status(self) -> str:
        """A party is whole: it has its places, it waits, or all of it is cancelled."""
        statuses = {attendee.status for attendee in self.attendees}
        return next((status for status in (CONFIRMED, WAITLISTED) if status in statuses), CANCELLED)

    @property
    def amount_due(self) -> int:
        """Cents for everybody who has a place: who waits owes nothing yet."""
        return sum(attendee.amount_due for attendee in self.attendees)

    @property
    def amount_paid(self) -> int:
        """Cents that came in, less what went back."""
        return sum(payment.amount for payment in self.payments)

    @property
    def answers(self) -> list[Answer]:
        """What was asked once, not of each attendee."""
        return [answer for attendee in self.attendees for answer in attendee.all_answers if not answer.each]


class Attendee(Base):
    """One person who comes. The first of a registration, at position 0, is its contact."""

    __tablename__ = "attendees"
    __table_args__ = (
        CheckConstraint("status IN ('confirmed', 'waitlisted', 'cancelled')", name="status"),
        CheckConstraint("price >= 0", name="price"),
        Index("ix_attendees_event_slug", "event_slug", "registration_id", "position"),
    )

    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_slug: Mapped[str] = mapped_column(String(200))
    """The registration's, repeated so that the list of an event is read from one index."""
    status: Mapped[str] = mapped_column(String(20))
    first_name: Mapped[str] = mapped_column(Text)
    last_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(String(320), default="")
    ticket: Mapped[str] = mapped_column(String(100))
    ticket_label: Mapped[str] = mapped_column(Text, default="")
    price: Mapped[int | None]
    """Cents, as shown when the form was sent; None where no price was shown."""
    search_text: Mapped[str] = mapped_column(Text)
    """Names, addresses, school and reference without accents and case; the last name first."""
    cancelled_at: Mapped[datetime | None]
    checked_in_at: Mapped[datetime | None]

    registration: Mapped[Registration] = relationship(back_populates="attendees")
    all_answers: Mapped[list[Answer]] = relationship(order_by="Answer.number", cascade="all, delete-orphan")

    @property
    def full_name(self) -> str:
        """As it is said: the first name first."""
        return f"{self.first_name} {self.last_name}"

    @property
    def answers(self) -> list[Answer]:
        """What each attendee was asked."""
        return [answer for answer in self.all_answers if answer.each]

    @property
    def amount_due(self) -> int:
        """Cents; only who has a place owes anything."""
        return (self.price or 0) if self.status == CONFIRMED else 0


class Answer(Base):
    """One question as it was asked, and what was answered; several options are on lines of their own.

    What is asked once for a registration (not ``each``) is asked of its contact. ``number`` is the order of asking.
    """

    __tablename__ = "answers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["registration_id", "position"],
            ["attendees.registration_id", "attendees.position"],
            name="fk_answers_registration_id_position",
        ),
    )

    registration_id: Mapped[int] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(100))
    label: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(String(20))
    each: Mapped[bool]
    value: Mapped[str] = mapped_column(Text, default="")


class HistoryEntry(Base):
    """What happened to a registration: written in the transaction that did it, never changed.

    ``people`` is what it came to, for each person that it moved: ``[{position, status, ticket}]``. Read in order, the
    entries give the state.
    """

    __tablename__ = "history"
    __table_args__ = (
        CheckConstraint("actor IN ('registrant', 'organiser', 'system')", name="actor"),
        Index("ix_history_registration_id", "registration_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    registration_id: Mapped[int] = mapped_column(ForeignKey("registrations.id"))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(20))
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("organisers.id"))
    action: Mapped[str] = mapped_column(String(40))
    people: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    note: Mapped[str] = mapped_column(Text, default="")

    organiser: Mapped[Organiser | None] = relationship()


class Organiser(Base):
    """An account of the organisation's own people."""

    __tablename__ = "organisers"
    __table_args__ = (
        UniqueConstraint("email_key", name="uq_organisers_email_key"),
        CheckConstraint("role IN ('owner', 'organiser', 'door')", name="role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    email_key: Mapped[str] = mapped_column(String(320))
    password_hash: Mapped[str] = mapped_column(Text)
    """Argon2id; empty until an invitation is accepted."""
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    signed_in_at: Mapped[datetime | None]
    """When last."""
    totp_secret: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What the app on their telephone knows too, encrypted under the secret key; empty without one."""
    totp_step: Mapped[int | None]
    """The time step of the last code that was used: no code counts twice."""

    events: Mapped[list[OrganiserEvent]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    def may_see(self, event_slug: str) -> bool:
        """Whether this event is theirs; who is bound to no event has all. Which pages of it they see, the role says."""
        return not self.events or event_slug in {e.event_slug for e in self.events}


class OrganiserEvent(Base):
    """An event to which an account is bound."""

    __tablename__ = "organiser_events"

    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"), primary_key=True)
    event_slug: Mapped[str] = mapped_column(String(200), primary_key=True)


class OrganiserSession(Base):
    """A browser in which an organiser is signed in; the cookie holds the token, here is its hash."""

    __tablename__ = "organiser_sessions"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    organiser_id: Mapped[int] = mapped_column(ForeignKey("organisers.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stage: Mapped[str] = mapped_column(String(20), default="in", server_default="in")
    """``in``; or what is still to come: ``code`` (the second factor), ``set_up`` (of a second factor)."""
    confirmed_at: Mapped[datetime | None]
    """When they last showed that it is still they; None for never since the sign-in."""
    device: Mapped[str] = mapped_column(String(100), default="", server_default="")
    """The browser in a few words."""

    organiser: Mapped[Organiser] = relationship()


class Letter(Outgoing, Base):
    """The outbox: a letter, written in the transaction of what it is about, and what became of it.

    ``text`` and ``html`` hold a mark where the registrant's link goes: the link is a key and is put
    in only while sending, so that who reads this table cannot open a registration.
    """

    __tablename__ = "letters"
    __table_args__ = (
        CheckConstraint(STATES, name="state"),
        Index("ix_letters_state_due_at", "state", "due_at"),
        Index("ix_letters_registration_id", "registration_id"),
        # Letters that the worker writes by itself: however many workers there are, each is written once.
        Index(
            "uq_letters_registration_id_kind",
            "registration_id",
            "kind",
            unique=True,
            sqlite_where=text("kind IN ('reminder', 'after', 'notice')"),
            postgresql_where=text("kind IN ('reminder', 'after', 'notice')"),
        ),
    )

    event_slug: Mapped[str | None] = mapped_column(ForeignKey("events.slug"))
    """None for what is told to an organiser about their account."""
    registration_id: Mapped[int | None] = mapped_column(ForeignKey("registrations.id"))
    """None for what is told to the organisers about several."""
    mailing_id: Mapped[int | None] = mapped_column(ForeignKey("mailings.id"))
    kind: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(10))
    recipient: Mapped[str] = mapped_column(String(320))
    reply_to: Mapped[str] = mapped_column(String(320), default="")
    message_id: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    calendar: Mapped[str] = mapped_column(Text, default="", server_default="")
    """The calendar file that goes with it, empty for none."""
    sequence: Mapped[int | None]
    """Which change of the registration's calendar entry that is (RFC 5546); None without a calendar file."""
    facts: Mapped[str] = mapped_column(Text, default="", server_default="")
    """What it says of time and place (``domain.facts``), where it is the letter to know that from."""
    transfer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What its reader is asked to pay (``formats.transfer.Transfer``), for the code that goes with it."""
    codes: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """What is scanned at the door, for each who comes (``formats.person_code``)."""

    registration: Mapped[Registration | None] = relationship()

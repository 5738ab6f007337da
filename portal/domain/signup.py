"""Signing up: from what a person sent to a registration with places, answers and a letter."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Literal, TypeVar

from sqlalchemy import and_, bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal.content.addresses import email_key
from portal.content.event import NO_TICKET, Event, Question
from portal.domain import link_requests, places, registration_link
from portal.domain.communications import new_communication
from portal.domain.desk import Desk, WriteLetter
from portal.domain.errors import SignupRefused
from portal.domain.letters import LetterWriter
from portal.domain.typed import folded
from portal.storage.ledger import Billing
from portal.storage.models import Answer, Attendee, Letter, Registration

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No 0/O, 1/I/L, U/V: a reference is read aloud and typed over."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Person:
    """One who comes. ``answers`` by question name; several options are separated by line feeds."""

    first_name: str
    last_name: str
    email: str = ""
    ticket: str = NO_TICKET
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BillingDetails:
    """To whom the invoice goes. ``country`` as two letters (ISO 3166-1); ``vat`` checked, with its letters."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = "BE"
    vat: str = ""
    reference: str = ""


NO_INVOICE = BillingDetails(name="")
"""To nobody: what a change asks for that takes away what was filled in before."""


@dataclass(frozen=True, kw_only=True)
class SignUp:
    """A sent form, its shape checked. ``people[0]`` is the contact and has an address, which is the registration's too
    unless ``contact_email`` is given.

    ``form_id`` names this one form: however often it is sent, it makes one registration.
    """

    form_id: str
    people: tuple[Person, ...]
    language: str
    privacy_version: str
    phone: str = ""
    school: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    remarks: str = ""
    newsletter: bool = False
    billing: BillingDetails | None = None
    contact_email: str | None = None

    @property
    def email(self) -> str:
        """The address of the registration: letters go there."""
        return self.people[0].email if self.contact_email is None else self.contact_email

    @property
    def email_key(self) -> str:
        """The address as it is compared. Somebody on the telephone may have none; nobody else stands on it then."""
        return email_key(self.email) if self.email else f"form:{self.form_id}"


@dataclass(frozen=True)
class Outcome:
    """What became of it. ``repeated``: this form had been sent before. ``known_address``: a registration stands
    on the address, and its link goes there by mail; nobody but the mailbox's owner may be told more."""

    kind: Literal["saved", "repeated", "known_address"]
    registration: Registration


@dataclass(frozen=True)
class Draft:
    """A registration as it will be when ``decision`` is what becomes of it, and its letter, if one is written."""

    decision: str
    registration: Registration
    letter: Letter | None


def draft(
    session: Session, event: Event, seen: places.Taken, sent: SignUp, write: LetterWriter, secret_key: str
) -> Draft | None:
    """What most likely becomes of a form, by what is ``seen`` without a lock: all that can be asked and written before
    the desk is asked and written then, for whoever stands there holds up everybody else. None for a form or an address
    that has a registration.

    Raises SignupRefused when there is no place and nobody can wait, so that a thousand people who want what is gone do
    not stand in line for it; but not whoever has a place by this very form.
    """
    standing = _standing(session, event.slug, sent)
    decision = places.decide(event, seen, [person.ticket for person in sent.people])
    if decision == "full" and not any(one.form_id == sent.form_id for one in standing):
        raise SignupRefused("full")
    if standing:
        return None
    return _drafted(session, event, sent, decision, write, write.now, secret_key)


def by_draft(drafted: Draft | None, attempt: Callable[[Draft | None], Result]) -> Result:
    """What comes of an ``attempt``, a transaction around ``sign_up``, with the draft; and without one when the form, or
    its address, got a registration after it was drafted."""
    if drafted:
        with suppress(IntegrityError):
            return attempt(drafted)
    return attempt(None)


def sign_up(
    desk: Desk,
    sent: SignUp,
    *,
    secret_key: str,
    drafted: Draft | None = None,
    over_capacity: bool = False,
    letter: bool = True,
) -> Outcome:
    """Register a party at the desk of a published event.

    The whole party gets its places or waits as a whole. Raises SignupRefused when nobody can sign up now, or when
    there is no place and no waiting list. An organiser is not bound to the dates, may leave the letter, and may say
    ``over_capacity``: then the party gets places whether or not they are free, and the history says so. What was
    ``drafted`` of this form is used if that is what becomes of it (see ``by_draft``).
    """
    event, session = desk.event, desk.session
    assert event is not None, "who signs up has seen the event"  # noqa: S101
    standing = () if drafted else _standing(session, event.slug, sent)
    for registration in standing:
        if registration.form_id == sent.form_id:
            return Outcome("repeated", registration)

    tickets = [person.ticket for person in sent.people]
    by_registrant = desk.actor.kind == "registrant"
    if standing and not by_registrant:
        return Outcome("known_address", standing[0])
    if by_registrant:
        _refuse_unless_open(event, desk.taken, tickets, desk.now)
    decision = "confirmed" if over_capacity else places.decide(event, desk.taken, tickets)
    if decision == "full":
        raise SignupRefused("full")
    if standing:
        link_requests.ask(session, "registration", sent.email, desk.now, event_slug=event.slug)
        return Outcome("known_address", standing[0])

    if drafted is None or drafted.decision != decision:
        write = desk.write_letter if letter else None
        drafted = _drafted(session, event, sent, decision, write, desk.now, secret_key)
    desk.register(drafted.registration, drafted.letter, note="over_capacity" if over_capacity else "")
    return Outcome("saved", drafted.registration)


def _drafted(
    session: Session,
    event: Event,
    sent: SignUp,
    decision: str,
    write: WriteLetter | None,
    now: datetime,
    secret_key: str,
) -> Draft:
    registration = _registration(event, sent, decision, now, secret_key)
    if registration.amount_due:
        registration.communication = new_communication(session)
    letter = write(registration, decision) if write and registration.email else None
    return Draft(decision, registration, letter)


def _standing(session: Session, slug: str, sent: SignUp) -> Sequence[Registration]:
    """Registrations that this form, or its address, already has for the event."""
    return session.scalars(_STANDING, {"slug": slug, "form_id": sent.form_id, "key": sent.email_key}).all()


_STANDING = select(Registration).where(
    Registration.event_slug == bindparam("slug"),
    or_(
        Registration.form_id == bindparam("form_id"),
        and_(Registration.email_key == bindparam("key"), Registration.cancelled_at.is_(None)),
    ),
)


def _refuse_unless_open(event: Event, now_taken: places.Taken, tickets: Iterable[str], now: datetime) -> None:
    availability = places.availability(event, now_taken, now)
    if availability.state not in ("open", "waitlist", "full"):
        raise SignupRefused(availability.state, opens=availability.opens, closes=availability.closes)
    for chosen in tickets:
        if not places.on_sale(event, chosen, now):
            ticket = event.ticket(chosen)
            raise SignupRefused("closed", closes=ticket.closes if ticket else None)


def _registration(event: Event, sent: SignUp, status: str, now: datetime, secret_key: str) -> Registration:
    token = registration_link.token(secret_key, event.slug, sent.form_id)
    registration = Registration(
        reference=new_reference(),
        event_slug=event.slug,
        form_id=sent.form_id,
        token_hash=registration_link.token_hash(token),
        email=sent.email,
        email_key=sent.email_key,
        phone=sent.phone,
        school=sent.school,
        remarks=sent.remarks,
        newsletter=sent.newsletter,
        event_title=event.title,
        language=sent.language,
        privacy_version=sent.privacy_version,
        created_at=now,
        passed=0,
        billing=Billing(**asdict(sent.billing)) if sent.billing else None,
        payments=[],
    )
    for position, person in enumerate(sent.people):
        once = sent.answers if position == 0 else None
        registration.attendees.append(new_attendee(event, registration, position, person, status, once))
    return registration


def new_attendee(
    event: Event,
    registration: Registration,
    position: int,
    person: Person,
    status: str,
    once: Mapping[str, str] | None = None,
) -> Attendee:
    """Somebody who comes with this registration; ``once`` are the answers asked of its contact alone."""
    ticket = event.ticket(person.ticket)
    assert ticket is not None, "on sale, so it is offered"  # noqa: S101
    asked = [question for question in event.questions if question.each or once is not None]
    return Attendee(
        event_slug=event.slug,
        position=position,
        status=status,
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email,
        ticket=ticket.id,
        ticket_label=ticket.label,
        price=ticket.price,
        search_text=search_text(person, registration),
        # Said, so that who tells programs of this person need not ask.
        cancelled_at=None,
        checked_in_at=None,
        # Unanswered ones are kept too: the record says what was asked.
        all_answers=[
            asked_of(number, question, (person.answers if question.each else once or {}))
            for number, question in enumerate(asked)
        ],
    )


def asked_of(number: int, question: Question, given: Mapping[str, str]) -> Answer:
    """A question as it is asked now, with what was answered."""
    return Answer(
        number=number,
        name=question.name,
        label=question.label,
        type=question.type,
        each=question.each,
        value=given.get(question.name, ""),
    )


def search_text(person: Person | Attendee, registration: Registration) -> str:
    """What a person can be found by: names, addresses, school and reference, folded; the last name first."""
    return folded(
        person.last_name,
        person.first_name,
        person.email,
        registration.email,
        registration.school,
        registration.reference,
    )


def new_reference() -> str:
    """Eight characters for people, in two groups: ``K7M2-QX4P``."""
    characters = [secrets.choice(REFERENCE_ALPHABET) for _ in range(8)]
    return "".join(characters[:4]) + "-" + "".join(characters[4:])

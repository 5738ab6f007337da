"""Invented people who sign up for the events that there are, so that the organisers' side can be looked at.

All of it goes the way of real registrations, in the order of time: the desk, its line, payments, the door. Nobody of
these exists: they are named after birds and trees, their schools stand nowhere, their addresses end in ``.example``,
where no mail can go (RFC 2606).
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import count, product
from random import Random

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, contains_eager

from portal.content.event import Event, Question
from portal.content.site import Site
from portal.domain import changes, checkin, payments, places
from portal.domain.desk import REGISTRANT, Actor, Desk
from portal.domain.errors import SignupRefused
from portal.domain.letters import LetterWriter
from portal.domain.privacy import PRIVACY_VERSION
from portal.domain.signup import BillingDetails, Person, SignUp, sign_up
from portal.domain.typed import folded
from portal.formats import person_code
from portal.storage.models import CONFIRMED, Attendee, Letter, Registration

WEEKS = timedelta(weeks=8)
"""How long before its last sign-up an event has its first."""
MOST_PEOPLE = 150
"""For one event: enough to look at, and done within seconds."""
FAR_AWAY = timedelta(days=365)

FIRST_NAMES = (
    "Emma", "Noor", "Lies", "Mohamed", "Jonas", "Zoë", "Pieter-Jan", "Élodie", "Fatima", "Wout", "Marie", "Yusuf",
    "Hannah", "Bram", "Inès", "Lukas", "Aïcha", "Tine", "Joris", "Nele", "Karim", "Sofie", "Jürgen", "Mila",
)  # fmt: skip
LAST_NAMES = (
    "Merel", "Van den Eik", "Wilg", "Reiger", "De Linde", "Zwaluw", "Kievit", "Berk", "Hazelaar", "Vink", "Meidoorn",
    "Mees", "IJsvogel", "Populier", "Roodborst", "Dubosquet", "Nachtegaal", "Vlier", "Spreeuw", "Esdoorn",
)  # fmt: skip
SCHOOLS = (
    "Sint-Nergenscollege, Verzinningen", "GO! Atheneum Nergenshuizen", "De Papieren Draak, Voorbeeldegem",
    "Technisch Instituut De Denkbeeldige Schroef", "Hogeschool Nergenshuizen", "Athénée de Nulle-Part",
    "Musterschule am Beispielweg", "",
)  # fmt: skip
REMARKS = (
    "Ik kom met de trein en ben er een kwartiertje later.",
    "Is er een plaats om te parkeren?",
    "Ik breng mijn eigen laptop mee.",
    "Vorig jaar was ik er ook bij. Fijn dat jullie dit opnieuw doen!",
)
NOTES = ("Belde: komt zeker.", "Factuur op naam van de school gevraagd.", "Geeft les in de derde graad.")
DIETS = ("", "", "", "vegetarisch", "geen noten", "veganistisch")
WORDS = "Een idee waarmee we maandag kunnen beginnen."

Step = Callable[[datetime], Iterable[tuple[datetime, "Step"]]]
"""Something that happens at a moment, and what follows from it, later."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """Where the people come, inside one transaction: ``organiser_id`` did what organisers do, ``now`` is the end of it
    all."""

    session: Session
    site: Site
    organiser_id: int
    base_url: str
    secret_key: str
    now: datetime


@dataclass(frozen=True)
class Filled:
    """How many registrations were made, and for which events."""

    registrations: int
    events: tuple[str, ...]


def has_registrations(session: Session) -> bool:
    """Whether anybody signed up here, invented or not."""
    return session.scalar(select(Registration.id).limit(1)) is not None


def fill(room: Room, events: Iterable[Event], seed: int) -> Filled:
    """Let people sign up for every event with a form here, as if the portal had been in use for weeks.

    The same ``seed`` and moment give the same people who do the same; references, links and communications are drawn
    by chance as always. All letters count as sent, but for one that came back: none of them leaves.
    """
    random = Random(seed)  # noqa: S311  # repeatable on purpose, and nothing secret
    wanted = sorted(
        (event for event in events if event.registration == "portal" and event.status != "draft"),
        key=lambda event: (event.capacity or MOST_PEOPLE, event.slug),
    )
    # Where there are fewest places there are too few.
    coming = [event.slug for event in wanted if event.capacity and event.over_at > room.now]
    crowds = [_Crowd(room, event, event.slug in coming[:1], Random(random.random())) for event in wanted]  # noqa: S311
    # One line of time for all events: things happen beside one another.
    numbers = count()
    agenda = [(at, next(numbers), step) for crowd in crowds for at, step in crowd.begin()]
    heapq.heapify(agenda)
    while agenda:
        at, _number, step = heapq.heappop(agenda)
        for later, following in step(at):
            heapq.heappush(agenda, (later, next(numbers), following))
    for crowd in crowds:
        crowd.let_in()
    _settle_letters(room.session)
    registrations = room.session.scalar(select(func.count()).select_from(Registration)) or 0
    return Filled(registrations, tuple(sorted(set(room.session.scalars(select(Registration.event_slug))))))


class _Crowd:
    """The people of one event."""

    def __init__(self, room: Room, event: Event, overflows: bool, random: Random) -> None:
        # They signed up before it was cancelled or full.
        self._event = replace(event, status="published", sold_out=False)
        self._room, self._now, self._random = room, room.now, random
        self._until = min(room.now, event.closes)
        self._people = self._how_many(event, overflows)
        self._guests = iter(random.sample(list(product(FIRST_NAMES, LAST_NAMES)), 2 * MOST_PEOPLE))
        self._said = iter(random.sample(NOTES, len(NOTES)))

    def _how_many(self, event: Event, overflows: bool) -> int:
        places_there = event.capacity or self._random.randint(15, 30)
        if overflows:
            share = 1.5
        elif event.starts > self._now + FAR_AWAY:
            share = self._random.uniform(0.1, 0.3)
        else:
            share = self._random.uniform(0.4, 0.95)
        return min(MOST_PEOPLE, max(3, round(places_there * share)))

    def begin(self) -> Iterator[tuple[datetime, Step]]:
        """When each party signs up."""
        since = max(self._until - WEEKS, self._event.signup_opens or self._until - WEEKS)
        coming = 0
        while since < self._until and coming < self._people:
            size = min(self._event.max_party, self._random.choice((1, 1, 1, 1, 1, 2, 2, 3)))
            coming += size
            at = since + (self._until - since) * self._random.random() ** 0.7
            yield self._by_day(at, since), self._signing_up(size)

    def _by_day(self, at: datetime, since: datetime) -> datetime:
        """The same day, at an hour at which people are awake."""
        hour = time(self._random.randint(8, 21), self._random.randint(0, 59), self._random.randint(0, 59))
        awake = datetime.combine(
            at.astimezone(self._room.site.timezone).date(), hour, self._room.site.timezone
        )
        return awake if since <= awake < self._until else at

    def _signing_up(self, size: int) -> Step:
        guests = [next(self._guests) for _ in range(size)]

        def sign(at: datetime) -> Iterator[tuple[datetime, Step]]:
            tickets = [t.id for t in self._event.offered_tickets if places.on_sale(self._event, t.id, at)]
            if not tickets:
                return
            sent = self._form(guests, [self._random.choice(tickets) for _ in guests])
            # Drawn before anything depends on who got a place.
            cancels, pays, noted = (self._random.random() for _ in range(3))
            days = timedelta(days=self._random.uniform(1, 14))
            try:
                registration = sign_up(self._desk(at), sent, secret_key=self._room.secret_key).registration
            except SignupRefused:
                return
            later = at + days
            if later < self._until:
                if cancels < 0.1:
                    yield later, self._doing(lambda desk: changes.cancel(desk, registration.id))
                elif registration.amount_due and pays < 0.75:
                    yield later, lambda paid_at: self._pay(registration, paid_at)
                if noted < 0.05 and (note := next(self._said, "")):
                    yield (
                        later,
                        self._doing(lambda desk: desk.note(registration, "noted", note=note), self._office),
                    )

        return sign

    def _form(self, guests: list[tuple[str, str]], tickets: list[str]) -> SignUp:
        random, event = self._random, self._event
        people = tuple(
            Person(
                first,
                last,
                _address(first, last) if position == 0 or random.random() < 0.5 else "",
                ticket,
                self._answers(each=True),
            )
            for position, ((first, last), ticket) in enumerate(zip(guests, tickets, strict=True))
        )
        school = random.choice(SCHOOLS)
        invoiced = school and any(event.prices) and random.random() < 0.3
        return SignUp(
            form_id=f"demo-{random.getrandbits(64):016x}",
            people=people,
            language=event.language if random.random() < 0.85 else random.choice(self._room.site.languages),
            privacy_version=PRIVACY_VERSION,
            phone=f"0470 00 {random.randint(0, 99):02} {random.randint(0, 99):02}"
            if random.random() < 0.5
            else "",
            school=school,
            answers=self._answers(each=False),
            remarks=random.choice(REMARKS) if random.random() < 0.12 else "",
            newsletter=random.random() < 0.3,
            billing=BillingDetails(
                name=school, street="Voorbeeldstraat 1", postcode="9000", city="Nergenshuizen"
            )
            if invoiced
            else None,
        )

    def _answers(self, *, each: bool) -> dict[str, str]:
        return {q.name: self._answer(q) for q in self._event.questions if q.each == each}

    def _answer(self, question: Question) -> str:
        random = self._random
        if not question.required and random.random() < 0.2:
            return ""
        if question.type in ("select", "radio"):
            return random.choice(question.options)
        if question.type == "checkboxes":
            number = random.randint(1, min(question.max or 2, len(question.options)))
            return "\n".join(sorted(random.sample(question.options, number), key=question.options.index))
        if question.type == "checkbox":
            return "yes" if question.required or random.random() < 0.4 else ""
        if question.type == "number":
            return str(random.randint(1, min(question.max or 25, 25)))
        if question.type == "date":
            return self._event.starts.date().isoformat()
        return random.choice(DIETS)[: question.max] if question.each else WORDS[: question.max]

    def _doing(self, what: Callable[[Desk], object], actor: Actor = REGISTRANT) -> Step:
        def step(at: datetime) -> tuple[()]:
            what(self._desk(at, actor))
            return ()

        return step

    def _pay(self, registration: Registration, at: datetime) -> tuple[()]:
        still = payments.balance(registration).open
        if still:
            payments.record(self._room.session, registration, still, at.date(), actor=self._office, now=at)
        return ()

    def let_in(self) -> None:
        """At an event that has begun most people come, around its beginning."""
        starts = self._event.starts
        if self._now < starts:
            return
        expected = self._room.session.scalars(
            select(Attendee)
            .join(Attendee.registration)
            .where(Attendee.event_slug == self._event.slug, Attendee.status == CONFIRMED)
            .order_by(Attendee.registration_id, Attendee.position)
            .options(contains_eager(Attendee.registration))
        ).all()
        taps = []
        for number, person in enumerate(expected):
            at = min(self._now, starts + timedelta(minutes=self._random.triangular(-30, 20, -5)))
            if self._random.random() < 0.88:
                code = person_code.written(person.registration.reference, person.position)
                taps.append(checkin.Tap(f"demo-{number}", code, "in", at))
        checkin.record(
            self._room.session,
            self._event.slug,
            self._event,
            taps,
            organiser_id=self._room.organiser_id,
            now=min(self._now, starts + timedelta(hours=1)),
        )

    @property
    def _office(self) -> Actor:
        return Actor("organiser", self._room.organiser_id)

    def _desk(self, at: datetime, actor: Actor = REGISTRANT) -> Desk:
        room = self._room
        letters = LetterWriter(self._event.slug, self._event, room.site, room.base_url, at)
        return Desk(room.session, self._event.slug, self._event, now=at, write_letter=letters, actor=actor)


def _address(first: str, last: str) -> str:
    plain = ".".join(part.replace(" ", "").replace("ı", "i") for part in (folded(first), folded(last)))
    return f"{plain}@school.example"


def _settle_letters(session: Session) -> None:
    """What was written in those weeks went out then; one came back, so that one can see how that looks."""
    session.flush()
    session.execute(update(Letter).values(state="sent", attempts=1, sent_at=Letter.created_at))
    last = session.scalars(
        select(Letter).order_by(Letter.created_at.desc(), Letter.id.desc()).limit(1)
    ).first()
    if last is not None:
        session.refresh(last)
        last.state, last.sent_at, last.error = "failed", None, "550 5.1.1 this mailbox does not exist"

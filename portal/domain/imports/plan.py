"""What becomes of each row of a file, said before it is done; and doing it, all or nothing."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import places
from portal.domain.desk import Desk
from portal.domain.errors import ImportRefused, SignupRefused
from portal.domain.imports.people import Guest, Party, Problem, parties
from portal.domain.places import Taken
from portal.domain.privacy import PRIVACY_VERSION
from portal.domain.signup import SignUp, sign_up
from portal.domain.typed import folded
from portal.storage.models import CONFIRMED, Attendee, Registration

BATCH = 500

Fate = Literal[
    "place",
    "over",
    "waits",
    "known",
    "other_name",
    "twice",
    "withdrew",
    "cancelled",
    "waits_there",
    "full",
    "cannot",
]

ADDED: tuple[Fate, ...] = ("place", "over", "waits")
BLOCKS: tuple[Fate, ...] = ("full", "cannot")
"""With one of these nothing is done, unless the organiser leaves them out."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """How an organiser wants it: places where none are left, rows that cannot be added left out, letters."""

    over_capacity: bool = False
    leave_out: bool = False
    letter: bool = False


@dataclass(frozen=True)
class Verdict:
    """What becomes of one row. ``row``: the other one that says the same; ``name``: who stands on the address."""

    guest: Guest
    fate: Fate
    row: int = 0
    name: str = ""

    @property
    def problem(self) -> Problem | None:
        return self.guest.problem if self.fate == "cannot" else None

    @property
    def to_look_at(self) -> bool:
        """Whether somebody should see it before going on."""
        return self.fate in (*BLOCKS, "other_name", "withdrew")


@dataclass(frozen=True)
class Standing:
    """What is known of an event's registrations: names by address, the forms that were sent, and those of whom all
    cancelled since."""

    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    form_ids: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """What becomes of every row, in the order of the file, and who is signed up then."""

    verdicts: tuple[Verdict, ...]
    joining: tuple[Party, ...]

    @property
    def counts(self) -> Counter[Fate]:
        return Counter(verdict.fate for verdict in self.verdicts)

    @property
    def blocked(self) -> int:
        """Rows that cannot be added."""
        return sum(self.counts[fate] for fate in BLOCKS)

    @property
    def people(self) -> int:
        """Who is added."""
        return sum(self.counts[fate] for fate in ADDED)

    @property
    def digest(self) -> str:
        """The same for two plans that do the same."""
        told = [(v.guest.number, v.guest.name, v.guest.email, v.guest.ticket, v.fate) for v in self.verdicts]
        return sha256(repr(told).encode()).hexdigest()


def plan(session: Session, event: Event, taken: Taken, guests: Sequence[Guest], wishes: Wishes) -> Plan:
    """What would become of these guests as things stand; ``taken`` is what is taken now."""
    together = parties(guests, event.slug)
    return decide(event, taken, guests, together, standing(session, event.slug, together), wishes)


def decide(
    event: Event,
    taken: Taken,
    guests: Sequence[Guest],
    together: Sequence[Party],
    known: Standing,
    wishes: Wishes,
) -> Plan:
    """The same from what is known; pure. Who stands there already is left alone; the others get places in the order of
    the file, as if each party signed up in turn."""
    fates: dict[int, Verdict] = {}
    joining = []
    for party in together:
        if party.form_id in known.form_ids or party.key in known.names:
            fates |= {v.guest.number: v for v in _known(party, known)}
        elif party.form_id in known.cancelled:
            fates |= {guest.number: Verdict(guest, "withdrew") for guest in party.guests}
        else:
            fate = _fate(event, taken, party, wishes)
            fates |= {guest.number: Verdict(guest, fate) for guest in party.guests}
            if fate in ADDED:
                joining.append(party)
                taken = _with(taken, party, fate)
    twice = {number: row for party in together for number, row in party.twice.items()}
    return Plan(tuple(_verdict(guest, fates, twice) for guest in guests), tuple(joining))


def _verdict(guest: Guest, fates: Mapping[int, Verdict], twice: Mapping[int, int]) -> Verdict:
    if guest.cancelled:
        return Verdict(guest, "cancelled")
    if guest.waiting:
        return Verdict(guest, "waits_there")
    if guest.problem:
        return Verdict(guest, "cannot")
    if guest.number in twice:
        return Verdict(guest, "twice", row=twice[guest.number])
    return fates[guest.number]


def _known(party: Party, known: Standing) -> Iterator[Verdict]:
    names = known.names.get(party.key, ())
    for guest in party.guests:
        other = bool(names) and guest.name not in {folded(name) for name in names}
        yield Verdict(guest, "other_name" if other else "known", name=", ".join(names) if other else "")


def _fate(event: Event, taken: Taken, party: Party, wishes: Wishes) -> Fate:
    match places.decide(event, taken, party.tickets):
        case "confirmed":
            return "place"
        case _ if wishes.over_capacity:
            return "over"
        case "waitlisted":
            return "waits"
    return "full"


def _with(taken: Taken, party: Party, fate: Fate) -> Taken:
    more = Counter(party.tickets)
    if fate == "waits":
        return Taken(taken.confirmed, Counter(taken.waitlisted) + more, taken.held)
    return Taken(Counter(taken.confirmed) + more, taken.waitlisted, taken.held)


def standing(session: Session, slug: str, together: Sequence[Party]) -> Standing:
    """Which of these parties an event has already."""
    names: dict[str, list[str]] = {}
    form_ids: set[str] = set()
    cancelled: set[str] = set()
    for start in range(0, len(together), BATCH):
        some = together[start : start + BATCH]
        keys = [party.key for party in some if party.key]
        rows = session.execute(
            select(
                Registration.form_id,
                Registration.email_key,
                Registration.cancelled_at,
                Attendee.first_name,
                Attendee.last_name,
            )
            .join(Attendee, Attendee.registration_id == Registration.id)
            .where(
                Registration.event_slug == slug,
                or_(
                    Registration.form_id.in_([party.form_id for party in some]),
                    Registration.email_key.in_(keys),
                ),
            )
            .order_by(Registration.id, Attendee.position)
        )
        for row in rows:
            if row.cancelled_at is None:
                form_ids.add(row.form_id)
                names.setdefault(row.email_key, []).append(f"{row.first_name} {row.last_name}".strip())
            else:
                cancelled.add(row.form_id)
    return Standing(
        {key: tuple(people) for key, people in names.items()}, frozenset(form_ids), frozenset(cancelled)
    )


@dataclass(frozen=True)
class Added:
    """What was done: people who got a place, people who wait, rows that were there already."""

    places: int
    waiting: int
    known: int


def save(desk: Desk, guests: Sequence[Guest], wishes: Wishes, *, seen: str, secret_key: str) -> Added:
    """Sign them up at the desk of a published event as an organiser, inside the caller's transaction.

    ``seen`` is the digest of the plan that the organiser agreed to. Raises ImportRefused when it would go otherwise now
    (``meanwhile``), and when a row cannot be added and is not left out (``blocked``).
    """
    event = desk.event
    assert event is not None, "who adds people has seen the event"  # noqa: S101
    agreed = plan(desk.session, event, desk.taken, guests, wishes)
    if agreed.digest != seen:
        raise ImportRefused("meanwhile")
    if agreed.blocked and not wishes.leave_out:
        raise ImportRefused("blocked")
    # The desk writes each party before the next is looked at; writing at every question too takes thrice as long.
    with desk.session.no_autoflush:
        came = _sign_up_all(desk, event, agreed.joining, wishes, secret_key)
    already = agreed.counts["known"] + agreed.counts["other_name"] + agreed.counts["twice"] + came["known"]
    return Added(came[CONFIRMED], came.total() - came[CONFIRMED] - came["known"], already)


def _sign_up_all(
    desk: Desk, event: Event, joining: Sequence[Party], wishes: Wishes, secret_key: str
) -> Counter[str]:
    """How many people got which status; ``known`` for who was there already after all."""
    came: Counter[str] = Counter()
    for party in joining:
        over = wishes.over_capacity and places.decide(event, desk.taken, party.tickets) != "confirmed"
        try:
            outcome = sign_up(
                desk, _sign_up(party, event), secret_key=secret_key, over_capacity=over, letter=wishes.letter
            )
        except SignupRefused:
            raise ImportRefused("meanwhile") from None
        status = outcome.registration.status if outcome.kind == "saved" else "known"
        came[status] += len(party.guests)
    return came


def _sign_up(party: Party, event: Event) -> SignUp:
    """As if they had filled in the form; consent to a newsletter cannot be brought along."""
    return SignUp(
        form_id=party.form_id,
        people=party.people(event),
        language=event.language,
        privacy_version=PRIVACY_VERSION,
        phone=party.first("phone"),
        school=party.first("school"),
        answers=party.answers(event),
        remarks=party.remarks,
    )

"""What becomes of a registration after it was sent: people cancelled, replaced, moved to another ticket, promoted."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields

from sqlalchemy.orm import Session

from portal.content.addresses import email_key
from portal.content.event import Event
from portal.domain import places
from portal.domain.desk import Desk, Standing
from portal.domain.errors import ChangeRefused
from portal.domain.registrations import history, last_entry
from portal.domain.signup import NO_INVOICE, BillingDetails, Person, asked_of, new_attendee, search_text
from portal.storage.ledger import Billing
from portal.storage.models import CANCELLED, CONFIRMED, WAITLISTED, Attendee, Registration


def cancel(
    desk: Desk, registration_id: int, positions: Collection[int] | None = None, *, letter: bool = True
) -> Registration:
    """Cancel people of a registration, all of them when no positions are given; their places go to the line.

    Who has cancelled already is left alone, so that doing it twice frees one place.
    """
    registration = desk.registration(registration_id)
    leaving = [
        person
        for person in registration.attendees
        if person.status != CANCELLED and (positions is None or person.position in positions)
    ]
    if leaving:
        desk.move(registration, {person.position: Standing(CANCELLED, person.ticket) for person in leaving})
        desk.note(registration, "cancelled", leaving)
        if letter:
            desk.write(registration, "cancelled", by=desk.actor.kind)
        desk.settle()
    return registration


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a registration should become. What is not given stays as it is.

    ``people``: what becomes of somebody, by position: another name is somebody else, who takes the place over.
    ``joining``: who comes along from now on. ``answers``: to what is asked once. ``seen``: the last history entry that
    who asks for this has read; when something else happened since, they are asked to look first. ``billing``:
    NO_INVOICE takes away what stands.
    """

    people: Mapping[int, Person] = field(default_factory=dict)
    joining: Sequence[Person] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    phone: str | None = None
    school: str | None = None
    remarks: str | None = None
    newsletter: bool | None = None
    billing: BillingDetails | None = None
    seen: int | None = None


def change(
    desk: Desk, registration_id: int, wanted: Change, *, over_capacity: bool = False, letter: bool = True
) -> Registration:
    """Make a registration what is wanted: all of it, or none. Who comes in somebody's place gets a letter too.

    What people have is only given up for what they surely get. Who waits and takes more people along waits anew at
    the end of the line. Raises ChangeRefused: ``gone``, ``too_late``, ``too_many``, ``no_such_ticket``, ``no_place``,
    ``fixed`` (an organiser gave them this ticket), ``meanwhile`` (something happened that they have not seen).
    """
    registration, event = desk.registration(registration_id), desk.event
    if event is None:
        raise ChangeRefused("too_late")
    people = {position: _standing_person(registration, position) for position in wanted.people}
    moving = {
        position: person.ticket
        for position, person in wanted.people.items()
        if person.ticket != people[position].ticket
    }
    _refuse_unless_possible(desk, registration, moving, wanted.joining, over_capacity)
    before = _facts(registration)
    names = {position: row.full_name for position, row in people.items()}

    _type_over(event, registration, wanted)
    joining = _join(desk, registration, wanted.joining)
    desk.move(
        registration,
        {position: Standing(people[position].status, ticket) for position, ticket in moving.items()},
    )
    changed = [name for name, value in _facts(registration).items() if value != before[name]]
    if not changed:
        return registration
    if wanted.seen is not None and wanted.seen != last_entry(desk.session, registration_id):
        raise ChangeRefused("meanwhile")
    desk.note(
        registration,
        "changed",
        [*people.values(), *joining],
        " ".join([*changed, *(["over_capacity"] if over_capacity else [])]),
    )
    if letter:
        came = [row for position, row in people.items() if row.full_name != names[position]]
        _write_letters(desk, registration, changed, came)
    desk.settle()
    return registration


def _write_letters(
    desk: Desk, registration: Registration, changed: Collection[str], came: Iterable[Attendee]
) -> None:
    """Tell the contact what they cannot know already, and those who ``came`` in somebody's place that they do."""
    if desk.actor.kind == "organiser" or {"people", "ticket"} & set(changed):
        desk.write(registration, "changed")
    for person in came:
        if person.email and email_key(person.email) != registration.email_key:
            desk.write(registration, "welcome", recipient=person.email, person=person)


def _type_over(event: Event, registration: Registration, wanted: Change) -> None:
    """Everything that takes no place."""
    for name in ("phone", "school", "remarks", "newsletter"):
        if (value := getattr(wanted, name)) is not None:
            setattr(registration, name, value)
    if wanted.billing == NO_INVOICE:
        registration.billing = None
    elif wanted.billing:
        registration.billing = registration.billing or Billing()
        for name, value in asdict(wanted.billing).items():
            setattr(registration.billing, name, value)
    for row in registration.attendees:
        if person := wanted.people.get(row.position):
            row.first_name, row.last_name, row.email = person.first_name, person.last_name, person.email
            _answer(event, row, person.answers, each=True)
        row.search_text = search_text(row, registration)
    _answer(event, registration.attendees[0], wanted.answers, each=False)


def _refuse_unless_possible(
    desk: Desk,
    registration: Registration,
    moving: Mapping[int, str],
    joining: Sequence[Person],
    over_capacity: bool,
) -> None:
    event = desk.event
    assert event is not None, "asked for before"  # noqa: S101
    standing = [person for person in registration.attendees if person.status != CANCELLED]
    by_registrant = desk.actor.kind == "registrant"
    if registration.status == CANCELLED:
        raise ChangeRefused("gone")
    if joining and len(standing) + len(joining) > event.max_party:
        raise ChangeRefused("too_many")
    if by_registrant and moving.keys() & fixed(desk.session, registration.id):
        raise ChangeRefused("fixed")
    wanted = [*moving.values(), *(person.ticket for person in joining)]
    if not all(
        places.on_sale(event, ticket, desk.now) if by_registrant else event.ticket(ticket)
        for ticket in wanted
    ):
        raise ChangeRefused("no_such_ticket")
    if registration.status == CONFIRMED and not over_capacity:
        given_up = Counter(person.ticket for person in standing if person.position in moving)
        if not places.exchangeable(event, desk.taken, given_up, Counter(wanted)):
            raise ChangeRefused("no_place")


def fixed(session: Session, registration_id: int) -> set[int]:
    """The positions whose ticket an organiser chose: the registrant cannot change it back."""
    chosen: dict[int, tuple[str, bool]] = {}
    for entry in history(session, registration_id):
        for person in entry.people:
            ticket, by_organiser = chosen.get(person["position"], (person["ticket"], False))
            if ticket != person["ticket"]:
                by_organiser = entry.actor == "organiser"
            chosen[person["position"]] = (person["ticket"], by_organiser)
    return {position for position, (_ticket, by_organiser) in chosen.items() if by_organiser}


def _join(desk: Desk, registration: Registration, people: Sequence[Person]) -> list[Attendee]:
    if not people:
        return []
    event = desk.event
    assert event is not None, "asked for before"  # noqa: S101
    following = 1 + max(person.position for person in registration.attendees)
    joining = [
        new_attendee(event, registration, position, person, registration.status)
        for position, person in enumerate(people, following)
    ]
    desk.join(registration, joining)
    return joining


def _answer(event: Event, person: Attendee, given: Mapping[str, str], *, each: bool) -> None:
    """Answer what is asked now; what is no longer asked keeps its answer, what was not asked yet is added."""
    asked = {answer.name: answer for answer in person.all_answers}
    for question in event.questions:
        if question.each != each or question.name not in given:
            continue
        if question.name in asked:
            asked[question.name].value = given[question.name]
        else:
            number = 1 + max((answer.number for answer in person.all_answers), default=-1)
            person.all_answers.append(asked_of(number, question, given))


def _facts(registration: Registration) -> dict[str, object]:
    """What can be changed of a registration, by the words that its history has for it."""
    people = registration.attendees
    return {
        "phone": registration.phone,
        "school": registration.school,
        "remarks": registration.remarks,
        "newsletter": registration.newsletter,
        "billing": registration.billing
        and [getattr(registration.billing, part.name) for part in fields(BillingDetails)],
        "people": [person.full_name for person in people],
        "email": [person.email for person in people],
        "ticket": [person.ticket for person in people if person.status != CANCELLED],
        "answers": [(answer.name, answer.value) for person in people for answer in person.all_answers],
    }


def promote(desk: Desk, registration_id: int, *, over_capacity: bool = False) -> Registration:
    """Give a waiting party its places because an organiser says so, whoever stands before it.

    Raises ChangeRefused when it does not wait, or when its places are not free and the organiser did not say
    ``over_capacity``; that is kept in the history.
    """
    registration = desk.registration(registration_id)
    if registration.status != WAITLISTED:
        raise ChangeRefused("gone")
    if desk.event is None:
        raise ChangeRefused("too_late")
    waiting = [person.ticket for person in registration.attendees if person.status == WAITLISTED]
    if not over_capacity and not places.free_for(desk.event, desk.taken, waiting):
        raise ChangeRefused("no_place")
    desk.promote(registration, note="over_capacity" if over_capacity else "")
    return registration


def _standing_person(registration: Registration, position: int) -> Attendee:
    for person in registration.attendees:
        if person.position == position and person.status != CANCELLED:
            return person
    raise ChangeRefused("gone")

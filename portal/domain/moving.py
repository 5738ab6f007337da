"""A party that goes to another event: signed up there and cancelled here, in one transaction, and its money with it."""

from collections.abc import Iterable
from dataclasses import fields

from portal.content.event import Event, Question
from portal.domain import changes, payments
from portal.domain.desk import Desk
from portal.domain.errors import ChangeRefused, SignupRefused
from portal.domain.signup import BillingDetails, Person, SignUp, sign_up
from portal.storage.models import CANCELLED, Answer, Registration


def move(
    here: Desk,
    there: Desk,
    registration_id: int,
    ticket: str,
    *,
    secret_key: str,
    over_capacity: bool = False,
    letter: bool = True,
) -> Registration:
    """Move everybody of a registration who has not cancelled to another event, each with ``ticket``.

    Nothing is given up here before it is certain there. Both desks are open, in the order of their slugs, so that two
    who move at once do not wait for each other. Raises ChangeRefused: ``gone``, ``no_place`` (there, and no waiting
    list), ``known_address`` (somebody is signed up there with that address).
    """
    leaving = here.registration(registration_id)
    assert there.event is not None, "it was chosen among those that there are"  # noqa: S101
    wanted = _as_sent(leaving, ticket, there.event)
    try:
        outcome = sign_up(there, wanted, secret_key=secret_key, over_capacity=over_capacity, letter=letter)
    except SignupRefused:
        raise ChangeRefused("no_place") from None
    if outcome.kind == "known_address":
        raise ChangeRefused("known_address")
    arrived = outcome.registration
    changes.cancel(here, registration_id, letter=False)
    here.note(leaving, "moved", note=f"{there.slug} {arrived.reference}")
    there.note(arrived, "moved", note=f"{here.slug} {leaving.reference}")
    if paid := leaving.amount_paid:
        _pay_over(here, leaving, -paid, arrived)
        _pay_over(here, arrived, paid, leaving)
    return arrived


def _as_sent(leaving: Registration, ticket: str, to: Event) -> SignUp:
    """The form that would sign up whoever of a registration has not cancelled for another event."""
    people = [person for person in leaving.attendees if person.status != CANCELLED]
    if not people:
        raise ChangeRefused("gone")
    return SignUp(
        # One move of one registration, however often it is asked for.
        form_id=f"moved-{leaving.id:010}-from-{leaving.event_slug}"[:64],
        people=tuple(
            Person(person.first_name, person.last_name, person.email, ticket, _answered(to, person.answers))
            for person in people
        ),
        language=leaving.language,
        privacy_version=leaving.privacy_version,
        phone=leaving.phone,
        school=leaving.school,
        remarks=leaving.remarks,
        newsletter=leaving.newsletter,
        answers=_answered(to, leaving.answers),
        billing=_billing(leaving),
        contact_email=leaving.email,
    )


def _answered(to: Event, given: Iterable[Answer]) -> dict[str, str]:
    """What was answered to what the other event asks too, by name and in the same way, where it takes that answer."""
    asked = {question.name: question for question in to.questions}
    return {
        answer.name: answer.value
        for answer in given
        if (question := asked.get(answer.name)) and _takes(question, answer)
    }


def _takes(question: Question, answer: Answer) -> bool:
    alike = (question.type, question.each) == (answer.type, answer.each)
    return alike and (not question.options or {*answer.value.split("\n")} <= {"", *question.options})


def _billing(leaving: Registration) -> BillingDetails | None:
    stands = leaving.billing
    if stands is None:
        return None
    return BillingDetails(**{part.name: getattr(stands, part.name) for part in fields(BillingDetails)})


def _pay_over(here: Desk, registration: Registration, amount: int, other: Registration) -> None:
    """Write down money that went to another registration (below zero), or came from it."""
    payments.record(
        here.session,
        registration,
        amount,
        here.now.date(),
        actor=here.actor,
        now=here.now,
        note=other.reference,
    )

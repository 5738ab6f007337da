"""A party that goes to another event: signed up there and cancelled here, in one transaction, and its money with it."""

from portal.domain import changes, payments
from portal.domain.desk import Desk
from portal.domain.errors import ChangeRefused, SignupRefused
from portal.domain.signup import Person, SignUp, sign_up
from portal.storage.models import CANCELLED, Registration


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
    people = [person for person in leaving.attendees if person.status != CANCELLED]
    if not people:
        raise ChangeRefused("gone")
    contact, *others = people
    party = [
        Person(contact.first_name, contact.last_name, leaving.email, ticket),
        *(Person(person.first_name, person.last_name, person.email, ticket) for person in others),
    ]
    sent = SignUp(
        # One move of one registration, however often it is asked for.
        form_id=f"moved-{registration_id:010}-from-{here.slug}"[:64],
        people=tuple(party),
        language=leaving.language,
        privacy_version=leaving.privacy_version,
        phone=leaving.phone,
        school=leaving.school,
        remarks=leaving.remarks,
        newsletter=leaving.newsletter,
    )
    try:
        outcome = sign_up(there, sent, secret_key=secret_key, over_capacity=over_capacity, letter=letter)
    except SignupRefused:
        raise ChangeRefused("no_place") from None
    if outcome.kind == "known_address":
        raise ChangeRefused("known_address")
    arrived = outcome.registration
    changes.cancel(here, registration_id, letter=False)
    here.note(leaving, "moved", note=f"{there.slug} {arrived.reference}")
    there.note(arrived, "moved", note=f"{here.slug} {leaving.reference}")
    if paid := leaving.amount_paid:
        day = here.now.date()
        for registration, amount, other in ((leaving, -paid, arrived), (arrived, paid, leaving)):
            payments.record(
                here.session,
                registration,
                amount,
                day,
                actor=here.actor,
                now=here.now,
                note=other.reference,
            )
    return arrived

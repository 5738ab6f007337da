"""The sign-up form, made from the event: its shape is checked here, its rules in the domain.

Labels and messages are in the language in force, so a form's class is made for each request.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    PasswordField,
    RadioField,
    SelectChoice,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal.content.event import Event, Question, Ticket
from portal.domain import places, words
from portal.domain.addresses import LONGEST, email_key, is_address
from portal.domain.places import Availability, Taken
from portal.domain.privacy import PRIVACY_VERSION
from portal.domain.signup import Person, SignUp
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.web.fields import (
    LONGEST_LINE,
    LONGEST_TEXT,
    answers,
    answers_form,
    chosen,
    clean,
    clean_lines,
    length,
)

LONGEST_NAME = 100
FORM_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


def new_form_id() -> str:
    """The name of one form that somebody fills in."""
    return secrets.token_urlsafe(16)


def signup_form(event: Event, taken: Taken, now: datetime) -> Any:
    """The form for this event at this moment, filled with what this request brings.

    Its fields are those of the contract: the base fields, ``ticket`` where there is a choice, ``answers`` to the
    event's questions, and ``people`` for colleagues.
    """
    choices = _ticket_choices(event, taken, now)
    fields: dict[str, Any] = {
        "first_name": _name(_("First name"), "given-name"),
        "last_name": _name(_("Last name"), "family-name"),
        "email": _email(_("E-mail address"), [DataRequired(_("Fill in your e-mail address."))]),
        "phone": TelField(
            _("Telephone"),
            [length(50)],
            filters=[clean],
            description=_("Only for when something changes at the last minute."),
            render_kw={"autocomplete": "tel", "maxlength": 50},
        ),
        "school": StringField(
            _("School or organisation"),
            [length(LONGEST_LINE)],
            filters=[clean],
            render_kw={"autocomplete": "organization", "maxlength": LONGEST_LINE},
        ),
    }
    if choices:
        fields["ticket"] = RadioField(_("What do you sign up for?"), [chosen()], choices=choices)
    if event.questions:
        # The contact is asked what everybody is asked, and what is asked once.
        fields["answers"] = FormField(answers_form(event.questions))
    if event.max_party > 1:
        # One more than may come is read, so that too many are told rather than left out.
        person = _person_form(choices, [question for question in event.questions if question.each])
        fields["people"] = FieldList(FormField(person), max_entries=event.max_party)
    fields |= {
        "remarks": TextAreaField(
            _("Is there anything that we should know?"),
            [length(LONGEST_TEXT)],
            filters=[clean_lines],
            render_kw={"rows": 3, "maxlength": LONGEST_TEXT},
        ),
        "privacy": BooleanField(
            _("My data may be used to organise this event."),
            [InputRequired(_("Tick this box: without it we cannot keep your registration."))],
        ),
        "newsletter": BooleanField(_("Keep me informed about new events.")),
        "website": StringField(
            _("Leave this empty"),
            [
                Length(
                    max=0,
                    message=_("Please send the form once more: your browser had filled in a hidden field."),
                )
            ],
        ),
        "form_id": HiddenField(),
    }
    form = type("SignupForm", (FlaskForm,), fields)()
    if not FORM_ID.fullmatch(form.form_id.data or ""):
        form.form_id.data = new_form_id()
    return form


def add_person(form: Any) -> None:
    """Room for one more colleague."""
    form.people.append_entry()


def remove_person(form: Any, index: str) -> None:
    """Take the colleague out whose fields have this number."""
    form.people.entries[:] = [entry for entry in form.people.entries if _number(entry) != index]


def drop_blank_people(form: Any) -> None:
    """Take colleagues out of whom nothing was filled in: somebody asked for a row too many."""
    if "people" in form:
        form.people.entries[:] = [
            entry
            for entry in form.people.entries
            if entry.form.first_name.data or entry.form.last_name.data or entry.form.email.data
        ]


def empty_trap(form: Any) -> None:
    """Empty the field that people never see: who was caught by their browser's help gets through next time."""
    form.website.data = ""


def too_many(form: Any, event: Event) -> bool:
    """Whether more people were sent than one registration takes; the form then says so."""
    if "people" in form and len(form.people.entries) >= event.max_party:
        form.people.errors = [
            _("At most %(number)d people can sign up together.") % {"number": event.max_party}
        ]
        return True
    return False


def same_address_twice(form: Any) -> bool:
    """Whether two people of the party have one address; the second field then says so."""
    seen = {email_key(form.email.data)} if is_address(form.email.data or "") else set()
    twice = False
    for entry in form.people.entries if "people" in form else ():
        address = entry.form.email.data
        if address and is_address(address):
            if email_key(address) in seen:
                entry.form.email.errors = [
                    _("Somebody above has this address already; leave it empty or fill in another.")
                ]
                twice = True
            seen.add(email_key(address))
    return twice


def tickets_chosen(form: Any, event: Event) -> list[str]:
    """The ticket of each person as far as chosen; an event without a choice has only one."""
    only = event.offered_tickets[0].id
    if "ticket" not in form:
        return [only] * (1 + (len(form.people.entries) if "people" in form else 0))
    chosen = (
        [form.ticket.data, *(entry.form.ticket.data for entry in form.people.entries)]
        if "people" in form
        else [form.ticket.data]
    )
    return [ticket for ticket in chosen if event.ticket(ticket or "")]


def read(form: Any, event: Event) -> SignUp:
    """What a valid form says, as the value that the domain takes."""
    tickets = iter(tickets_chosen(form, event))
    each = [question for question in event.questions if question.each]
    once = [question for question in event.questions if not question.each]
    people = [
        Person(
            form.first_name.data,
            form.last_name.data,
            form.email.data,
            next(tickets),
            answers(form.answers.form, each) if each else {},
        )
    ]
    for entry in form.people.entries if "people" in form else ():
        person = entry.form
        people.append(
            Person(
                person.first_name.data,
                person.last_name.data,
                person.email.data,
                next(tickets),
                answers(person.answers.form, each) if each else {},
            )
        )
    return SignUp(
        form_id=form.form_id.data,
        people=tuple(people),
        language=current_language(),
        privacy_version=PRIVACY_VERSION,
        phone=form.phone.data,
        school=form.school.data,
        answers=answers(form.answers.form, once) if once else {},
        remarks=form.remarks.data,
        newsletter=form.newsletter.data,
    )


def problems(form: Any) -> list[tuple[str, str]]:
    """Every error of a form as (id of the field, message), in the form's order, for the summary on top."""
    found: list[tuple[str, str]] = []
    for field in form:
        if isinstance(field, FormField):
            found += problems(field.form)
        elif isinstance(field, FieldList):
            found += [(field.id, error) for error in field.errors if isinstance(error, str)]
            for number, entry in enumerate(field.entries, 1):
                who = _("Colleague %(number)s") % {"number": number}
                found += [(place, f"{who}: {error}") for place, error in problems(entry.form)]
        elif field.name == "website":
            # A hidden field is no place to send anybody to.
            found += [("", error) for error in field.errors]
        elif field.name != "csrf_token":
            found += [(field.id, f"{field.label.text} – {error}") for error in field.errors]
    return found


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """An organiser's sign-in; its labels stand in the template."""

    email = EmailField(render_kw={"autocomplete": "username"})
    password = PasswordField(render_kw={"autocomplete": "current-password"})


class TokenForm(FlaskForm):  # type: ignore[misc]
    """Proof that a form came from our page; its fields stand in the template."""


def _person_form(choices: Sequence[SelectChoice], questions: Sequence[Question]) -> type[Form]:
    fields: dict[str, Any] = {
        "first_name": _name(_("First name"), "off"),
        "last_name": _name(_("Last name"), "off"),
        "email": _email(_("E-mail address"), [], autocomplete="off"),
    }
    if choices:
        fields["ticket"] = RadioField(_("What do they sign up for?"), [chosen()], choices=choices)
    if questions:
        fields["answers"] = FormField(answers_form(questions))
    return type("PersonForm", (Form,), fields)


def _ticket_choices(event: Event, taken: Taken, now: datetime) -> list[SelectChoice]:
    """What can be chosen now, with price and places; nothing where there is no choice."""
    if len(event.tickets) < 2:
        return []
    return [
        SelectChoice(ticket.id, _ticket_label(event, ticket, taken))
        for ticket in event.tickets
        if places.on_sale(event, ticket.id, now)
    ]


def _ticket_label(event: Event, ticket: Ticket, taken: Taken) -> str:
    price = "" if ticket.price is None else words.money(ticket.price) if ticket.price else _("free")
    left = places.left(event, taken, ticket.id)
    state: places.State = "open"
    if left == 0:
        state = "full" if event.waitlist == "off" else "waitlist"
    return " · ".join(part for part in (ticket.label, price, words.places(Availability(state, left))) if part)


def _name(label: str, autocomplete: str) -> StringField:
    return StringField(
        label,
        [DataRequired(_("Fill in a name.")), length(LONGEST_NAME)],
        filters=[clean],
        render_kw={"autocomplete": autocomplete, "maxlength": LONGEST_NAME},
    )


def _email(label: str, validators: list[Any], autocomplete: str = "email") -> EmailField:
    return EmailField(
        label,
        [*validators, Optional(), length(LONGEST), _address],
        filters=[clean],
        render_kw={"autocomplete": autocomplete, "inputmode": "email", "maxlength": LONGEST},
    )


def _address(_form: Form, field: Field) -> None:
    if not is_address(field.data):
        raise ValidationError(_("Fill in one complete e-mail address, such as name@school.be."))


def _number(entry: FormField) -> str:
    return str(entry.name.rpartition("-")[2])

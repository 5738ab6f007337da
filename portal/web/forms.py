"""The sign-up form, made from the event: its shape is checked here, its rules in the domain.

Labels and messages are in the language in force, so a form's class is made for each request.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
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
    SelectChoice,
    StringField,
    TelField,
    TextAreaField,
)
from wtforms.csrf.core import CSRF
from wtforms.validators import DataRequired, Length, Optional, ValidationError

from portal.content.addresses import LONGEST, email_key, is_address
from portal.content.event import Event, Question
from portal.domain.privacy import PRIVACY_VERSION
from portal.domain.signup import Person, SignUp
from portal.domain.typed import LONGEST_LINE, LONGEST_NAME, LONGEST_PHONE, LONGEST_TEXT, clean, clean_lines
from portal.i18n import current_language
from portal.i18n import gettext as _
from portal.web.billing_form import billing_form, read_billing
from portal.web.fields import OrNothing, RadioField, Rows, answers, answers_form, chosen, length
from portal.web.tickets import Rooms, ticket_choices

FORM_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


class NumberedForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """A form that makes one registration, however often it is sent."""

    form_id = HiddenField()


def new_form_id() -> str:
    """The name of one form that somebody fills in."""
    return secrets.token_urlsafe(16)


def signup_form(event: Event, rooms: Rooms, token: type[CSRF] | None = None) -> Any:
    """The form for this event, to choose among the tickets of ``rooms``, filled with what this request brings.
    ``token``: what proves that it came from us, where that is not the session.

    Its fields are those of the contract: the base fields, ``ticket`` where there is a choice, ``answers`` to the
    event's questions, and ``people`` for colleagues.
    """
    fields = _party_fields(event, rooms, [DataRequired(_("Fill in your e-mail address."))])
    fields |= {
        "privacy": BooleanField(
            _("My data may be used to organise this event."),
            [DataRequired(_("Tick this box: without it we cannot keep your registration."))],
        ),
        "newsletter": newsletter_field(),
        "website": StringField(
            _("Leave this empty"),
            [
                Length(
                    max=0,
                    message=_("Please send the form once more: your browser had filled in a hidden field."),
                )
            ],
        ),
    }
    return _sign_up_with(fields, token)


def adding_form(event: Event, rooms: Rooms) -> Any:
    """The same for an organiser who signs somebody up: address and answers may be missing, and places may be gone
    over."""
    asked = tuple(replace(question, required=False) for question in event.questions)
    fields = _party_fields(replace(event, questions=asked), rooms, [])
    fields |= {
        "over_capacity": BooleanField(_("They get a place even where none is left.")),
        "letter": BooleanField(_("They get a mail, as if they had signed up themselves."), default=True),
    }
    return _sign_up_with(fields)


def _party_fields(event: Event, rooms: Rooms, email: list[Any]) -> dict[str, Any]:
    choices = ticket_choices(event, rooms)
    fields: dict[str, Any] = {
        "first_name": _name(_("First name"), "given-name"),
        "last_name": _name(_("Last name"), "family-name"),
        "email": _email(_("E-mail address"), email),
    } | contact_fields()
    if choices:
        fields["ticket"] = RadioField(_("What do you sign up for?"), [chosen()], choices=choices)
    if event.questions:
        # The contact is asked what everybody is asked, and what is asked once.
        fields["answers"] = FormField(answers_form(event.questions), "")
    if event.max_party > 1:
        # One more than may come is read, so that too many are told rather than left out.
        person = person_form(choices, [question for question in event.questions if question.each])
        fields["people"] = Rows(FormField(person), max_entries=event.max_party)
    if any(event.prices):
        fields["billing"] = FormField(billing_form(), "")
    return fields | {"remarks": remarks_field()}


def _sign_up_with(fields: dict[str, Any], token: type[CSRF] | None = None) -> Any:
    return _numbered(type("SignupForm", (NumberedForm,), fields), token)


def blank(token: type[CSRF] | None = None) -> Any:
    """What is another one's in each sign-up form, without its fields."""
    return _numbered(NumberedForm, token)


def values_of(form: Any) -> tuple[str, str]:
    """The token and the number of a form, as they stand in its page."""
    return form.csrf_token._value(), form.form_id.data  # noqa: SLF001  # what its widget writes


def _numbered(form_class: type[NumberedForm], token: type[CSRF] | None) -> Any:
    form = form_class(meta={"csrf_class": token} if token else {})
    if not FORM_ID.fullmatch(form.form_id.data or ""):
        form.form_id.data = new_form_id()
    return form


def add_or_remove_row(rows: FieldList, sent: Mapping[str, str], most: int) -> bool:
    """Whether a button asked for one more person, or one less; that is done then, up to ``most`` of them."""
    if "add_person" in sent and len(rows.entries) < most:
        rows.append_entry()
    if "remove_person" in sent:
        rows.entries[:] = [entry for entry in rows.entries if _number(entry) != sent["remove_person"]]
    return bool(sent.keys() & {"add_person", "remove_person"})


def stale() -> str:
    """What is said above a form whose page had been open for longer than its token holds."""
    return _("This page had been open for a long time. Nothing is lost: look it over and send it again.")


def can_add_colleague(form: Any, event: Event) -> bool:
    """Whether there is room for one more in a sign-up form."""
    return "people" in form and len(form.people.entries) < event.max_party - 1


def add_or_remove_colleague(form: Any, sent: Mapping[str, str], event: Event) -> bool:
    """Whether a button of a sign-up form asked for one more colleague, or one less; that is done then."""
    return "people" in form and add_or_remove_row(form.people, sent, event.max_party - 1)


def problem_status(form: Any, event: Event) -> int:
    """0 for a sign-up form in which all is well; else the status of the answer, 400 when its page is stale."""
    if "people" in form:
        drop_blank_rows(form.people)
    valid = form.validate()
    twice = same_address_twice(people_of(form))
    many = "people" in form and too_many(form.people, event.max_party - 1, event)
    if form.csrf_token.errors:
        return 400
    return 0 if valid and not twice and not many else 422


def drop_blank_rows(rows: FieldList) -> None:
    """Take people out of whom nothing was filled in: somebody asked for a row too many. A ticket alone is nothing, for
    it may have been chosen for them."""
    rows.entries[:] = [entry for entry in rows.entries if _filled_in(entry.form)]


def _filled_in(person: Form) -> bool:
    if person.first_name.data or person.last_name.data or person.email.data:
        return True
    # As it was sent, for what is no number is an answer too.
    questions = person.answers.form if "answers" in person else ()
    return any(text.strip() for question in questions for text in question.raw_data or ())


def empty_trap(form: Any) -> None:
    """Empty the field that people never see: who was caught by their browser's help gets through next time."""
    form.website.data = ""


def too_many(rows: FieldList, most: int, event: Event) -> bool:
    """Whether more people were sent than one registration takes; the form then says so."""
    if len(rows.entries) > most:
        rows.errors = [_("At most %(number)d people can sign up together.") % {"number": event.max_party}]
        return True
    return False


def same_address_twice(people: Iterable[Any]) -> bool:
    """Whether two people of the party (their forms) have one address; the second field then says so."""
    seen: set[str] = set()
    twice = False
    for person in people:
        address = person.email.data
        if address and is_address(address):
            if email_key(address) in seen:
                person.email.errors = [
                    _("Somebody above has this address already; leave it empty or fill in another.")
                ]
                twice = True
            seen.add(email_key(address))
    return twice


def answers_not_asked(event: Event, sent: Iterable[str]) -> list[str]:
    """The names of answers that were sent to questions which are not asked (any more) of whom they were sent for."""
    of_contact = {question.name for question in event.questions}
    of_colleagues = {question.name for question in event.questions if question.each and event.max_party > 1}
    gone = set()
    for field in sent:
        colleague, answer, name = field.partition("answers-")
        if answer and name not in (of_colleagues if colleague else of_contact):
            gone.add(name)
    return sorted(gone)


def tickets_chosen(form: Any, event: Event) -> list[str]:
    """The ticket of each person as far as chosen; an event without a choice has only one."""
    if "ticket" not in form:
        return [event.offered_tickets[0].id] * len(people_of(form))
    return [person.ticket.data for person in people_of(form) if event.ticket(person.ticket.data or "")]


def read(form: Any, event: Event) -> SignUp:
    """What a valid form says, as the value that the domain takes."""
    tickets = iter(tickets_chosen(form, event))
    each = [question for question in event.questions if question.each]
    once = [question for question in event.questions if not question.each]
    people = [read_person(person, next(tickets), each) for person in people_of(form)]
    return SignUp(
        form_id=form.form_id.data,
        people=tuple(people),
        language=current_language(),
        privacy_version=PRIVACY_VERSION,
        phone=form.phone.data,
        school=form.school.data,
        answers=answers(form.answers.form, once) if once else {},
        remarks=form.remarks.data,
        newsletter="newsletter" in form and form.newsletter.data,
        billing=read_billing(form.billing.form) if "billing" in form else None,
    )


def people_of(form: Any) -> list[Any]:
    """The form of each person in a sign-up form: its own fields are the contact's."""
    return [form, *(entry.form for entry in (form.people if "people" in form else ()))]


def read_person(person: Any, ticket: str, each: Sequence[Question]) -> Person:
    """What a valid form says of one person."""
    return Person(
        person.first_name.data,
        person.last_name.data,
        person.email.data or "",
        ticket,
        answers(person.answers.form, each) if each else {},
    )


def problems(form: Any) -> list[tuple[str, str]]:
    """Every error of a form as (id of the field, message), in the form's order, for the summary on top."""
    found: list[tuple[str, str]] = []
    for field in form:
        if isinstance(field, FormField):
            who = f"{field.label.text}: " if field.label.text else ""
            found += [(place, who + error) for place, error in problems(field.form)]
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


class TokenForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """Proof that a form came from our page; its fields stand in the template."""


def contact_fields() -> dict[str, Field]:
    """How the contact can be reached, and where they teach."""
    return {
        "phone": TelField(
            _("Telephone"),
            [length(LONGEST_PHONE)],
            filters=[clean],
            description=_("Only for when something changes at the last minute."),
            render_kw={"autocomplete": "tel", "maxlength": LONGEST_PHONE},
        ),
        "school": StringField(
            _("School or organisation"),
            [length(LONGEST_LINE)],
            filters=[clean],
            render_kw={"autocomplete": "organization", "maxlength": LONGEST_LINE},
        ),
    }


def remarks_field() -> TextAreaField:
    """Whatever else there is to say."""
    return TextAreaField(
        _("Is there anything that we should know?"),
        [length(LONGEST_TEXT)],
        filters=[clean_lines],
        render_kw={"rows": 3, "maxlength": LONGEST_TEXT},
    )


def newsletter_field() -> BooleanField:
    """Consent to hear of later events."""
    return BooleanField(_("Keep me informed about new events."))


def person_form(choices: Sequence[SelectChoice], questions: Sequence[Question]) -> type[Form]:
    """The form of one person, to stand inside another."""
    fields: dict[str, Any] = {
        "first_name": _name(_("First name"), "off"),
        "last_name": _name(_("Last name"), "off"),
        "email": _email(_("E-mail address"), [], autocomplete="off"),
    }
    if choices:
        must = chosen() if all(choice.value for choice in choices) else OrNothing()
        fields["ticket"] = RadioField(_("What do they sign up for?"), [must], choices=choices)
    if questions:
        fields["answers"] = FormField(answers_form(questions), "")
    return type("PersonForm", (Form,), fields)


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

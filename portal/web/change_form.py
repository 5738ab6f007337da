"""The form in which a registration is changed, by its registrant or by an organiser: what stands, to be typed over."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any

from flask import render_template, request
from flask_wtf import FlaskForm
from wtforms import Field, FieldList, FormField, HiddenField, SelectChoice

from portal.content.event import Event, Question
from portal.domain.changes import Change
from portal.domain.places import Taken
from portal.domain.signup import NO_INVOICE, Person
from portal.domain.typed import whole_number
from portal.i18n import gettext as _
from portal.storage.models import CANCELLED, WAITLISTED, Answer, Attendee, Registration
from portal.web import sent
from portal.web.billing_form import billing_form, read_billing
from portal.web.billing_form import filled as filled_billing
from portal.web.fields import Rows, answers, answers_form
from portal.web.forms import (
    add_or_remove_row,
    contact_fields,
    drop_blank_rows,
    newsletter_field,
    person_form,
    problems,
    read_person,
    remarks_field,
    same_address_twice,
    too_many,
)
from portal.web.tickets import rooms, ticket_choices, ticket_words


class ChangeForm:
    """The form for one registration as it stands: ``people-<position>`` for who is there, ``joining-<i>`` for who
    comes along, and what is asked once.

    ``fixed``: positions whose ticket is not to be chosen. ``seen``: the last history entry that is shown.
    ``all_tickets``: those too that are not on sale.
    """

    def __init__(
        self,
        registration: Registration,
        event: Event,
        taken: Taken,
        now: datetime,
        *,
        seen: int,
        fixed: Collection[int] = (),
        all_tickets: bool = False,
    ) -> None:
        self.event = event
        self.standing = [person for person in registration.attendees if person.status != CANCELLED]
        self.room = event.max_party - len(self.standing)
        self._each = [question for question in event.questions if question.each]
        self._once = [question for question in event.questions if not question.each]

        def offered(has: str | None = None) -> list[SelectChoice]:
            return ticket_choices(event, rooms(event, taken, now, has, all_tickets=all_tickets))

        form = type("ChangeForm", (FlaskForm,), self._fields(offered, fixed))
        filled = self._filled(registration) | {"seen": seen}
        self._stored = dict(_typed(form(formdata=None, data=filled, meta={"csrf": False})))
        filled["before"] = json.dumps({name: _text(field) for name, field in self._stored.items()})
        self.form = form(data=filled)

    def _fields(self, offered: Callable[..., list[SelectChoice]], fixed: Collection[int]) -> dict[str, Any]:
        """The fields, in the order of the page; ``offered`` gives the tickets for who has one already, and for who
        has none."""
        fields: dict[str, Any] = {}
        for person in self.standing:
            choices = [] if person.position in fixed else self._tickets(person, offered(person.ticket))
            fields[_of(person.position)] = FormField(
                person_form(choices, self._each), person.full_name, name=f"people-{person.position}"
            )
        if self.room > 0:
            # One more than may come is read, so that too many are told rather than left out.
            person_row = person_form(offered(), self._each)
            fields["joining"] = Rows(FormField(person_row), max_entries=self.room + 1)
        fields |= contact_fields()
        if self._once:
            fields["answers"] = FormField(answers_form(self._once), "")
        if any(self.event.prices):
            fields["billing"] = FormField(billing_form(), "")
        fields |= {"remarks": remarks_field(), "newsletter": newsletter_field()}
        return fields | {"seen": HiddenField(), "before": HiddenField()}

    def _tickets(self, person: Attendee, offered: list[SelectChoice]) -> list[SelectChoice]:
        """What somebody can choose; first what they have, as they saw it, when the file does not name it (any more)."""
        if not offered or self.event.ticket(person.ticket):
            return offered
        had = ticket_words(person.ticket_label, person.price, _("as it is now"))
        return [SelectChoice(person.ticket, had), *offered]

    def _filled(self, registration: Registration) -> dict[str, Any]:
        """What stands in them, from what is stored; what is filled in and has no field is left out."""
        filled: dict[str, Any] = {
            name: getattr(registration, name) for name in ("phone", "school", "remarks", "newsletter")
        }
        for person in self.standing:
            filled[_of(person.position)] = {
                "first_name": person.first_name,
                "last_name": person.last_name,
                "email": person.email,
                "ticket": person.ticket,
                "answers": _filled(person.answers, self._each),
            }
        filled["answers"] = _filled(registration.answers, self._once)
        if any(self.event.prices):
            filled["billing"] = filled_billing(registration.billing)
        return filled

    def people(self) -> list[tuple[Attendee, Any]]:
        """Who is there, with the form of each."""
        return [(person, self.form[_of(person.position)].form) for person in self.standing]

    def everybody(self) -> list[Any]:
        """The form of each who is there or comes along."""
        joining = self.form.joining if "joining" in self.form else ()
        return [*(form for _person, form in self.people()), *(entry.form for entry in joining)]

    @property
    def can_add(self) -> bool:
        """Whether there is room for one more."""
        return "joining" in self.form and len(self.form.joining.entries) < self.room

    def add_or_remove_row(self) -> bool:
        """Whether a button asked for one more person, or one less; that is done then."""
        return "joining" in self.form and add_or_remove_row(self.form.joining, request.form, self.room)

    def problem_status(self) -> int:
        """0 when all is well; else the status of the answer, 400 when the page is stale."""
        form = self.form
        if "joining" in form:
            drop_blank_rows(form.joining)
        valid = form.validate()
        twice = same_address_twice(self.everybody())
        many = "joining" in form and too_many(form.joining, self.room, self.event)
        if form.csrf_token.errors:
            return 400
        return 0 if valid and not twice and not many else 422

    def show_anew(self, seen: int) -> list[tuple[str, str]]:
        """Lay what was typed over what is stored by now, history entry ``seen``; what was left as it was shown
        follows. Returns what is stored otherwise than it was shown: the label and the value of each.
        """
        try:
            before = dict(sent.read(self.form.before.data))
        except (TypeError, ValueError):
            before = {}
        meanwhile = []
        for name, field in _typed(self.form):
            stored = self._stored[name]
            if before.get(name) != _text(stored):
                meanwhile.append((field.label.text, _text(stored)))
            if before.get(name) == _text(field):
                field.data, field.raw_data = stored.data, None
        self.form.seen.data = seen
        self.form.before.data = json.dumps({name: _text(field) for name, field in self._stored.items()})
        return meanwhile

    def read(self) -> Change:
        """What a valid form asks for."""
        form = self.form
        joining = form.joining if "joining" in form else ()
        only = self.event.offered_tickets[0].id
        return Change(
            people={person.position: self._read(fields, person.ticket) for person, fields in self.people()},
            joining=[self._read(entry.form, only) for entry in joining],
            answers=answers(form.answers.form, self._once) if self._once else {},
            phone=form.phone.data,
            school=form.school.data,
            remarks=form.remarks.data,
            newsletter=form.newsletter.data,
            billing=(read_billing(form.billing.form) or NO_INVOICE) if "billing" in form else None,
            seen=whole_number(next(iter(form.seen.raw_data or ()), None)) or 0,
        )

    def _read(self, fields: Any, ticket: str) -> Person:
        return read_person(fields, fields.ticket.data if "ticket" in fields else ticket, self._each)


def change_page(
    template: str,
    registration: Registration,
    shown: ChangeForm,
    notice: str = "",
    meanwhile: Sequence[tuple[str, str]] = (),
    **around: object,
) -> str:
    """The page with the form; ``meanwhile`` is what ``show_anew`` gave, ``around`` what else the template asks for."""
    return render_template(
        template,
        registration=registration,
        event=shown.event,
        shown=shown,
        form=shown.form,
        problems=problems(shown.form),
        notice=notice,
        meanwhile=meanwhile,
        can_add=shown.can_add,
        waiting=registration.status == WAITLISTED,
        **around,
    )


def refusal(kind: str) -> str:
    """Why a change was not made, in words that say what can be done."""
    return {
        "gone": _("Somebody was cancelled meanwhile. Nothing was changed: look it over and send it again."),
        "meanwhile": _(
            "Something else was changed meanwhile. Nothing was changed now: look it over and send it again."
        ),
        "no_place": _("There is no place for this change. Nothing was changed: you keep what you have."),
        "no_such_ticket": _("That can no longer be chosen. Nothing was changed: you keep what you have."),
        "too_many": _("So many people cannot sign up together. Nothing was changed."),
        "fixed": _("The organiser has settled this. Nothing was changed: write to them if it is not right."),
        "too_late": _("It is too late for this change. Nothing was changed: write to the organiser."),
        "known_address": _("This address has a registration of its own for this event. Nothing was changed."),
    }[kind]


def _of(position: int) -> str:
    return f"person_{position}"


def _typed(form: Any) -> Iterator[tuple[str, Field]]:
    """The fields of what is stored, by name: all but who comes along, and what is hidden."""
    for field in form:
        if isinstance(field, FormField):
            yield from _typed(field.form)
        elif not isinstance(field, FieldList | HiddenField):
            yield field.name, field


def _text(field: Field) -> str:
    return "\n".join(field.data) if isinstance(field.data, list) else str(field.data or "")


def _filled(given: Iterable[Answer], questions: Iterable[Question]) -> dict[str, Any]:
    """What was answered, by field, as the fields take it; an answer that a question no longer takes is left out."""
    stored = {answer.name: answer.value for answer in given}
    return {f"question_{q.name}": _value(q, stored.get(q.name, "")) for q in questions}


def _value(question: Question, stored: str) -> Any:
    match question.type:
        case "checkbox":
            return stored == "yes"
        case "checkboxes":
            return stored.split("\n") if stored else []
        case "number":
            return int(stored) if stored.isdecimal() else None
        case "date":
            try:
                return date.fromisoformat(stored)
            except ValueError:
                return None
    return stored

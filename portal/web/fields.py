"""Form fields: those of an event's own questions, and what several forms have in common."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

import wtforms
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateField,
    Field,
    FieldList,
    Form,
    IntegerField,
    SelectChoice,
    StringField,
    TextAreaField,
)
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.content.event import Event, Question
from portal.domain import words
from portal.domain.typed import LARGEST_NUMBER, LONGEST_LINE, LONGEST_TEXT, clean, clean_lines
from portal.i18n import gettext as _

Problems = list[tuple[str, str]]
"""What is wrong with a form: the id of a field, and the words."""


def form_of(name: str, fields: Mapping[str, Any]) -> Any:
    """A form of these fields, filled with what the request brings; a field that is None is left out."""
    return type(name, (FlaskForm,), {key: field for key, field in fields.items() if field})()


def first_problems(form: Any) -> Problems:
    """What is wrong with each field of a form, in its order, for the summary."""
    return [(field.id, field.errors[0]) for field in form if field.errors]


def refuse(field: Field, wrong: str) -> Problems:
    """Say at the field what is wrong with it; returns that for the summary."""
    field.errors = [wrong]
    return [(field.id, wrong)]


class _Offered:
    """Says in our words, and in the reader's language, that something is not offered: when it was shown, it may have
    been."""

    def pre_validate(self, form: Form) -> None:
        try:
            super().pre_validate(form)  # type: ignore[misc]  # the field's
        except ValidationError:
            raise ValidationError(_("This can no longer be chosen. Choose one of these.")) from None


# By WTForms' own names, which decide on how they are drawn.
class RadioField(_Offered, wtforms.RadioField):  # type: ignore[misc]
    """One of several, all in view."""


class SelectField(_Offered, wtforms.SelectField):  # type: ignore[misc]
    """One of many, to unfold."""


class SelectMultipleField(_Offered, wtforms.SelectMultipleField):  # type: ignore[misc]
    """As many of several as one likes."""


class Rows(FieldList):  # type: ignore[misc]
    """A form for each of several people; what somebody sends under a name without a number is no row."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        # WTForms takes ² for a digit, and as many of them as there are.
        row = re.compile(rf"{re.escape(prefix)}-[0-9]{{1,9}}-")
        found: Iterator[int] = super()._extract_indices(prefix, filter(row.match, formdata))
        return found


def answers_form(questions: Iterable[Question]) -> type[Form]:
    """The form of these questions, to stand inside another."""
    # Named with a prefix inside, so that no question can stand on what every form has, such as "data".
    return type("AnswersForm", (Form,), {f"question_{q.name}": _question(q) for q in questions})


def _question(question: Question) -> Any:
    required = [DataRequired(_("Fill this in."))] if question.required else [Optional()]
    shared = {"name": question.name, "description": question.help}
    options = [SelectChoice(option, option) for option in question.options]
    longest = question.max or (LONGEST_TEXT if question.type == "textarea" else LONGEST_LINE)
    match question.type:
        case "text":
            return StringField(
                question.label,
                [*required, length(longest)],
                filters=[clean],
                render_kw={"maxlength": longest},
                **shared,
            )
        case "textarea":
            return TextAreaField(
                question.label,
                [*required, length(longest)],
                filters=[clean_lines],
                render_kw={"maxlength": longest, "rows": 3},
                **shared,
            )
        case "select":
            return SelectField(
                question.label,
                required,
                choices=[SelectChoice("", _("Choose …")), *options],
                validate_choice=True,
                **shared,
            )
        case "radio":
            return RadioField(
                question.label, [chosen()] if question.required else [Optional()], choices=options, **shared
            )
        case "checkbox":
            ticked = [DataRequired(_("Tick this box."))] if question.required else []
            return BooleanField(question.label, ticked, **shared)
        case "checkboxes":
            most = [_at_most(question.max)] if question.max else []
            return SelectMultipleField(
                question.label,
                [*required, *most],
                choices=options,
                widget=ListWidget(prefix_label=False),
                option_widget=CheckboxInput(),
                **shared,
            )
        case "number":
            limit = NumberRange(
                0,
                question.max or LARGEST_NUMBER,
                _("Fill in a whole number from 0 to %(max)d.") % {"max": question.max or LARGEST_NUMBER},
            )
            given = [InputRequired(_("Fill this in."))] if question.required else [Optional()]
            return _WholeNumber(question.label, [*given, limit], render_kw={"inputmode": "numeric"}, **shared)
        case "date":
            return Day(question.label, required, **shared)


class _WholeNumber(IntegerField):  # type: ignore[misc]
    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[0].strip():
            try:
                super().process_formdata(valuelist)
            except ValueError:
                raise ValueError(_("Fill in a whole number.")) from None


class Day(DateField):  # type: ignore[misc]
    """A day; what is none is said in words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if valuelist and valuelist[0].strip():
            try:
                super().process_formdata(valuelist)
            except ValueError:
                raise ValueError(_("Fill in a day, such as 2027-03-14.")) from None


def answers(form: Form, questions: Iterable[Question]) -> dict[str, str]:
    """What was answered, by question name, as it is stored."""
    return {q.name: _answer(form[f"question_{q.name}"].data) for q in questions}


def _answer(value: Any) -> str:
    """An answer as it is stored: several options on lines of their own, days in ISO 8601."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return "\n".join(value)
    return str(value)


def length(longest: int) -> Length:
    """At most so many characters, said in words."""
    return Length(max=longest, message=_("Use at most %(max)d characters.") % {"max": longest})


def chosen() -> InputRequired:
    """One of the options has to be chosen."""
    return InputRequired(_("Choose one."))


class OrNothing:
    """One of the options has to be chosen, and one of them is empty. The field itself refuses what is none of them."""

    field_flags: ClassVar = {"required": True}

    def __call__(self, form: Form, field: Field) -> None:
        """All is well."""


def _at_most(number: int) -> Any:
    def check(_form: Form, field: Field) -> None:
        if len(field.data) > number:
            raise ValidationError(_("Choose at most %(number)d.") % {"number": number})

    return check


def ticked(
    label: str,
    choices: Sequence[SelectChoice],
    default: Iterable[str],
    description: str = "",
    otherwise: str = "",
) -> Any:
    """A choice of several as boxes to tick; of none too, unless there is something to be said ``otherwise``."""
    return SelectMultipleField(
        label,
        [InputRequired(otherwise) if otherwise else Optional()],
        choices=choices,
        default=sorted(default),
        description=description,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def some_events(events: Iterable[Event], before: Collection[str], description: str) -> Any:
    """Which events something is for; those of ``before`` (slugs) can be chosen again when they are over. None where
    there is nothing to choose."""
    choices = [SelectChoice(event.slug, f"{event.title}, {words.day(event.starts)}") for event in events]
    choices += [
        SelectChoice(slug, slug) for slug in sorted(set(before) - {choice.value for choice in choices})
    ]
    return ticked(_("Only for these events"), choices, before, description) if choices else None

"""The forms of accounts; their rules are the domain's."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    Field,
    PasswordField,
    RadioField,
    SelectChoice,
    StringField,
)

from portal.content.event import Event
from portal.domain.accounts import ROLES
from portal.domain.addresses import LONGEST
from portal.i18n import gettext as _
from portal.storage.models import DOOR, ORGANISER, OWNER, Organiser
from portal.web.fields import chosen, some_events

Problems = list[tuple[str, str]]
"""What is wrong with a form: the id of a field, and the words."""


class LoginForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF has no types
    """An organiser's sign-in; its labels stand in the template."""

    email = EmailField(render_kw={"autocomplete": "username"})
    password = PasswordField(render_kw={"autocomplete": "current-password"})


class CodeForm(FlaskForm):  # type: ignore[misc]
    """A code of the app; its labels stand in the template."""

    code = StringField(
        render_kw={
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
            "maxlength": 40,
        }
    )


class AddressForm(FlaskForm):  # type: ignore[misc]
    """Whose password was forgotten; its label stands in the template."""

    email = EmailField(render_kw={"autocomplete": "username", "maxlength": LONGEST})


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """A password that somebody chooses, and the one of before where they have to know it."""

    current = PasswordField(render_kw={"autocomplete": "current-password"})
    password = PasswordField(render_kw={"autocomplete": "new-password"})


def account_form(events: Iterable[Event], organiser: Organiser | None = None) -> Any:
    """What an account may: its role and its events, and for a new one its address."""
    bound = {event.event_slug for event in organiser.events} if organiser else set()
    fields = {
        "role": RadioField(
            _("Role"),
            [chosen()],
            choices=[SelectChoice(role, role_words(role)) for role in ROLES],
            default=organiser.role if organiser else None,
        ),
        "events": some_events(
            events, bound, _("Tick none for all events, those of later too. An owner always has all.")
        ),
    }
    if organiser is None:
        address = EmailField(
            _("E-mail address"), [chosen()], render_kw={"autocomplete": "off", "maxlength": LONGEST}
        )
        fields = {"email": address} | fields
    return type("AccountForm", (FlaskForm,), {name: field for name, field in fields.items() if field})()


def role_words(role: str) -> str:
    """What a role is, for who gives it."""
    return {
        OWNER: _("Owner: everything, accounts too"),
        ORGANISER: _("Organiser: registrations, letters, payments"),
        DOOR: _("Door: only who comes in"),
    }[role]


def refuse(field: Field, wrong: str) -> Problems:
    """Say at the field what is wrong with it; returns that for the summary."""
    field.errors = [wrong]
    return [(field.id, wrong)]


def password_words(kind: str) -> str:
    """Why a password cannot be chosen."""
    return {
        "length": _("A password has 12 to 128 characters. A short sentence is easy to remember."),
        "common": _("This password is among those that are guessed first. Choose another one."),
    }[kind]

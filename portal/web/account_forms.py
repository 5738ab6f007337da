"""The forms of accounts; their rules are the domain's."""

from collections.abc import Iterable
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    EmailField,
    PasswordField,
    SelectChoice,
    StringField,
)
from wtforms.validators import DataRequired, Optional

from portal.content.addresses import LONGEST
from portal.content.event import Event
from portal.domain.accounts import ROLES
from portal.domain.api_tokens import ATTENDEES, EVENTS, LONGEST_NAME, SCOPES
from portal.domain.typed import clean
from portal.i18n import gettext as _
from portal.storage.models import DOOR, ORGANISER, OWNER, Organiser
from portal.web.fields import Day, RadioField, chosen, form_of, some_events, ticked


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

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.password.description = _(
            "12 to 128 characters, of any kind. A short sentence is easy to remember."
        )


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
    return form_of("AccountForm", fields)


def token_form(events: Iterable[Event]) -> Any:
    """A new token for the API: its name, what it may read, of which events, and until when."""
    fields = {
        "name": StringField(
            _("What is it for?"),
            [DataRequired(_("Give it a name of at most a hundred characters."))],
            filters=[clean],
            description=_("A name by which you know it again, such as “newsletter” or “the website”."),
            render_kw={"autocomplete": "off", "maxlength": LONGEST_NAME},
        ),
        "scopes": ticked(
            _("What may it read?"),
            [SelectChoice(scope, scope_words(scope)) for scope in SCOPES],
            (),
            otherwise=_("Tick what it may read."),
        ),
        "events": some_events(events, (), _("Tick none for all events, those of later too.")),
        "last_day": Day(
            _("Until and including"),
            [Optional()],
            description=_("Leave it empty for a token that stays until somebody revokes it."),
        ),
    }
    return form_of("ApiTokenForm", fields)


def scope_words(scope: str) -> str:
    """What a scope lets a program read."""
    return {
        ATTENDEES: _("Attendees: who comes, with addresses and answers"),
        EVENTS: _("Drafts: events that are not published yet"),
    }[scope]


def role_words(role: str) -> str:
    """What a role is, for who gives it."""
    return {
        OWNER: _("Owner: everything, accounts too"),
        ORGANISER: _("Organiser: registrations, letters, payments"),
        DOOR: _("Door: only who comes in"),
    }[role]


def password_words(kind: str) -> str:
    """Why a password cannot be chosen."""
    return {
        "length": _("A password has 12 to 128 characters. A short sentence is easy to remember."),
        "common": _("This password is among those that are guessed first. Choose another one."),
    }[kind]

"""Which language an answer is in: the visitor's choice, then the event's, then the browser's, then the site's."""

from datetime import timedelta

from flask import request

from portal.i18n import LANGUAGES, set_language
from portal.web.extensions import site

COOKIE = "language"
CHOICE_LASTS = timedelta(days=365)


def offered() -> list[tuple[str, str]]:
    """The site's languages: code and own name, the default first."""
    return [(code, LANGUAGES[code]) for code in site().languages]


def speak(event_language: str | None = None) -> None:
    """Choose the language of this answer. An event's page hands in its language once it is known."""
    codes = site().languages
    wishes = (request.cookies.get(COOKIE), event_language, request.accept_languages.best_match(codes))
    set_language(next((wish for wish in wishes if wish in codes), codes[0]))

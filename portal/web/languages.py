"""Which language an answer is in: the visitor's choice, then the event's, then the browser's, then the site's. In a
frame that of the page around it comes first."""

from datetime import timedelta

from flask import request

from portal.i18n import LANGUAGES, set_language
from portal.web.extensions import portal, site

CHOICE_LASTS = timedelta(days=365)


def cookie() -> str:
    """The name of the cookie with the visitor's choice."""
    return cookie_name(portal().settings.secure)


def cookie_name(secure: bool) -> str:
    """Its name with TLS and without; over TLS no other host can set one that is called so."""
    return "__Host-language" if secure else "language"


def offered() -> list[tuple[str, str]]:
    """The site's languages: code and own name, the default first."""
    return [(code, LANGUAGES[code]) for code in site().languages]


def speak(event_language: str | None = None) -> None:
    """Choose the language of this answer. An event's page hands in its language once it is known."""
    codes = site().languages
    # A frame speaks as the page around it, which says so; it has no cookie.
    around = request.args.get("language", "")[:2] if request.blueprint == "embed" else ""
    wishes = (
        around,
        request.cookies.get(cookie()),
        event_language,
        request.accept_languages.best_match(codes),
    )
    set_language(next((wish for wish in wishes if wish in codes), codes[0]))

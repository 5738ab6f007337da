"""The words of the portal in the reader's language: gettext catalogues, and the language in force.

Messages are written in English in the code. The catalogues are read from their ``.po`` files, so
that there is nothing to compile and nothing that can be out of date.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"nl": "Nederlands", "en": "English", "fr": "Français", "de": "Deutsch"}
"""The languages that the portal speaks, under their own names."""

SOURCE = "en"
CATALOGUES = Path(__file__).parent / "translations"

# How dates, numbers and money are written by those whom we write to.
_TERRITORIES = {"nl": "nl_BE", "en": "en_GB", "fr": "fr_BE", "de": "de_DE"}

_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def current_language() -> str:
    """The language in force here, such as ``nl``."""
    return _language.get()


def set_language(language: str) -> None:
    """Put ``language`` in force for the rest of this context (a request)."""
    _language.set(language)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Put ``language`` in force for a block."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


def locale() -> Locale:
    """Babel's locale for the language in force."""
    return _locale(current_language())


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(_TERRITORIES[language])


@lru_cache
def _catalogue(language: str) -> NullTranslations:
    path = CATALOGUES / language / "LC_MESSAGES" / "messages.po"
    if language == SOURCE or not path.is_file():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def gettext(message: str) -> str:
    """The message in the language in force; in English where the catalogue has none."""
    return _catalogue(current_language()).gettext(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of the message that goes with ``number``."""
    return _catalogue(current_language()).ngettext(singular, plural, number)


def pgettext(context: str, message: str) -> str:
    """The message as it is said in ``context``."""
    return _catalogue(current_language()).pgettext(context, message)


def npgettext(context: str, singular: str, plural: str, number: int) -> str:
    """The form of the message that goes with ``number``, as it is said in ``context``."""
    return _catalogue(current_language()).npgettext(context, singular, plural, number)

"""The supervisory authorities to which one complains about what is done with personal data (GDPR, article 77)."""

from dataclasses import dataclass

from babel import Locale

from portal.i18n import LANGUAGES


@dataclass(frozen=True)
class Authority:
    """Its name in a language that is spoken there, and where it is."""

    name: str
    url: str


_AUTHORITIES = {
    "BE": {
        "nl": Authority("Gegevensbeschermingsautoriteit", "https://www.gegevensbeschermingsautoriteit.be/"),
        "fr": Authority("Autorité de protection des données", "https://www.autoriteprotectiondonnees.be/"),
        "de": Authority("Datenschutzbehörde", "https://www.datenschutzbehorde.be/"),
        "en": Authority("Data Protection Authority", "https://www.dataprotectionauthority.be/"),
    },
    "NL": {"": Authority("Autoriteit Persoonsgegevens", "https://www.autoriteitpersoonsgegevens.nl/")},
    "FR": {"": Authority("CNIL", "https://www.cnil.fr/")},
    # Each Land has its own for organisations; this one has the list of them.
    "DE": {"": Authority("Datenschutzaufsichtsbehörde", "https://www.bfdi.bund.de/")},
    "LU": {"": Authority("CNPD", "https://cnpd.public.lu/")},
}


def authority(country: str, language: str) -> Authority | None:
    """That of a country, written as two letters (ISO 3166-1) or as a name in one of our languages; None when it is not
    known."""
    names = _AUTHORITIES.get(_code(country))
    if names is None:
        return None
    return names.get(language) or names.get("") or names["en"]


def _code(country: str) -> str:
    written = country.strip().casefold()
    for language in LANGUAGES:
        territories = Locale(language).territories
        for code in _AUTHORITIES:
            if written in (code.casefold(), territories[code].casefold()):
                return code
    return ""

"""The organisation: ``site.yaml`` as frozen values."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import cast, get_args
from zoneinfo import ZoneInfo

import stdnum.bic
import stdnum.iban

from portal.content.decoding import decode, without_tabs_in_yaml
from portal.content.event import Notify, Registration
from portal.content.fields import Fields
from portal.content.findings import Findings, shown
from portal.content.frontmatter import Unreadable, read_yaml
from portal.content.images import Images
from portal.content.links import host_of, is_web_address, local_path
from portal.content.problems import Edit, Problem
from portal.content.source import read_source
from portal.i18n import LANGUAGES

BRUSSELS = ZoneInfo("Europe/Brussels")
FILE_NAME = "site.yaml"


@dataclass(frozen=True)
class Bank:
    name: str
    iban: str
    bic: str = ""


@dataclass(frozen=True)
class Organisation:
    name: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    enterprise_number: str = ""
    vat: str = ""


@dataclass(frozen=True, kw_only=True)
class Site:
    """Whose portal this is. ``languages[0]`` is the default; ``accent`` is ``#rrggbb``; ``logo`` a path below
    ``images/`` or empty; ``contact`` an e-mail address, empty when no ``site.yaml`` says one."""

    name: str
    contact: str = ""
    url: str = ""
    logo: str = ""
    accent: str = "#2f6f8f"
    languages: tuple[str, ...] = ("nl",)
    timezone: ZoneInfo = BRUSSELS
    replaces_registration_hosts: tuple[str, ...] = ()
    default_registration: Registration = "portal"
    bank: Bank | None = None
    organisation: Organisation = field(default_factory=Organisation)
    keep_days: int = 365
    repository_url: str = ""
    notify: Notify = "none"


KEYS = tuple(part.name for part in fields(Site))

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}")


def site_in(content: Path, images: Images) -> tuple[Site | None, tuple[Problem, ...]]:
    """The site of a content folder, and what is wrong with it; None when anything is an error.

    Raises ``FileNotFoundError`` when there is no ``site.yaml``.
    """
    try:
        source = read_source(content / FILE_NAME)
    except FileNotFoundError:
        raise
    except OSError as error:
        what = f"the file cannot be read ({error.strerror})"
        return None, (Problem(FILE_NAME, 1, "error", what, "check its rights"),)
    site, problems = read_site(source, content.name)
    if site and site.logo and not images.has(site.logo):
        what, mend = f"`logo` images/{site.logo} is not there", "put the file there, or take the line away"
        problems = (*problems, Problem(FILE_NAME, 1, "warning", what, mend))
    return site, problems


def read_site(source: bytes, folder_name: str) -> tuple[Site | None, tuple[Problem, ...]]:
    """The site that the bytes of ``site.yaml`` describe, and what is wrong with them.

    None when anything is an error. ``folder_name`` names the site in a file that is quite empty.
    """
    findings = Findings(FILE_NAME)
    text = decode(source, findings)
    if text is None:
        return None, findings.in_order()
    try:
        mapping = read_yaml(without_tabs_in_yaml(text, findings))
    except Unreadable as error:
        findings.error(error.line, error.what, error.mend)
        return None, findings.in_order()
    if not mapping.entries:
        return Site(name=folder_name), findings.in_order()
    site = _read(_Strict(mapping, findings))
    return (None if findings.refused else site), findings.in_order()


def _read(keys: "_Strict") -> Site:
    keys.known_only(KEYS)
    name = keys.text("name", 200)
    if not name and "name" not in keys:
        keys.findings.error(keys.line_of("name"), "`name` is missing", "add the name of the organisation")
    return Site(
        name=name,
        contact=keys.address("contact"),
        url=keys.link("url").rstrip("/"),
        logo=_logo(keys),
        accent=_accent(keys),
        languages=_languages(keys),
        timezone=_timezone(keys),
        replaces_registration_hosts=_hosts(keys),
        default_registration=cast(
            "Registration", keys.choice("default_registration", ("portal", "none"), Site.default_registration)
        ),
        bank=_bank(keys),
        organisation=_organisation(keys),
        keep_days=keys.number("keep_days", 1, 36_500) or Site.keep_days,
        repository_url=keys.link("repository_url").rstrip("/"),
        notify=cast("Notify", keys.choice("notify", get_args(Notify), Site.notify)),
    )


class _Strict(Fields):
    """Here a key that is not known is an error: nobody else reads this file."""

    def not_known(self, line: int, what: str, mend: str, *edits: Edit) -> None:
        self.findings.error(line, what, mend, *edits)


def _accent(keys: _Strict) -> str:
    like = 'a colour like "#2f6f8f", between quotes'
    if keys.is_written("accent") and "accent" not in keys:
        # An unquoted "#2f6f8f" is a comment to YAML, and leaves the key empty.
        keys.wrong("accent", "empty", f"give {like}")
    return _matching(keys, "accent", _COLOUR.fullmatch, like) or Site.accent


def _logo(keys: _Strict) -> str:
    value = keys.scalar("logo")
    if value is None or not value.text.strip():
        return ""
    path = local_path(value.text.strip())
    if path is None or not path or "\\" in path or ".." in path.split("/"):
        keys.wrong("logo", shown(value.text), "give the path of a file below images/")
        return ""
    return path


def _languages(keys: _Strict) -> tuple[str, ...]:
    found = keys.texts("languages")
    for language, line in found:
        if language not in LANGUAGES:
            keys.findings.error(
                line, f"the language {shown(language)} is not known", f"choose from {', '.join(LANGUAGES)}"
            )
    if "languages" in keys and not found:
        keys.wrong("languages", "empty", "name at least one language, like [nl]")
    return tuple(dict.fromkeys(language for language, _ in found)) or Site.languages


def _timezone(keys: _Strict) -> ZoneInfo:
    name = keys.text("timezone")
    if not name:
        return BRUSSELS
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):
        keys.wrong("timezone", shown(name), "give a name like Europe/Brussels")
        return BRUSSELS


def _hosts(keys: _Strict) -> tuple[str, ...]:
    hosts = []
    for written, line in keys.texts("replaces_registration_hosts"):
        if _HOST.fullmatch(written.casefold()):
            hosts.append(written.casefold())
        else:
            meant = f", like {host_of(written)}" if is_web_address(written) else ", like tickets.example.org"
            keys.findings.error(
                line, f"{shown(written)} is no host", f"give the name of the host only{meant}"
            )
    return tuple(hosts)


def _bank(keys: _Strict) -> Bank | None:
    bank = keys.group("bank")
    if bank is None:
        return None
    bank.known_only(("name", "iban", "bic"))
    for key in ("name", "iban"):
        if key not in bank:
            bank.findings.error(
                bank.line, f"{bank.name(key)} is missing", "add it, or take the whole of `bank` away"
            )
    like = "an account number like BE71 0961 2345 6769"
    number = _matching(bank, "iban", _is_iban, like, read=_closed_up)
    like = "a code of 8 or 11 letters and digits"
    code = _matching(bank, "bic", stdnum.bic.is_valid, like, read=_closed_up)
    return Bank(bank.text("name", 200), number, code)


def _matching(
    keys: _Strict, key: str, fits: Callable[[str], object], like: str, read: Callable[[str], str] = str.strip
) -> str:
    """The value as ``read`` gives it; empty when there is none, or one that does not fit."""
    value = keys.scalar(key)
    text = read(value.text) if value else ""
    if value and not fits(text):
        keys.wrong(key, shown(value.text), f"give {like}")
        return ""
    return text


def _organisation(keys: _Strict) -> Organisation:
    organisation = keys.group("organisation")
    if organisation is None:
        return Organisation()
    names = tuple(part.name for part in fields(Organisation))
    organisation.known_only(names)
    return Organisation(**{name: organisation.text(name, 200) for name in names})


def _is_iban(number: str) -> bool:
    # Without check_country, which knows the Belgian banks by a list and would refuse a bank that is new.
    return stdnum.iban.is_valid(number, check_country=False)


def _closed_up(written: str) -> str:
    return re.sub(r"[\s.-]", "", written).upper()

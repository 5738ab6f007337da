"""What the portal is told from outside: environment variables, or the same lines in a ``.env`` file."""

import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from dotenv import dotenv_values

EMBEDDED_SERVER = "http://127.0.0.1:8000"
MINIMUM_KEY_LENGTH = 32
MINIMUM_TOKEN_LENGTH = 16
PREFIX = "PORTAL_"
HIDDEN = "***"


class SettingError(Exception):
    """A variable has a value that it cannot have; the message is one line that names it and what it takes."""

    def __init__(self, variable: str, takes: str) -> None:
        super().__init__(f"{variable}: {takes}")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings in force. Made by ``load``; in tests by naming only what matters."""

    data_dir: Path = Path("var")
    content_dir: Path = Path("content")
    database_url: str = ""
    base_url: str = EMBEDDED_SERVER
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    """Newest first: what the first did not sign, one of the others may have."""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    limiter_storage: str = "memory://"
    rate_limits: bool = True
    proxy_hops: int = 0
    log_format: Literal["text", "json"] = "text"
    metrics_token: str = field(default="", repr=False)
    sentry_dsn: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if not self.database_url:
            database = (self.data_dir / "portal.db").absolute()
            object.__setattr__(self, "database_url", f"sqlite:///{database}")

    @property
    def secret_key(self) -> str:
        """The key that signs what is new."""
        return self.secret_keys[0]

    @property
    def embedded_database(self) -> bool:
        """Whether the database is the portal's own file, which it may migrate by itself."""
        return self.database_url.startswith("sqlite:")

    @property
    def secure(self) -> bool:
        """Whether visitors come over TLS, so that cookies may ask for it."""
        return self.base_url.startswith("https://")

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        dotenv: Path = Path(".env"),
        base_url: str = EMBEDDED_SERVER,
    ) -> "Settings":
        """Read the variables; ``environ`` (the process's own when None) goes before the file.

        ``base_url`` is the address served on, for when no variable tells another. Raises SettingError for the
        first wrong value. An empty value counts as not given.
        """
        given: dict[str, Any] = {"base_url": base_url}
        for variable, told in said(environ, dotenv).items():
            if variable in VARIABLES:
                name, parse = VARIABLES[variable]
                given[name] = parse(variable, told.value)
        return cls(**given)

    def with_secret_key(self) -> "Settings":
        """These settings with a key: the one given, else the one kept in the data folder, made on first use."""
        if self.secret_keys:
            return self
        return replace(self, secret_keys=kept_secret_keys(self.data_dir))


class Said(NamedTuple):
    """What a variable was given, and where: in the ``environment`` or in the file, by its name."""

    value: str
    where: str


def said(environ: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> dict[str, Said]:
    """Every variable of the portal's that has a value, also those that are no settings; see ``Settings.load``."""
    given: dict[str, Said] = {}
    places = (
        (str(dotenv), dotenv_values(dotenv)),
        ("environment", os.environ if environ is None else environ),
    )
    for where, variables in places:
        for name, value in variables.items():
            if name.startswith(PREFIX):
                # An empty one in the environment takes away what the file says.
                given[name] = Said((value or "").strip(), where)
    return {name: told for name, told in given.items() if told.value}


def without_secrets(variable: str, value: str) -> str:
    """What may be shown of a variable's value: nothing of keys and tokens, of an address all but its password."""
    if variable in SECRET:
        return HIDDEN
    # As far as the last @: a password in which one was not written as %40 is hidden all the same.
    value = re.sub(r"(?<=://)(.*)@", lambda who: f"{_user(variable, who[1])}@", value)
    return re.sub(r"(?i)((?:pass|secret|token|key)[^=&?]*=)[^&]+", rf"\1{HIDDEN}", value)


def _user(variable: str, who: str) -> str:
    if variable in KEY_IS_USER:
        return HIDDEN
    name, colon, _password = who.partition(":")
    return f"{name}:{HIDDEN}" if colon else name


def kept_secret_keys(data_dir: Path) -> tuple[str, ...]:
    """The keys in the data folder, newest first, one made where there is none; processes and threads that start at
    once agree on it. Raises SettingError when somebody has put too short a one into the file."""
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = data_dir / "secret_key"
    if not kept.exists():
        # Written whole under a name of its own (mode 0600), then linked: whoever links first has made the key.
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key.", encoding="ascii") as fresh:
            fresh.write(secrets.token_urlsafe(48))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, kept)
    return _secret_keys(str(kept), kept.read_text(encoding="utf-8"))


def _path(_variable: str, value: str) -> Path:
    return Path(value).expanduser()


def _database(variable: str, value: str) -> str:
    if value.startswith("sqlite:///") and value != "sqlite:///":
        return value
    if value.startswith("postgresql+psycopg://"):
        return value
    raise SettingError(variable, "takes sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST/NAME")


def _web_address(variable: str, value: str) -> str:
    address = urlsplit(value)
    if address.scheme not in ("http", "https") or not address.netloc or address.query or address.fragment:
        raise SettingError(variable, "takes an address such as https://events.example.org")
    return value.rstrip("/")


def _secret_keys(variable: str, value: str) -> tuple[str, ...]:
    keys = tuple(re.split(r"[\s,]+", value.strip(" ,\t\r\n")))
    if min(map(len, keys)) < MINIMUM_KEY_LENGTH:
        raise SettingError(
            variable,
            f"takes at least {MINIMUM_KEY_LENGTH} characters that nobody can guess, without spaces or commas; "
            "of several keys, the newest comes first",
        )
    return keys


def _smtp(variable: str, value: str) -> str:
    address = urlsplit(value)
    if address.scheme not in ("smtp", "smtps") or not address.hostname:
        raise SettingError(
            variable, "takes smtp://USER:PASSWORD@HOST:587?starttls=1 or smtps://USER:PASSWORD@HOST"
        )
    return value


def _mail_address(variable: str, value: str) -> str:
    if value.count("@") != 1 or any(character.isspace() for character in value):
        raise SettingError(variable, "takes one e-mail address")
    return value


def _limiter_storage(variable: str, value: str) -> str:
    if not value.startswith(("memory://", "redis://", "rediss://")):
        raise SettingError(variable, "takes memory:// or redis://HOST:PORT/NUMBER")
    return value


def _switch(variable: str, value: str) -> bool:
    if value.lower() not in ("on", "off"):
        raise SettingError(variable, "takes on or off")
    return value.lower() == "on"


def _hops(variable: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= 9):
        raise SettingError(variable, "takes the number of reverse proxies in front, 0 to 9")
    return int(value)


def _log_format(variable: str, value: str) -> str:
    if value not in ("text", "json"):
        raise SettingError(variable, "takes text or json")
    return value


def _token(variable: str, value: str) -> str:
    if len(value) < MINIMUM_TOKEN_LENGTH or not re.fullmatch(r"[\w.~+/=-]+", value, re.ASCII):
        raise SettingError(
            variable, f"takes at least {MINIMUM_TOKEN_LENGTH} letters and digits that nobody can guess"
        )
    return value


def _dsn(variable: str, value: str) -> str:
    address = urlsplit(value)
    known = address.scheme in ("http", "https") and address.username and address.hostname
    if not known or not address.path.rpartition("/")[2].isdigit():
        raise SettingError(variable, "takes the address that Sentry gives, https://KEY@HOST/NUMBER")
    return value


VARIABLES: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "PORTAL_DATABASE_URL": ("database_url", _database),
    "PORTAL_DATA_DIR": ("data_dir", _path),
    "PORTAL_CONTENT_DIR": ("content_dir", _path),
    "PORTAL_BASE_URL": ("base_url", _web_address),
    "PORTAL_SECRET_KEY": ("secret_keys", _secret_keys),
    "PORTAL_SMTP_URL": ("smtp_url", _smtp),
    "PORTAL_MAIL_FROM": ("mail_from", _mail_address),
    "PORTAL_LIMITER_STORAGE": ("limiter_storage", _limiter_storage),
    "PORTAL_RATE_LIMITS": ("rate_limits", _switch),
    "PORTAL_PROXY_HOPS": ("proxy_hops", _hops),
    "PORTAL_LOG_FORMAT": ("log_format", _log_format),
    "PORTAL_METRICS_TOKEN": ("metrics_token", _token),
    "PORTAL_SENTRY_DSN": ("sentry_dsn", _dsn),
}
"""Each variable, the setting it gives, and how its value is read."""

SECRET = {"PORTAL_SECRET_KEY", "PORTAL_METRICS_TOKEN"}
"""Of which nothing may be shown."""
KEY_IS_USER = {"PORTAL_SENTRY_DSN"}
"""Addresses whose user name is a key."""

"""What the portal is told from outside: environment variables, or the same lines in a ``.env`` file."""

import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values

EMBEDDED_SERVER = "http://127.0.0.1:8000"
MINIMUM_KEY_LENGTH = 32


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
    secret_key: str = field(default="", repr=False)
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    limiter_storage: str = "memory://"
    rate_limits: bool = True
    proxy_hops: int = 0
    log_format: Literal["text", "json"] = "text"

    def __post_init__(self) -> None:
        if not self.database_url:
            database = (self.data_dir / "portal.db").absolute()
            object.__setattr__(self, "database_url", f"sqlite:///{database}")

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
        told: dict[str, str | None] = dict(dotenv_values(dotenv)) | dict(
            os.environ if environ is None else environ
        )
        given: dict[str, Any] = {"base_url": base_url}
        for variable, (name, parse) in VARIABLES.items():
            if value := (told.get(variable) or "").strip():
                given[name] = parse(variable, value)
        return cls(**given)

    def with_secret_key(self) -> "Settings":
        """These settings with a key: the one given, else the one kept in the data folder, made on first use."""
        if self.secret_key:
            return self
        return replace(self, secret_key=kept_secret_key(self.data_dir))


def kept_secret_key(data_dir: Path) -> str:
    """The key in the data folder; processes and threads that start at once agree on one."""
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = data_dir / "secret_key"
    if not kept.exists():
        # Written whole under a name of its own (mode 0600), then linked: whoever links first has made the key.
        with tempfile.NamedTemporaryFile("w", dir=data_dir, prefix=".secret_key.", encoding="ascii") as fresh:
            fresh.write(secrets.token_urlsafe(48))
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, kept)
    return kept.read_text(encoding="ascii").strip()


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


def _secret_key(variable: str, value: str) -> str:
    if len(value) < MINIMUM_KEY_LENGTH:
        raise SettingError(variable, f"takes at least {MINIMUM_KEY_LENGTH} characters that nobody can guess")
    return value


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


VARIABLES: dict[str, tuple[str, Callable[[str, str], Any]]] = {
    "PORTAL_DATABASE_URL": ("database_url", _database),
    "PORTAL_DATA_DIR": ("data_dir", _path),
    "PORTAL_CONTENT_DIR": ("content_dir", _path),
    "PORTAL_BASE_URL": ("base_url", _web_address),
    "PORTAL_SECRET_KEY": ("secret_key", _secret_key),
    "PORTAL_SMTP_URL": ("smtp_url", _smtp),
    "PORTAL_MAIL_FROM": ("mail_from", _mail_address),
    "PORTAL_LIMITER_STORAGE": ("limiter_storage", _limiter_storage),
    "PORTAL_RATE_LIMITS": ("rate_limits", _switch),
    "PORTAL_PROXY_HOPS": ("proxy_hops", _hops),
    "PORTAL_LOG_FORMAT": ("log_format", _log_format),
}
"""Each variable, the setting it gives, and how its value is read."""

"""A portal made of a few lines, to be asked without a server."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.app import create_app
from portal.domain import accounts, passwords
from portal.domain.accounts import Office
from portal.settings import Settings
from portal.storage.database import connect, transaction
from portal.web.extensions import db
from portal.worker import Clerk
from tests.support.visitor import Visitor

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
SITE = "name: Leraars Leren\ncontact: info@leraars.example\nlanguages: [nl, en]\n"
PASSWORD = "correct horse battery"
SECRET = "k" * 40


class CompiledOnce(BytecodeCache):
    """Every test has a portal of its own, but templates do not change between them."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


COMPILED = CompiledOnce()


@cache
def _hashed() -> str:
    return passwords.chosen(PASSWORD, ())


def event_file(text: str = "Kom mee leren.", **keys: object) -> str:
    """An event's file: next month, in Dutch, with a form; ``keys`` replace or add to its front matter as written."""
    written = {
        "title": "Nascholing",
        "date": "2027-02-03T13:30:00",
        "end_date": "2027-02-03T16:30:00",
        "language": "nl",
        "location": "De Krook, Gent",
        "registration": "portal",
    } | keys
    lines = "".join(f"{key}: {value}\n" for key, value in written.items() if value is not None)
    return f"---\n{lines}---\n\n{text}\n"


@dataclass
class Clock:
    """A clock that a test sets."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, time: timedelta) -> None:
        self.now += time


class PortalUnderTest:
    """A portal on ``database_url`` whose content is ``files`` (name without ``.md`` to text)."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        files: Mapping[str, str] | None = None,
        *,
        site: str = SITE,
        rate_limits: bool = False,
        base_url: str = "http://localhost",
        secret_keys: tuple[str, ...] = (SECRET,),
        **settings: Any,
    ) -> None:
        self.content = folder / "content"
        (self.content / "events").mkdir(parents=True)
        (self.content / "site.yaml").write_text(site, encoding="utf-8")
        self.write(files or {"nascholing": event_file()})
        self.clock = Clock()
        self.settings = Settings(
            data_dir=folder / "var",
            content_dir=self.content,
            database_url=database_url,
            base_url=base_url,
            secret_keys=secret_keys,
            rate_limits=rate_limits,
            **settings,
        )
        self.app: Flask = create_app(self.settings, self.clock)
        self.app.jinja_env.bytecode_cache = COMPILED
        self.engine = connect(database_url)

    def write(self, files: Mapping[str, str]) -> None:
        """Lay event files into the content folder."""
        for name, text in files.items():
            (self.content / "events" / f"{name}.md").write_text(text, encoding="utf-8")

    def reread(self) -> None:
        """See the files as they are now, without waiting for the next look."""
        self.app.extensions["portal"].catalogue.refresh()

    def visitor(self, language: str = "en") -> Visitor:
        """Somebody who reads ``language``; with an empty one, somebody who never chose."""
        visitor = Visitor(self.app)
        if language:
            name = "__Host-language" if self.settings.secure else "language"
            host = urlsplit(self.settings.base_url).hostname or ""
            visitor.client.set_cookie(name, language, domain=host)
        return visitor

    def session(self) -> Session:
        """The database, for looking at what was stored."""
        return Session(self.engine)

    def organiser(
        self, email: str = "an@leraars.example", role: str = "owner", events: tuple[str, ...] = ()
    ) -> Visitor:
        """An organiser with a new account, signed in."""
        with self.session() as session, transaction(session):
            new = accounts.new(Office(session, self.clock.now), email, role, events)
            new.password_hash = _hashed()
        visitor = self.visitor()
        login = visitor.get("/admin/login")
        answer = visitor.submit(login, {"email": email, "password": PASSWORD})
        assert answer.status == 303, answer.text
        return visitor

    def answer_asked(self) -> int:
        """What a worker does for those who asked for a link; returns how many letters it wrote."""
        catalogue = self.app.extensions["portal"].catalogue
        return Clerk(self.engine, catalogue, self.settings.base_url).answer_asked(self.clock.now)

    def close(self) -> None:
        """Let go of the database and stop watching the files."""
        self.app.extensions["portal"].catalogue.close()
        with self.app.app_context():
            db.engine.dispose()
        self.engine.dispose()


@contextmanager
def statements_of(portal: PortalUnderTest) -> Iterator[list[str]]:
    """What the portal, or its worker, asks of the database in a block, transactions' own statements left out."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            asked.append(statement)

    with portal.app.app_context():
        engines = (db.engine, portal.engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)

"""A backup: one file with the database as it is at one moment, and the secret key that belongs to it.

The file is a tar archive, compressed, that only its owner may read: ``manifest.json``, ``secret_key``, and
``portal.db`` (SQLite) or ``portal.dump`` (pg_dump's custom format). The manifest has the digest of the others, the
version of the schema and the number of rows of each table, so that a backup tells by itself whether it is whole.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url

from portal import __version__
from portal.storage import dumps, migrate
from portal.storage.database import LOCK_TIMEOUT, connect
from portal.storage.queue import writers_queue
from portal.storage.tables import count_rows, holds_data

FORMAT = 1
MANIFEST, KEY = "manifest.json", "secret_key"
DATABASE = {"sqlite": "portal.db", "postgresql": "portal.dump"}
LARGEST_MANIFEST = 1024 * 1024
PART = 1024 * 1024
STAMP = "%Y%m%dT%H%M%SZ"


class BackupRefused(Exception):
    """Nothing was written; the message is one line that says why."""


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself."""

    format: int
    portal: str
    made_at: str
    kind: str
    """``sqlite`` or ``postgresql``."""
    schema: str
    rows: dict[str, int]
    """Of each table."""
    sha256: dict[str, str]
    """Of each other file in the archive."""

    @property
    def total(self) -> int:
        """Rows of all tables."""
        return sum(self.rows.values())


@dataclass(frozen=True)
class Restored:
    """What was put back, and where that is which was there before."""

    manifest: Manifest
    set_aside: tuple[Path, ...]


def back_up(url: str, secret_key: str, file: Path, now: datetime) -> Manifest:
    """Write a backup of the database at ``url`` into the new ``file``, which is there whole or not at all.

    The portal may be serving. Raises BackupRefused, among others when ``file`` exists: it may be all that is left.
    """
    if file.exists():
        raise BackupRefused(f"{file} exists, and a backup never replaces another: name a new file")
    if not file.parent.is_dir():
        raise BackupRefused(f"there is no folder {file.parent}")
    kind = _kind(url)
    with _one_line(), tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        database, key = Path(folder) / DATABASE[kind], Path(folder) / KEY
        if kind == "sqlite":
            schema, rows = _copy_sqlite(url, database)
        else:
            schema, rows = dumps.dump(url, database)
        if schema is None:
            raise BackupRefused("the database has no tables of the portal")
        key.write_text(secret_key, encoding="utf-8")
        digests = {each.name: _digest(each) for each in (key, database)}
        manifest = Manifest(
            FORMAT, __version__, now.isoformat(timespec="seconds"), kind, schema, rows, digests
        )
        written = Path(folder) / MANIFEST
        written.write_text(json.dumps(asdict(manifest), indent=2), encoding="utf-8")
        packed = Path(folder) / "packed"
        with packed.open("xb") as raw:
            packed.chmod(0o600)
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=6) as archive:
                for each in (written, key, database):
                    archive.add(each, each.name, filter=_nobodys)
            raw.flush()
            os.fsync(raw.fileno())
        packed.rename(file)
    return manifest


def restore(
    file: Path, url: str, data_dir: Path, *, told_key: str = "", force: bool = False, now: datetime
) -> Restored:
    """Put the backup in ``file`` into the database at ``url`` and its key into ``data_dir``: all of it or nothing.

    ``told_key`` is the key that the settings give; with one, none is kept in the folder. The backup is read and checked
    before anything is written. A database that holds data is refused; with ``force`` it is backed up into ``data_dir``
    first, and a key that is replaced stays beside the new one. Raises BackupRefused.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    kind = _kind(url)
    with _one_line(), tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as folder:
        manifest = _unpack(file, Path(folder))
        database, key = Path(folder) / DATABASE[manifest.kind], kept_key(Path(folder))
        _refuse_unfit(file, manifest, kind)
        if told_key and told_key != key and not force:
            raise BackupRefused(
                "PORTAL_SECRET_KEY is another key than that of the backup: give it that one "
                f"(tar -xzOf {file} {KEY}), or use --force"
            )
        if kind == "sqlite":
            _check_sqlite(database, manifest)
            migrate.upgrade(f"sqlite:///{database}")
        else:
            dumps.check_dump(url, database)
        set_aside = []
        with _nobody_writes(url):
            if _holds_data(url):
                if not force:
                    raise BackupRefused(
                        "the database holds data: nothing was changed; with --force it is set aside and replaced"
                    )
                set_aside.append(data_dir / f"before-restore-{now:{STAMP}}.tar.gz")
                back_up(url, told_key or kept_key(data_dir), set_aside[0], now)
            if kind == "sqlite":
                _put_sqlite(database, url)
            else:
                dumps.restore_dump(url, database, manifest.rows)
        if key and not told_key and kept_key(data_dir) != key:
            set_aside += _put_key(Path(folder) / KEY, data_dir / KEY, now)
    return Restored(manifest, tuple(set_aside))


def _refuse_unfit(file: Path, manifest: Manifest, kind: str) -> None:
    """Raise BackupRefused for a backup that this portal cannot read into a database of this kind."""
    if manifest.kind != kind:
        raise BackupRefused(
            f"{file} is a backup of {manifest.kind}, and PORTAL_DATABASE_URL says {kind}: restore it into "
            f"{manifest.kind}, and then: portal db copy FROM TO"
        )
    if manifest.schema not in migrate.versions():
        raise BackupRefused(f"{file} was made by a newer portal ({manifest.portal}): install that one first")


def _put_key(key: Path, kept: Path, now: datetime) -> list[Path]:
    """Put the backup's key in the place of the one that is kept; returns where that is now, if there was one."""
    set_aside = []
    if kept.exists():
        set_aside.append(kept.with_name(f"{KEY}-{now:{STAMP}}"))
        os.link(kept, set_aside[0])
    key.chmod(0o600)
    key.replace(kept)
    return set_aside


def kept_key(data_dir: Path) -> str:
    """The secret key in the data folder; empty where there is none, for a backup makes no key."""
    key_file = data_dir / KEY
    return key_file.read_text("utf-8").strip() if key_file.exists() else ""


@contextmanager
def _one_line() -> Iterator[None]:
    """What can go wrong with files and programs, as one line."""
    try:
        yield
    except (dumps.ProgramRefused, sqlite3.Error, OSError) as error:
        raise BackupRefused(str(error)) from error


def _kind(url: str) -> str:
    return make_url(url).get_backend_name()


def _path(url: str) -> Path:
    return Path(str(make_url(url).database))


@contextmanager
def _nobody_writes(url: str) -> Iterator[None]:
    """SQLite's writers wait while the block runs; PostgreSQL's do not: its portal has to be stopped."""
    if _kind(url) != "sqlite":
        yield
        return
    _path(url).parent.mkdir(parents=True, exist_ok=True)
    with writers_queue(str(_path(url))):
        yield


def _holds_data(url: str) -> bool:
    if _kind(url) == "sqlite" and not _path(url).is_file():
        return False
    engine = connect(url)
    try:
        with engine.connect() as connection:
            return holds_data(connection)
    finally:
        engine.dispose()


def _copy_sqlite(url: str, copy: Path) -> tuple[str | None, dict[str, int]]:
    """SQLite's own copy of a file that is written to meanwhile."""
    if not _path(url).is_file():
        raise BackupRefused(f"there is no database at {_path(url)}")
    with (
        closing(sqlite3.connect(_path(url), timeout=LOCK_TIMEOUT / 1000)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)  # in one step: in several it would begin anew with each sign-up
    return _look_into(copy)


def _look_into(database: Path) -> tuple[str | None, dict[str, int]]:
    """The schema's version and the rows of an SQLite file, once it is sound."""
    with closing(sqlite3.connect(database)) as connection:
        told = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        if told != ["ok"]:
            raise BackupRefused(f"the database is damaged: {'; '.join(told)}")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchone():
            raise BackupRefused(f"the database is damaged: a row of {broken[0]} refers to nothing")
    engine = connect(f"sqlite:///{database}")
    try:
        with engine.connect() as reading:
            found = migrate.revision_of(reading), count_rows(reading)
    finally:
        engine.dispose()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    return found


def _check_sqlite(database: Path, manifest: Manifest) -> None:
    if _look_into(database) != (manifest.schema, manifest.rows):
        raise BackupRefused("the backup's database has not the rows that its manifest says")


def _put_sqlite(database: Path, url: str) -> None:
    """Write the whole file in one transaction of SQLite's: it may be in use, and half of it is nothing."""
    with (
        closing(sqlite3.connect(database)) as source,
        closing(sqlite3.connect(_path(url), timeout=LOCK_TIMEOUT / 1000)) as target,
    ):
        target.execute("PRAGMA synchronous = FULL")
        source.backup(target)


def _unpack(file: Path, folder: Path) -> Manifest:
    """Lay the files of a backup into ``folder``; only those that it may have, and only when they are as they were."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            manifest = _manifest(archive)
            for name in (KEY, DATABASE[manifest.kind]):
                with _member(archive, name) as packed, (folder / name).open("xb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, PART)
    except FileNotFoundError:
        raise BackupRefused(f"there is no file {file}") from None
    except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{file} is no backup of the portal, or not a whole one: {error}") from error
    for name in (KEY, DATABASE[manifest.kind]):
        if _digest(folder / name) != manifest.sha256.get(name):
            raise BackupRefused(f"{file} is damaged: {name} in it is not what was written")
    return manifest


def _manifest(archive: tarfile.TarFile) -> Manifest:
    with _member(archive, MANIFEST) as packed:
        told = json.loads(packed.read(LARGEST_MANIFEST))
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        raise ValueError(f"{MANIFEST} has not the format {FORMAT}")
    return Manifest(**told)


@contextmanager
def _member(archive: tarfile.TarFile, name: str) -> Iterator[tarfile.ExFileObject]:
    found = archive.extractfile(name)
    if found is None:
        raise ValueError(f"{name} is no file")
    with found:
        yield found  # type: ignore[misc]  # what extractfile gives is one


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Only for whoever unpacks it, and without the names of this machine."""
    entry.mode, entry.uid, entry.gid, entry.uname, entry.gname = 0o600, 0, 0, "", ""
    return entry

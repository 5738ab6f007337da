"""A backup is whole or not there, and a restore gives back what was or changes nothing."""

import json
import os
import re
import stat
import tarfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from portal.domain import accounts
from portal.storage import backup, dumps
from portal.storage.backup import BackupRefused, back_up, restore
from portal.storage.database import connect, transaction
from portal.storage.models import Attendee, HistoryEntry, Letter, Organiser, Registration
from tests.support.clients import fill_in
from tests.support.live import LivePortal
from tests.support.portal import PASSWORD, SITE, PortalUnderTest, event_file
from tests.support.postgres import client_programs
from tests.support.rows import rows_of

NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
KEY = "the key, with an é in it, of the portal that was backed up"
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}


@pytest.fixture(autouse=True)
def programs_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def backed_up(make_portal: Callable[..., PortalUnderTest], tmp_path: Path) -> tuple[PortalUnderTest, Path]:
    """A portal with somebody signed up and an owner, and its backup."""
    portal = make_portal()
    visitor = portal.visitor()
    assert visitor.submit(visitor.get("/events/nascholing/signup"), EMMA).status == 303
    portal.organiser()
    file = tmp_path / "portal.tar.gz"
    back_up(portal.settings.database_url, KEY, file, NOW)
    return portal, file


def add_account(portal: PortalUnderTest, email: str) -> None:
    with portal.session() as session, transaction(session):
        accounts.add(session, email, "owner", PASSWORD, now=NOW)


def altered(file: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """The same backup with something else under this name."""
    other = file.with_name("altered.tar.gz")
    with tarfile.open(file) as original, tarfile.open(other, "w:gz") as written:
        for member in original.getmembers():
            packed = original.extractfile(member)
            assert packed
            content = change(packed.read()) if member.name == name else packed.read()
            member.size = len(content)
            written.addfile(member, BytesIO(content))
    return other


def test_a_backup_comes_back_row_by_row_with_its_key(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    portal, file = backed_up
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = rows_of(portal.engine)
    assert before["registrations"]
    add_account(portal, "later@leraars.example")
    portal.engine.dispose()
    done = restore(file, portal.settings.database_url, tmp_path / "new", force=True, now=NOW)
    assert rows_of(portal.engine) == before
    assert done.manifest.total == sum(map(len, before.values()))
    key = tmp_path / "new" / "secret_key"
    assert (key.read_text("utf-8"), stat.S_IMODE(key.stat().st_mode)) == (KEY, 0o600)
    # What was replaced is a backup too.
    restore(
        done.set_aside[0], portal.settings.database_url, tmp_path / "new", force=True, now=datetime.now(UTC)
    )
    with portal.session() as session:
        assert session.scalar(select(func.count()).select_from(Organiser)) == 2
        # And both databases still number on by themselves.
        with transaction(session):
            accounts.add(session, "yet@leraars.example", "owner", PASSWORD, now=NOW)


def test_a_database_that_holds_data_is_left_alone(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    portal, file = backed_up
    add_account(portal, "later@leraars.example")
    before = rows_of(portal.engine)
    with pytest.raises(BackupRefused, match="holds data"):
        restore(file, portal.settings.database_url, tmp_path / "new", now=NOW)
    assert rows_of(portal.engine) == before
    assert not (tmp_path / "new" / "secret_key").exists()


def manifest_with(rows: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        manifest = json.loads(content)
        manifest["rows"]["registrations"] = rows
        return json.dumps(manifest).encode()

    return change


def schema_of_tomorrow(content: bytes) -> bytes:
    return content.replace(b'"schema": "0', b'"schema": "9')


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("secret_key", lambda content: content[:-1] + b"!", "damaged: secret_key"),
        ("database", lambda content: content[:-1], "damaged: portal"),
        ("manifest.json", lambda content: content[:-1], "no backup"),
        ("manifest.json", lambda _content: b"[]", "no backup"),
        ("manifest.json", schema_of_tomorrow, "newer portal"),
        ("manifest.json", manifest_with(7), "rows"),
    ],
)
def test_a_backup_that_is_not_as_it_was_changes_nothing(
    backed_up: tuple[PortalUnderTest, Path],
    tmp_path: Path,
    name: str,
    change: Callable[[bytes], bytes],
    says: str,
) -> None:
    portal, file = backed_up
    name = backup.DATABASE[portal.engine.dialect.name] if name == "database" else name
    add_account(portal, "later@leraars.example")
    before = rows_of(portal.engine)
    with pytest.raises(BackupRefused, match=says):
        restore(
            altered(file, name, change), portal.settings.database_url, tmp_path / "new", force=True, now=NOW
        )
    assert rows_of(portal.engine) == before
    assert not (tmp_path / "new" / "secret_key").exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_half_a_file_and_other_files_are_refused(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    portal, file = backed_up
    half, other = tmp_path / "half.tar.gz", tmp_path / "other.tar.gz"
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    other.write_text("no archive")
    for wrong in (half, other, tmp_path / "missing.tar.gz"):
        with pytest.raises(BackupRefused, match=re.escape(str(wrong))):
            restore(wrong, portal.settings.database_url, tmp_path / "new", force=True, now=NOW)
    with pytest.raises(BackupRefused, match="never replaces"):
        back_up(portal.settings.database_url, KEY, file, NOW)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_another_key_that_the_settings_give_is_noticed(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    _portal, file = backed_up
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    with pytest.raises(BackupRefused, match="PORTAL_SECRET_KEY"):
        restore(file, url, tmp_path / "new", told_key="another", now=NOW)
    restore(file, url, tmp_path / "new", told_key=KEY, now=NOW)
    assert not (tmp_path / "new" / "secret_key").exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_is_replaced_stays_beside_the_new_one(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    _portal, file = backed_up
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "secret_key").write_text("the old one")
    done = restore(file, f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "new", now=NOW)
    assert [path.read_text() for path in done.set_aside] == ["the old one"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_pg_dump_of_the_servers_version_it_says_which_to_install(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumps, "DEBIAN", str(tmp_path / "{major}"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupRefused, match=r"there is no pg_dump here.* postgresql-client-18\)"):
        back_up(database_url, KEY, tmp_path / "x.tar.gz", NOW)
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.3'\n")
    old.chmod(0o755)
    with pytest.raises(BackupRefused, match="pg_dump here is of PostgreSQL 12"):
        back_up(database_url, KEY, tmp_path / "x.tar.gz", NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["pg_dump"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_restore_that_fails_half_way_leaves_what_was_and_what_others_built_on_it(
    backed_up: tuple[PortalUnderTest, Path], tmp_path: Path
) -> None:
    portal, file = backed_up
    with portal.engine.begin() as connection:
        connection.execute(text("CREATE VIEW coming AS SELECT slug FROM events"))
    before = rows_of(portal.engine)
    with pytest.raises(BackupRefused, match=r"psql failed: .*depend"):
        restore(file, portal.settings.database_url, tmp_path / "new", force=True, now=NOW)
    assert rows_of(portal.engine) == before


def test_a_backup_while_people_sign_up_has_each_of_them_whole_or_not_at_all(
    live_portal: Callable[..., LivePortal], database_url: str, tmp_path: Path
) -> None:
    events = tmp_path / "content" / "events"
    events.mkdir(parents=True)
    (events.parent / "site.yaml").write_text(SITE)
    (events / "rush.md").write_text(event_file(date="2040-01-01T10:00:00", end_date=None, capacity=30))
    portal = live_portal(
        content=events.parent, database_url=database_url, PORTAL_RATE_LIMITS="off", PATH=os.environ["PATH"]
    )
    forms = [fill_in(portal.url, "rush", number, party=2) for number in range(40)]
    taken = []
    with ThreadPoolExecutor(6) as clients:
        answers = [clients.submit(form.send) for form in forms]
        while not all(answer.done() for answer in answers):
            sent = sum(answer.done() for answer in answers)
            file = tmp_path / f"{len(taken)}.tar.gz"
            done = portal.run("backup", str(file))
            assert done.returncode == 0, done.stderr
            taken.append((sent, file))
        assert {answer.result().status for answer in answers} == {303}
    assert taken
    last = tmp_path / "last.tar.gz"
    assert portal.run("backup", str(last)).returncode == 0
    url = str(database_url or f"sqlite:///{portal.data_dir / 'portal.db'}")
    after = rows_of(url)
    for number, (sent, file) in enumerate([*taken, (40, last)]):
        restored = restore(file, url, tmp_path / "var", force=True, now=NOW + timedelta(seconds=number))
        engine = connect(url)
        with Session(engine) as session:
            registrations = set(session.scalars(select(Registration.id)))
            people = session.scalars(select(Attendee.registration_id)).all()
            letters = session.scalars(select(Letter.registration_id)).all()
            history = session.scalars(select(HistoryEntry.registration_id)).all()
        engine.dispose()
        assert len(registrations) >= sent, "somebody who had their answer is missing"
        assert sorted(people) == sorted([*registrations, *registrations])
        assert sorted(filter(None, letters)) == sorted(history) == sorted(registrations)
        assert restored.manifest.rows["registrations"] == len(registrations)
    # Not the events: the worker, which goes on, writes there what everybody has been told.
    unchanging = ("registrations", "attendees", "history", "ticket_counts", "organisers")
    assert {name: rows_of(url)[name] for name in unchanging} == {name: after[name] for name in unchanging}

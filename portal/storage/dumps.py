"""PostgreSQL's own programs: a dump of a database while it is used, and back."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, text

from portal.storage.database import LOCK_TIMEOUT, connect, snapshot
from portal.storage.migrate import revision_of
from portal.storage.tables import VERSION_TABLE, count_rows, tables

DEBIAN = "/usr/lib/postgresql/{major}/bin"
"""Where Debian and its kin keep the programs of each version."""


class ProgramRefused(Exception):
    """A program of PostgreSQL is missing, too old, or failed; the message is one line."""


def dump(url: str, file: Path) -> tuple[str | None, dict[str, int]]:
    """Write the database into ``file``, in pg_dump's custom format, as it is at one moment; writers go on meanwhile.

    Returns the schema's version and the rows of each table at that moment. Raises ProgramRefused.
    """
    with _reading(url) as connection:
        program = _program("pg_dump", _major(connection))
        snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
        revision, rows = revision_of(connection), count_rows(connection)
        told, environment = _address(connection.engine)
        command = [program, "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        done = subprocess.run(
            [*command, f"--file={file}", f"--dbname={told}"],
            env=environment,
            check=False,
            capture_output=True,
            text=True,
        )
    _refuse_failure("pg_dump", done.returncode, done.stderr)
    return revision, rows


def check_dump(url: str, file: Path) -> None:
    """Raise ProgramRefused when this machine could not put the dump into the database at ``url``."""
    with _reading(url) as connection:
        major = _major(connection)
    _program("psql", major)
    listed = subprocess.run(
        [_program("pg_restore", major), "--list", file],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    _refuse_failure("pg_restore", listed.returncode, listed.stderr)


def restore_dump(url: str, file: Path, rows: dict[str, int]) -> None:
    """Put a dump in the place of what the database has of ours: all of it, with these ``rows``, or nothing.

    One transaction removes, writes and counts; whoever uses the database meanwhile sees the one or the other. Raises
    ProgramRefused.
    """
    with _reading(url) as connection:
        major = _major(connection)
        schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
        removal = _removal(connection, schema, {*rows, *(table.name for table in tables()), VERSION_TABLE})
        told, environment = _address(connection.engine)
    before, script, after = (file.with_suffix(f".{part}.sql") for part in ("before", "whole", "after"))
    before.write_text(removal, encoding="utf-8")
    after.write_text(_counting(schema, rows), encoding="utf-8")
    # First the whole of it as a file: what ends too early must not be taken for all there is.
    written = [_program("pg_restore", major), "--no-owner", "--no-privileges", f"--file={script}", str(file)]
    done = subprocess.run(written, check=False, capture_output=True, text=True, errors="replace")
    _refuse_failure("pg_restore", done.returncode, done.stderr)
    run = [_program("psql", major), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    run += [f"--dbname={told}", *(f"--file={part}" for part in (before, script, after))]
    done = subprocess.run(run, check=False, env=environment, capture_output=True, text=True, errors="replace")
    _refuse_failure("psql", done.returncode, done.stderr)


def _removal(connection: Connection, schema: str, names: set[str]) -> str:
    """SQL that takes our tables away, and the functions of their triggers."""
    functions = connection.scalars(
        text(
            "SELECT DISTINCT t.tgfoid::regprocedure::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE NOT t.tgisinternal AND c.relname = ANY(:names)"
        ),
        {"names": sorted(names)},
    ).all()
    ours = ", ".join(f'{schema}."{name}"' for name in sorted(names))
    # Without CASCADE: what others have built on our tables, such as a view, stops it rather than goes with them.
    drops = [f"DROP TABLE IF EXISTS {ours};", *(f"DROP FUNCTION IF EXISTS {each};" for each in functions)]
    return "\n".join(
        [f"SET LOCAL lock_timeout = {LOCK_TIMEOUT};", "SET client_min_messages = warning;", *drops]
    )


def _counting(schema: str, rows: dict[str, int]) -> str:
    """SQL that fails when the tables do not have these rows."""
    checks = "\n".join(
        f"""IF (SELECT count(*) FROM {schema}."{name}") <> {number} THEN
        RAISE EXCEPTION '{name} has not the {number} rows that it had'; END IF;"""  # noqa: S608  # names of ours
        for name, number in rows.items()
    )
    return f"DO $check$ BEGIN {checks} END $check$;"


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    engine = connect(url)
    try:
        with snapshot(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _major(connection: Connection) -> int:
    return int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000


def _program(name: str, major: int) -> str:
    """The program of the server's own version: another's dump may be one that this server cannot take back."""
    found = [shutil.which(name), shutil.which(name, path=DEBIAN.format(major=major))]
    versions = [_version(program) for program in found if program]
    for program, version in zip(filter(None, found), versions, strict=True):
        if version == major:
            return program
    have = f"{name} here is of PostgreSQL {versions[0]}" if versions else f"there is no {name} here"
    raise ProgramRefused(
        f"{have}, and the server is PostgreSQL {major}: install its client programs "
        f"(on Debian: postgresql-client-{major})"
    )


def _version(program: str) -> int | None:
    said = subprocess.run([program, "--version"], check=False, capture_output=True, text=True).stdout
    number = re.search(r"\) (\d+)", said)
    return int(number[1]) if number else None


def _address(engine: Engine) -> tuple[str, dict[str, str]]:
    """How the programs reach the database; the password goes by the environment, for everybody can read a command."""
    from psycopg.conninfo import make_conninfo

    _arguments, told = engine.dialect.create_connect_args(engine.url)
    password = told.pop("password", None)
    known = {key: value for key, value in told.items() if isinstance(value, str | int)}
    return make_conninfo("", **known), os.environ | ({"PGPASSWORD": str(password)} if password else {})


def _refuse_failure(name: str, status: int, said: str) -> None:
    if status:
        lines = [line for line in said.splitlines() if line.strip()] or [f"status {status}"]
        telling = next((line for line in lines if "ERROR" in line or "error" in line), lines[-1])
        raise ProgramRefused(f"{name} failed: {telling.strip()}")

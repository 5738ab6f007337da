"""Every command that the documentation shows is run, or stands in a short list with the reason why not."""

import logging
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import create_engine, text

from portal import cli
from portal.cli import starting
from portal.web.extensions import db
from portal.worker import Worker
from tests.support.camt import camt
from tests.support.databases import PostgresDatabases
from tests.support.live import SAMPLE_CONTENT, THIS_TREE
from tests.support.ports import free_port
from tests.support.redis import start_redis
from tests.test_docs import PAGES, blocks, in_sentences

NOT_RUN = {
    "make": "it installs, serves and tests all of this; its targets are looked up",
    "python3 -m venv": "what comes after it asks a package index",
    ".venv/bin/pip": "it asks a package index",
    "useradd": "takes root",
    "install": "takes root",
    "cp": "takes root",
    "systemctl": "takes root",
    "systemd-run": "takes root",
    "git": "takes a clone on a server",
    "kubectl": "takes a cluster; tests/test_deploy.py looks at the files",
    "curl": "tests/web/test_api.py runs them",
    ".venv/bin/python -m scripts.translations update": "writes into the catalogues",
    ".venv/bin/portal db migrate": "writes a migration",
    ".venv/bin/ruff": "make check runs it",
    ".venv/bin/python -m pytest": "it would run this test too",
    ".venv/bin/python -m scripts.pictures": "takes half a minute, and writes the pictures",
}
"""How a command begins that is only read."""

HERE = {
    "backup FILE": "backup backup.tar.gz",
    "payments import FILE": "payments import statement.xml",
    "check /path/to/your/site": "check content",
    "/path/to/your/site": "site",
    "/var/backups/portal/": "",
    "sqlite:////var/lib/portal/": "sqlite:///var/",
    "--port 8000": "--port PORT",
    "0.0.0.0:8000": "127.0.0.1:PORT",
}
"""What an example names, and what it is called in the test."""
REDIS = re.compile(r"redis://\S+")
ON_NOTHING = ("demo", "restore")
"""Refused where registrations are."""
POSTGRESQL = re.compile(r"postgresql\+psycopg://\S+")
ANSWERS = "Maakplaats\ninfo@maakplaats.example\n\n\n\n"
ACCOUNT = "BE71096123456769"
SENTENCES = "sentences"
PATIENCE = 60  # seconds


def scripts() -> Iterator[tuple[str, list[str]]]:
    """The lines of each block of commands, and what sentences name that no block has."""
    shown, named = "", []
    for page in PAGES:
        for number, block in enumerate(blocks(page.read_text(encoding="utf-8"), "sh"), 1):
            yield f"{page.name}-{number}", block.splitlines()
            shown += block
        named += in_sentences(page)
    yield SENTENCES, [line for line in dict.fromkeys(named) if line not in shown]


def why_not(line: str) -> set[str]:
    """The entries of NOT_RUN that keep a line from being run."""
    begins = [re.sub(r"^(?:\w+=\S* )+", "", part.strip()) for part in re.split(r"&&|;|\(|\)", line)]
    return {entry for entry in NOT_RUN for begin in begins if f"{begin} ".startswith(f"{entry} ")}


class Shell:
    """Types lines into a folder of its own."""

    def __init__(self, folder: Path, postgresql: Callable[[], PostgresDatabases]) -> None:
        self.folder, self._postgresql = folder, postgresql
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.environment = {"PATH": path, **THIS_TREE}
        self._running = ExitStack()
        self._apps: list[Flask] = []

    def type(self, lines: list[str], *, named: bool = False) -> None:
        """Run what can be run of them; fails when one of them does. ``named``: they may leave out what they take."""
        port = str(free_port())
        whole = "\n".join(line for line in lines if not why_not(line))
        for example, here in (HERE | self._servers(whole)).items():
            whole = whole.replace(example, here.replace("PORT", port))
        for line in whole.splitlines():
            self._type(line, port, named=named)

    def _servers(self, whole: str) -> dict[str, str]:
        """Those that are named, and where such a one listens here."""
        found = dict.fromkeys(REDIS.findall(whole), "")
        if found:
            found = dict.fromkeys(found, self._running.enter_context(start_redis()).url)
        if addresses := POSTGRESQL.findall(whole):
            address = self._running.enter_context(self._postgresql().fresh())
            found |= dict.fromkeys(addresses, address)
            if "db upgrade" in whole:
                _empty(address)
        return found

    def _type(self, line: str, port: str, *, named: bool) -> None:
        words = shlex.split(line, comments=True)
        if words[0] == "export":
            self.environment |= dict(word.split("=", 1) for word in words[1:])
            return
        more = dict(word.split("=", 1) for word in words if re.match(r"PORTAL_\w+=", word))
        command = words[len(more) :]
        program = Path(command[0]).name
        if "gunicorn" in command or "serve" in command[1:2]:
            if "--port" not in command and program == "portal":
                command += ["--port", port]
            self._serve(command, self.environment | more, port)
        elif program == "portal":
            done = self._portal(command[1:], self.environment | more)
            left_out = named and done.exit_code == 2 and "Missing " in done.output
            assert done.exit_code == 0 or left_out, f"{line}\n{done.output}"
        else:
            at = line.replace(".venv/bin/", "")
            subprocess.run(["sh", "-ec", at], cwd=self.folder, env=self.environment | more, check=True)

    def _portal(self, words: list[str], environment: dict[str, str]) -> Result:
        """In this process: to load it all anew for each would take a second."""
        to = None
        if ">" in words:
            words, to = words[: words.index(">")], self.folder / words[-1]
        if words[0] in ON_NOTHING:
            shutil.rmtree(self.folder / "var")

        def create_app() -> Flask:
            self._apps.append(cli._app())
            return self._apps[-1]

        done = CliRunner().invoke(
            cli.main, words, input=ANSWERS, env=environment, obj=ScriptInfo(create_app=create_app)
        )
        if to:
            to.write_bytes(done.stdout_bytes)
        return done

    def _serve(self, command: list[str], environment: dict[str, str], port: str) -> None:
        """Until it answers; then it is told to stop."""
        command[0] = str(Path(sys.executable).with_name(Path(command[0]).name))
        with subprocess.Popen(command, cwd=self.folder, env=environment) as server:
            try:
                deadline = time.monotonic() + PATIENCE
                while not _answers(port):
                    assert server.poll() is None, command
                    assert time.monotonic() < deadline, command
                    time.sleep(0.05)
            finally:
                server.terminate()
        assert server.returncode == 0

    def close(self) -> None:
        for app in self._apps:
            app.extensions["portal"].catalogue.close()
            with app.app_context():
                db.engine.dispose()
        self._running.close()


def _empty(address: str) -> None:
    engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def _answers(port: str) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, ConnectionError, TimeoutError):
        return False


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as a portal has it after some weeks: its content, and a database with registrations."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(SAMPLE_CONTENT, folder / "content")
    with (folder / "content" / "site.yaml").open("a") as site:
        site.write(f"\nbank: {{name: Dwengo vzw, iban: {ACCOUNT}}}\n")
    (folder / "statement.xml").write_bytes(camt(ACCOUNT, [(date(2027, 1, 20), "65.00", "Gift")]))
    there = {"PORTAL_DATA_DIR": str(folder / "var"), "PORTAL_CONTENT_DIR": str(folder / "content")}
    assert CliRunner().invoke(cli.main, ["demo"], env=there).exit_code == 0
    return folder


@pytest.fixture
def shell(
    filled: Path,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Shell]:
    """A shell in a copy of that folder, in which nothing of this machine's settings is known."""
    shutil.copytree(filled, tmp_path / "portal")
    monkeypatch.chdir(tmp_path / "portal")
    for name in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(starting, "at_a_terminal", lambda: True)
    # It would go on for ever; tests/test_machines.py lets it.
    monkeypatch.setattr(Worker, "run", lambda _self: None)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    opened = Shell(tmp_path / "portal", lambda: request.getfixturevalue("postgresql_databases"))
    yield opened
    opened.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(capture=False)


@pytest.mark.parametrize(("name", "lines"), [pytest.param(*one, id=one[0]) for one in scripts()])
def test_every_command_of_the_documentation_works(shell: Shell, name: str, lines: list[str]) -> None:
    shell.type(lines, named=name == SENTENCES)


def test_what_is_not_run_is_what_a_page_has() -> None:
    assert {entry for _name, lines in scripts() for line in lines for entry in why_not(line)} == {*NOT_RUN}

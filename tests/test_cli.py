"""The commands of the shell, as a sysadmin or an author of events types them."""

import json
import re
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from flask.cli import ScriptInfo
from sqlalchemy import create_engine, select, text

from portal.app import create_app
from portal.cli import COMMANDS, database, lists, mail, privacy, users
from portal.settings import Settings
from portal.storage.models import Registration
from tests.support.camt import camt
from tests.support.live import PORTAL, THIS_TREE, LivePortal
from tests.support.portal import SECRET, SITE, PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}


def run(
    *arguments: str, typed: str = "", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PORTAL, *arguments],
        input=typed,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin"} | THIS_TREE | environment,
    )


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A content folder with one good event."""
    (tmp_path / "content" / "events").mkdir(parents=True)
    (tmp_path / "content" / "site.yaml").write_text(SITE)
    (tmp_path / "content" / "events" / "good.md").write_text(event_file())
    return tmp_path / "content"


def test_check_is_silent_about_good_files(content: Path) -> None:
    done = run("check", "content", cwd=content.parent)
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 event files, 0 errors" in done.stderr


def test_check_says_where_what_and_how_to_mend_and_fix_mends(content: Path) -> None:
    file = content / "events" / "2027-02-03_warts.md"
    file.write_text(event_file(date="2027-02-03T013:30:00"))
    done = run("check", "content", cwd=content.parent)
    assert done.returncode == 0
    assert re.match(r"content/events/2027-02-03_warts\.md:3: warning: .+, .+\n", done.stdout)
    assert run("check", "content", "--fix", cwd=content.parent).returncode == 0
    assert "date: 2027-02-03T13:30:00\n" in file.read_text()
    assert run("check", "content", cwd=content.parent).stdout == ""


def test_check_fails_on_an_error_in_the_words_of_github_when_asked(content: Path) -> None:
    (content / "events" / "bad.md").write_text("---\ntitle: x\n---\n")
    done = run("check", "content", "--format", "github", cwd=content.parent)
    assert done.returncode == 1
    assert done.stdout.startswith("::error file=content/events/bad.md,line=")


def test_a_wrong_setting_or_site_stops_the_start_with_one_line(content: Path, tmp_path: Path) -> None:
    told = {"PORTAL_CONTENT_DIR": str(content), "PORTAL_DATA_DIR": str(tmp_path / "var")}
    done = run("serve", **told, PORTAL_PROXY_HOPS="many")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "PORTAL_PROXY_HOPS" in done.stderr
    (content / "site.yaml").write_text("name: X\ncolour: red\n")
    done = run("serve", **told)
    assert done.returncode == 1
    assert "site.yaml:2: error:" in done.stderr
    assert "Traceback" not in done.stderr


def test_accounts_are_made_listed_reset_and_closed(tmp_path: Path) -> None:
    told = {"PORTAL_DATA_DIR": str(tmp_path / "var")}
    made = run("user", "add", "an@leraars.example", "--role", "organiser", "--event", "x", **told)
    assert re.search(r"Password: \S{19} ", made.stdout)
    assert "there is no event 'x'" in made.stderr
    assert run("user", "list", **told).stdout == "an@leraars.example\torganiser\topen\tx\n"
    assert "already" in run("user", "add", "AN@leraars.example", "--role", "owner", **told).stderr
    reset = run("user", "reset", "an@leraars.example", "--password-stdin", typed="long enough now\n", **told)
    assert (reset.returncode, "long enough" in reset.stdout) == (0, False)
    assert run("user", "disable", "an@leraars.example", **told).returncode == 0
    assert "disabled" in run("user", "list", **told).stdout
    assert run("user", "disable", "bo@leraars.example", **told).returncode == 1
    short = run(
        "user", "add", "bo@leraars.example", "--role", "owner", "--password-stdin", typed="short\n", **told
    )
    assert (short.returncode, short.stderr.count("\n")) == (1, 1)


def test_export_gives_the_bytes_of_the_download(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    visitor.submit(visitor.get("/events/nascholing/signup"), EMMA)
    organiser = portal.organiser()
    told = {
        "PORTAL_DATA_DIR": str(portal.settings.data_dir),
        "PORTAL_CONTENT_DIR": str(portal.content),
        "PORTAL_DATABASE_URL": portal.settings.database_url,
    }
    for dialect in ("rfc4180", "excel"):
        done = subprocess.run(
            [*PORTAL, "export", "nascholing", "--dialect", dialect],
            capture_output=True,
            env={"PATH": "/bin"} | THIS_TREE | told,
        )
        download = organiser.get(f"/admin/events/nascholing/attendees.csv?dialect={dialect}")
        assert done.stdout == download.body
    assert run("export", "nope", **told).returncode == 1


def test_a_new_data_folder_is_enough_for_a_list_and_for_letters(content: Path, tmp_path: Path) -> None:
    told = {"PORTAL_CONTENT_DIR": str(content), "PORTAL_DATA_DIR": str(tmp_path / "var")}
    listed = run("export", "good", **told)
    assert (listed.returncode, listed.stdout.count("\n")) == (0, 1), listed.stderr
    sent = run("mail", "send", **told | {"PORTAL_DATA_DIR": str(tmp_path / "other")})
    assert (sent.returncode, sent.stdout) == (0, "0 sent\n"), sent.stderr


@pytest.mark.parametrize(
    "command",
    [
        (lists.export, "good"),
        (mail.mail, "send"),
        (users.user, "list"),
        (privacy.privacy_group, "export", "emma@school.example"),
        (database.backup, "b.tar.gz"),
    ],
    ids=["export", "mail", "user", "privacy", "backup"],
)
def test_a_database_that_is_away_is_told_in_one_line(
    command: tuple[click.Command, str], content: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = {
        "PORTAL_CONTENT_DIR": str(content),
        "PORTAL_DATABASE_URL": "postgresql+psycopg://u:hush@127.0.0.1:1/x",
        "PORTAL_SECRET_KEY": SECRET,
    }
    app = ScriptInfo(create_app=lambda: create_app(Settings.load(told)))
    ran = CliRunner(env=told).invoke(command[0], list(command[1:]), obj=app)
    assert (ran.exit_code, ran.stderr.count("\n"), "hush" in ran.stderr) == (1, 1, False), ran.stderr
    assert ran.stderr.startswith("Error: PORTAL_DATABASE_URL: the database does not answer: OperationalError")


def test_what_is_no_address_is_told_as_such() -> None:
    ran = CliRunner().invoke(privacy.privacy_group, ["export", "foo"])
    assert (ran.exit_code, ran.stderr) == (1, "Error: 'foo' is not an e-mail address\n")


def test_the_first_organiser_is_told_once(
    live_portal: Callable[..., LivePortal],
) -> None:
    first = live_portal()
    assert len(re.findall(r"Password: +\S+", first.output)) == 1
    assert first.run("user", "list").stdout == "info@dwengo.org\towner\topen\tall events\n"
    second = live_portal(PORTAL_DATA_DIR=str(first.data_dir))
    assert "Password:" not in second.output
    assert "portal user reset" in second.output


def test_reading_files_needs_no_portal_and_leaves_nothing_behind(content: Path) -> None:
    run("check", "content", cwd=content.parent)
    assert [path.name for path in content.parent.iterdir()] == ["content"]


def test_check_names_the_events_whose_file_is_gone_and_whose_people_are_not(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file()})
    visitor = portal.visitor()
    visitor.submit(visitor.get("/events/nascholing/signup"), EMMA)
    told = {
        "PORTAL_DATA_DIR": str(portal.settings.data_dir),
        "PORTAL_CONTENT_DIR": str(portal.content),
        "PORTAL_DATABASE_URL": portal.settings.database_url,
    }
    assert "nascholing" not in run("check", **told).stdout
    (portal.content / "events" / "nascholing.md").unlink()
    assert (
        "no file has the slug 'nascholing' (Nascholing), for which people signed up (1 have"
        in run("check", **told).stdout
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_statement_is_booked_once_and_a_persons_data_is_given_and_removed(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = make_portal({"nascholing": event_file(price=65, date="2100-02-03T13:30:00", end_date=None)})
    visitor = portal.visitor()
    visitor.submit(visitor.get("/events/nascholing/signup"), EMMA)
    with portal.session() as session:
        number = session.scalars(select(Registration.communication)).one()
    settings = {
        "PORTAL_DATABASE_URL": str(portal.engine.url),
        "PORTAL_CONTENT_DIR": str(portal.content),
        "PORTAL_SECRET_KEY": SECRET,
    }
    file = tmp_path / "january.xml"
    file.write_bytes(camt("BE71096123456769", [(date(2027, 1, 19), "65.00", number or "")]))
    first, again = (run("payments", "import", str(file), **settings) for _ in range(2))
    assert first.stdout.endswith("1 booked, 0 to be looked at, 0 already there, 0 not for us\n")
    assert again.stdout == "0 booked, 0 to be looked at, 1 already there, 0 not for us\n"
    file.write_text("no statement")
    assert run("payments", "import", str(file), **settings).returncode == 1

    (data,) = json.loads(run("privacy", "export", "EMMA@school.example", **settings).stdout)
    assert data["payments"][0]["amount"] == 6500
    # By the real clock the event is still to come: nothing is old enough.
    assert run("privacy", "anonymise", "--older-than", "1", **settings).stdout == ""
    assert run("privacy", "anonymise", "--older-than", "x", **settings).returncode == 2


def test_settings_say_what_is_in_force_and_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORTAL_BASE_URL=https://x.example\nPORTAL_RATE_LIMITS=off\n")
    told = {"PORTAL_SMTP_URL": "smtp://u:hush@host", "PORTAL_SMPT_URL": "x", "PORTAL_RATE_LIMITS": "on"}
    done = run("settings", cwd=tmp_path, **told)
    rows = {line.split()[0]: re.split("  +", line)[1:] for line in done.stdout.splitlines()}
    assert rows["PORTAL_BASE_URL"] == ["https://x.example", ".env"]
    assert rows["PORTAL_SMTP_URL"] == ["smtp://u:***@host", "environment"]
    assert rows["PORTAL_RATE_LIMITS"] == ["on", "environment"]
    assert rows["PORTAL_PROXY_HOPS"] == ["0", "default"]
    assert rows["PORTAL_SECRET_KEY"] == ["-", "will be made: var/secret_key"]
    assert rows["PORTAL_SMPT_URL"] == ["not a setting, ignored", "environment"]
    assert not (tmp_path / "var").exists()
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "secret_key").write_text("k" * 40)
    again = run("settings", cwd=tmp_path).stdout
    assert "made in the data folder" in again
    assert "kkk" not in again


def test_help_names_our_commands_and_no_others() -> None:
    listed = run("--help").stdout.partition("Commands:\n")[2]
    assert {line.split()[0] for line in listed.splitlines()} == set(COMMANDS)
    assert run("limiter").returncode == 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_serve_refuses_a_database_that_was_not_migrated_with_one_line(
    content: Path, tmp_path: Path, database_url: str
) -> None:
    told = {"PORTAL_CONTENT_DIR": str(content), "PORTAL_DATA_DIR": str(tmp_path / "var")}
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    engine.dispose()
    done = run("serve", **told, PORTAL_DATABASE_URL=database_url)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "portal db upgrade" in done.stderr
    away = run("serve", **told, PORTAL_DATABASE_URL="postgresql+psycopg://u:hush@127.0.0.1:1/x")
    assert (away.returncode, away.stderr.count("\n"), "hush" in away.stderr) == (1, 1, False)
    assert "PORTAL_DATABASE_URL" in away.stderr


def test_reports_without_their_library_or_address_stop_the_start_with_one_line(
    content: Path, tmp_path: Path
) -> None:
    told = {"PORTAL_CONTENT_DIR": str(content), "PORTAL_DATA_DIR": str(tmp_path / "var")}
    wrong = run("serve", **told, PORTAL_SENTRY_DSN="https://sentry.example")
    (tmp_path / "sentry_sdk.py").write_text("raise ImportError")
    there = {"PORTAL_SENTRY_DSN": "https://key@sentry.example/1"}
    path = f"{tmp_path}:{THIS_TREE['PYTHONPATH']}"
    missing = run("serve", **told, **there, PYTHONPATH=path)
    for done in (wrong, missing):
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "PORTAL_SENTRY_DSN" in done.stderr
    assert "portal[sentry]" in missing.stderr


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_moves_a_portal_to_another_folder(make_portal: MakePortal, tmp_path: Path) -> None:
    portal = make_portal()
    portal.organiser("an@leraars.example")
    settings = {
        "PORTAL_DATABASE_URL": portal.settings.database_url,
        "PORTAL_DATA_DIR": str(tmp_path / "none"),
    }
    file = str(tmp_path / "x.tar.gz")
    keyless = run("backup", file, **settings)
    assert (keyless.returncode, "no secret key" in keyless.stderr) == (1, True)
    assert not (tmp_path / "none").exists()
    assert run("backup", file, **settings, PORTAL_SECRET_KEY=SECRET).returncode == 0
    again = run("backup", file, **settings, PORTAL_SECRET_KEY=SECRET)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    there = {"PORTAL_DATA_DIR": str(tmp_path / "there")}
    assert run("restore", file, **there).stdout.endswith("are back, and their secret key\n")
    assert (tmp_path / "there" / "secret_key").read_text() == SECRET
    assert run("user", "list", **there).stdout == "an@leraars.example\towner\topen\tall events\n"
    refused = run("restore", file, **there)
    assert (refused.returncode, "holds data" in refused.stderr) == (1, True)


def test_a_demonstration_fills_a_new_database_and_no_other(content: Path, tmp_path: Path) -> None:
    day = date.today() + timedelta(days=40)  # noqa: DTZ011
    (content / "events" / "good.md").write_text(event_file(capacity=8, date=day, end_date=day))
    settings = {"PORTAL_CONTENT_DIR": str(content), "PORTAL_DATA_DIR": str(tmp_path / "var")}
    refused = run("demo", **settings, PORTAL_SMTP_URL="smtp://localhost")
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    done = run("demo", "--seed", "5", **settings)
    assert done.returncode == 0, done.stderr
    assert "First organiser: info@leraars.example" in done.stdout
    assert "portal serve" in done.stdout
    again = run("demo", **settings)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "holds registrations" in again.stderr

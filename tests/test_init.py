"""`portal init`: a folder for an organisation that has none yet."""

import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from portal.cli import starting
from portal.content.check import check
from portal.content.site import KEYS, Site, read_site
from portal.content.starter import FILES, Start, write, wrong
from tests.support.live import PORTAL, LivePortal

MAAKPLAATS = ("--name", 'Maakplaats "De Vijl": vzw', "--contact", "info@maakplaats.example")


def init(*arguments: str, cwd: Path, typed: str = "") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"]}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return subprocess.run(
        [*PORTAL, "init", *arguments], cwd=cwd, input=typed, capture_output=True, text=True, env=environment
    )


def site_of(folder: Path) -> Site:
    site, problems = read_site((folder / "site.yaml").read_bytes(), "x")
    assert site is not None
    assert not problems
    return site


@pytest.mark.parametrize("language", ["nl", "en", "fr", "de"])
def test_what_is_made_has_nothing_to_mend_in_any_language(tmp_path: Path, language: str) -> None:
    others = {"nl", "en", "fr", "de"} - {language}
    start = Start(name="Maakplaats: $5", contact="info@x.example", languages=(language, *sorted(others)))
    write(tmp_path / "new", start, date(2026, 12, 31))
    result = check(tmp_path / "new")
    assert (result.problems, result.files) == ((), 1)
    (event,) = (tmp_path / "new" / "events").iterdir()
    assert event.name == "2027-01-13_example.md", "a Wednesday of next month"
    assert f'language: "{language}"' in event.read_text()
    assert (tmp_path / "new" / "README.md").read_text().startswith("# Maakplaats: $5")


def test_a_folder_is_made_without_a_question_when_it_is_told_who_it_is_for(tmp_path: Path) -> None:
    done = init("content", *MAAKPLAATS, "--languages", "fr,nl", "--accent", "#AA3300", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    site = site_of(tmp_path / "content")
    assert (site.name, site.contact) == ('Maakplaats "De Vijl": vzw', "info@maakplaats.example")
    assert (site.languages, site.accent, site.url) == (("fr", "nl"), "#AA3300", "")
    assert "#AA3300" in (tmp_path / "content" / "images" / "logo.svg").read_text()


def test_every_key_of_a_site_stands_in_the_file_and_takes_the_example_beside_it() -> None:
    text = (FILES / "site.yaml").read_text()
    given = {
        "name": "X",
        "accent": '"#2f6f8f"',
        "languages": "[nl]",
        "contact": "contact: a@x.example",
        "url": "url: https://x.example",
    }
    for key, value in given.items():
        text = text.replace(f"${key}", value)
    lines = [line.removeprefix("# ") for line in text.splitlines()]
    keys = [line for line in lines if line.partition(":")[0] in KEYS]
    assert sorted(line.partition(":")[0] for line in keys) == sorted(KEYS)
    site, problems = read_site("\n".join(keys).encode(), "x")
    assert site is not None
    assert not problems
    assert site.bank is not None


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--name", "X", "--accent", "red"), "--accent: `accent` is “red”"),
        (("--name", "X", "--contact", "Jan"), "--contact: "),
        (("--name", "X", "--languages", "nl,es"), "--languages: the language “es” is not known"),
        (("--name", "X", "--url", "x.example"), "--url: "),
        (("--name", " "), "--name: "),
        ((), "--name is needed"),
    ],
)
def test_a_wrong_answer_is_told_and_nothing_is_made(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    done = init("content", *arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "content").exists()


def test_what_somebody_has_in_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "content" / ".git").mkdir(parents=True)
    assert init("content", *MAAKPLAATS, cwd=tmp_path).returncode == 0, "a new repository holds nothing yet"
    before = (tmp_path / "content" / "site.yaml").read_text()
    done = init("content", "--name", "Others", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is not empty" in done.stderr
    assert (tmp_path / "content" / "site.yaml").read_text() == before


def test_who_sits_at_the_terminal_is_asked_until_the_answer_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    runner = CliRunner()
    monkeypatch.setattr(starting, "at_a_terminal", lambda: True)
    answers = ["Maakplaats", "Jan", "jan@maakplaats.example", "", "red", "#AA3300", "de nl"]
    done = runner.invoke(starting.init, [str(tmp_path / "new")], input="\n".join(answers) + "\n")
    assert done.exit_code == 0, done.output
    site = site_of(tmp_path / "new")
    assert (site.name, site.contact) == ("Maakplaats", "jan@maakplaats.example")
    assert (site.url, site.accent, site.languages) == ("", "#AA3300", ("de", "nl"))


def test_the_hook_stops_a_commit_with_a_mistake_and_the_workflow_is_read_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    write(folder, Start(name="X"), date(2026, 11, 1))
    hook = folder / ".githooks" / "pre-commit"
    environment = os.environ | {"PATH": f"{Path(PORTAL[0]).parent}:{os.environ['PATH']}"}
    assert os.access(hook, os.X_OK)
    assert subprocess.run([hook], cwd=folder, env=environment, capture_output=True).returncode == 0
    (folder / "events" / "bad.md").write_text("---\ntitle: x\n---\n")
    assert subprocess.run([hook], cwd=folder, env=environment, capture_output=True).returncode == 1
    steps = yaml.safe_load((folder / ".github" / "workflows" / "check.yml").read_text())["jobs"]["check"][
        "steps"
    ]
    assert steps[-1]["run"] == "portal check . --format github"


def test_answers_are_judged_as_the_file_is() -> None:
    assert wrong(Start(name="X")) == ""
    assert "`url`" in wrong(Start(name="X", url="no address"))


def test_the_new_folder_is_served(tmp_path: Path, live_portal: Callable[..., LivePortal]) -> None:
    write(
        tmp_path / "new",
        Start(name="Maakplaats", contact="a@x.example", languages=("fr",)),
        date(2026, 11, 1),
    )
    portal = live_portal(content=tmp_path / "new")
    with urlopen(f"{portal.url}/events/atelier") as page:  # noqa: S310
        assert "Un après-midi à l'atelier" in page.read().decode().replace("’", "'").replace("&#39;", "'")
    with urlopen(f"{portal.url}/images/logo.svg") as picture:  # noqa: S310
        assert picture.status == 200

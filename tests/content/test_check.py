import os
from pathlib import Path

import pytest

from portal.content.catalogue import Catalogue
from portal.content.check import CheckResult, check, format_problem
from portal.content.problems import Problem
from tests.content.writing import event_text, write_content


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def paths(result: CheckResult) -> list[str]:
    return [problem.path for problem in result.problems]


def test_problems_come_by_path_and_line_as_a_person_would_click_them(tmp_path: Path) -> None:
    write_content(
        tmp_path / "content", b=event_text(date="x"), a=event_text(date="2027-01-31T13:00", location='""')
    )
    result = check(Path("content"))
    assert [(p.path, p.line) for p in result.problems] == [
        ("content/events/a.md", 3), ("content/events/a.md", 4), ("content/events/b.md", 3),
    ]  # fmt: skip
    assert (result.files, result.errors, result.fixed) == (2, 1, ())


@pytest.mark.parametrize("target", ["content", "content/events", "content/events/a.md"])
def test_the_site_and_the_images_are_known_wherever_one_begins(tmp_path: Path, target: str) -> None:
    text = event_text(
        "![x](/images/weg.png)", registration_link="https://tickets.example.org/x", registration="external"
    )
    write_content(tmp_path / "content", a=text)
    (tmp_path / "content" / "site.yaml").write_text("name: x\nlanguages: [fr]\n")
    assert paths(check(Path(target))) == ["content/events/a.md"]
    assert check(tmp_path / target).problems == check(Path(target)).problems


def test_a_folder_of_files_is_enough(tmp_path: Path) -> None:
    (tmp_path / "los" / "diep").mkdir(parents=True)
    (tmp_path / "los" / "diep" / "a.md").write_text(event_text("![x](/images/x.png)", capacity="x"))
    result = check(Path("los"))
    assert (paths(result), result.files) == (["los/diep/a.md"], 1)


def test_a_single_file_may_have_any_ending(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(event_text(capacity="x"))
    (tmp_path / "b.md").write_text("wrong too")
    assert paths(check(Path("a.txt"))) == ["a.txt"]


def test_a_broken_site_is_told_and_the_events_are_still_checked(tmp_path: Path) -> None:
    write_content(tmp_path, a=event_text(capacity="x"))
    (tmp_path / "site.yaml").write_text("nam: x\n")
    assert sorted(set(paths(check(Path())))) == ["events/a.md", "site.yaml"]
    assert set(paths(check(Path("site.yaml")))) == {"site.yaml"}


def test_the_check_says_of_the_site_and_its_folder_what_the_portal_says(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text("name: x\nlogo: weg.png\n")
    said = Catalogue(tmp_path).refresh().problems
    assert [problem.what for problem in said] == [
        "`logo` images/weg.png is not there", "there is no folder events/ (or _events/)",
    ]  # fmt: skip
    assert set(check(tmp_path).problems) == set(said)
    assert paths(check(Path("site.yaml"))) == ["site.yaml"]


def test_a_site_that_cannot_be_read_is_told_and_the_events_are_still_checked(tmp_path: Path) -> None:
    write_content(tmp_path, a=event_text(capacity="x"))
    (tmp_path / "site.yaml").mkdir()
    assert paths(check(tmp_path)) == ["events/a.md", "site.yaml"]


def test_the_path_of_a_file_can_be_written_whatever_its_name(tmp_path: Path) -> None:
    file = Path(os.fsdecode(b"caf\xe9.md"))
    file.write_text("no event")
    assert paths(check(file)) == ["caf?.md"]


def test_fix_leaves_a_file_that_is_too_large_as_it_was(tmp_path: Path) -> None:
    file = write_content(tmp_path, a="---\r\n" + "x" * 1_000_001) / "events" / "a.md"
    before = file.read_bytes()
    assert check(tmp_path, fix=True).errors == 1
    assert file.read_bytes() == before


def test_what_is_not_there_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        check(Path("nergens"))


def test_fix_mends_the_files_and_the_next_check_is_silent(tmp_path: Path) -> None:
    write_content(
        tmp_path,
        a=event_text("**Prijs:** €65", date="2027-01-31T13:00", anchor="zelfde"),
        b=event_text(anchor="zelfde", title="VOLZET - Robots"),
        c=event_text(),
    )
    untouched = (tmp_path / "events" / "c.md").stat()
    result = check(Path(), fix=True)
    assert result.problems == ()
    assert [problem.line for problem in result.fixed] == [3, 7, 2, 4]
    assert check(Path()).problems == ()
    assert (tmp_path / "events" / "a.md").read_text() == (
        "---\ntitle: Solderen voor beginners\ndate: 2027-01-31T13:00:00\nanchor: zelfde\nprice: 65\n---\n"
        "\n**Prijs:** €65\n"
    )
    assert "anchor: b\n" in (tmp_path / "events" / "b.md").read_text()
    assert (tmp_path / "events" / "c.md").stat().st_mtime_ns == untouched.st_mtime_ns


def test_fix_leaves_what_a_person_has_to_decide(tmp_path: Path) -> None:
    write_content(tmp_path, a=event_text(date="2027-01-31T13:00", capacity="x"))
    result = check(Path(), fix=True)
    assert [problem.line for problem in result.problems] == [4]
    assert [problem.line for problem in result.fixed] == [3]


def test_fix_keeps_the_rights_of_a_file_and_leaves_nothing_behind(tmp_path: Path) -> None:
    write_content(tmp_path, a=event_text(date="2027-01-31T13:00"))
    file = tmp_path / "events" / "a.md"
    file.chmod(0o640)
    check(Path(), fix=True)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [found.name for found in file.parent.iterdir()] == ["a.md"]


def test_a_check_without_fix_writes_nothing(tmp_path: Path) -> None:
    write_content(tmp_path, a=event_text(date="2027-01-31T13:00"))
    before = (tmp_path / "events" / "a.md").read_bytes()
    check(Path())
    assert (tmp_path / "events" / "a.md").read_bytes() == before


def test_a_problem_is_one_line_of_text_or_a_command_for_github() -> None:
    problem = Problem("a,b:c.md", 3, "warning", "100% “mis”\nhier", "mend it")
    assert format_problem(problem) == "a,b:c.md:3: warning: 100% “mis”\nhier, mend it"
    assert (
        format_problem(problem, "github")
        == "::warning file=a%2Cb%3Ac.md,line=3::100%25 “mis”%0Ahier, mend it"
    )

"""The content file by file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.content.catalogue import Catalogue
from portal.content.files import ContentFile, files

GOOD = "---\ntitle: {title}\ndate: 2027-02-03T13:30:00\n---\n\nKom mee leren.\n"
WRONG = "---\ntitle: Fout\ndate: morgen\n---\n"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    (tmp_path / "events").mkdir()
    (tmp_path / "site.yaml").write_text("name: Leraars Leren\ncontact: info@leraars.example\n")
    for name, text in {
        "a": GOOD.format(title="Goed"),
        "b": GOOD.format(title="Raar").replace("title", "capacitty: 3\ntitle"),
        "c": WRONG,
        "d": GOOD.format(title="Concept").replace("title", "status: draft\ntitle"),
    }.items():
        (tmp_path / "events" / f"{name}.md").write_text(text)
    return tmp_path


@pytest.fixture
def catalogue(content: Path) -> Iterator[Catalogue]:
    opened = Catalogue(content, interval=60)
    yield opened
    opened.close()


def by_path(catalogue: Catalogue) -> dict[str, ContentFile]:
    return {file.path: file for file in files(catalogue.refresh())}


def test_errors_come_first_then_what_deserves_a_look(catalogue: Catalogue) -> None:
    assert list(by_path(catalogue)) == ["events/c.md", "events/b.md", "events/a.md", "events/d.md"]


def test_a_file_says_what_is_shown_of_it(catalogue: Catalogue, content: Path) -> None:
    assert {path: file.standing for path, file in by_path(catalogue).items()} == {
        "events/a.md": "published",
        "events/b.md": "published",
        "events/c.md": "refused",
        "events/d.md": "draft",
    }
    (content / "events" / "a.md").write_text(WRONG)
    assert by_path(catalogue)["events/a.md"].standing == "earlier"


def test_a_file_that_is_no_event_is_there_when_something_is_wrong_with_it(
    catalogue: Catalogue, content: Path
) -> None:
    assert "site.yaml" not in by_path(catalogue)
    (content / "site.yaml").write_text("name: Leraars Leren\ncontact: info@leraars.example\nlogo: none.svg\n")
    file = by_path(catalogue)["site.yaml"]
    assert (file.event, file.standing, len(file.problems)) == (None, "other", 1)

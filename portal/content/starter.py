"""``portal init``: a content folder for an organisation that has none yet."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template

from portal.content.site import FILE_NAME, Site, read_site

FILES = Path(__file__).parent / "starter_files"
WEDNESDAY = 2


class FolderInUse(Exception):
    """The folder holds something of somebody's, or cannot be written; the message says what."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is asked before a folder is made; all as text, as it was typed."""

    name: str
    contact: str = ""
    url: str = ""
    accent: str = Site.accent
    languages: tuple[str, ...] = Site.languages


def wrong(start: Start) -> str:
    """What the reader of ``site.yaml`` has against these answers, in one line; empty when it takes them."""
    _site, problems = read_site(_filled("site.yaml", _keys(start)).encode(), "")
    return "; ".join(f"{problem.what}, {problem.mend}" for problem in problems)


def write(folder: Path, start: Start, today: date) -> list[Path]:
    """Make the folder, with a sample event next month; returns the files. Raises FolderInUse."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(entry.name for entry in folder.iterdir() if entry.name != ".git")
        if there:
            raise FolderInUse(f"{folder} is not empty (it holds {there[0]}); name a new folder")
        return [_put(folder / path, text) for path, text in _texts(start, today)]
    except OSError as error:
        raise FolderInUse(f"{folder} cannot be written: {error.strerror}") from None


def _put(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")
    if text.startswith("#!"):
        file.chmod(0o755)
    return file


def _texts(start: Start, today: date) -> Iterator[tuple[str, str]]:
    language, day = start.languages[0], _next_month(today)
    accent = {"accent": start.accent}
    yield FILE_NAME, _filled("site.yaml", _keys(start))
    yield f"events/{day}_example.md", _filled(f"event.{language}.md", {"day": day.isoformat()})
    yield "images/logo.svg", _filled("logo.svg", accent)
    yield "images/workshop.svg", _filled("workshop.svg", accent)
    yield "README.md", _filled(f"README.{language}.md", {"name": start.name})
    yield ".githooks/pre-commit", _text("pre-commit")
    yield ".github/workflows/check.yml", _text("check.yml")


def _keys(start: Start) -> dict[str, str]:
    """Each answer as it stands in ``site.yaml``: JSON's quotes and lists are YAML's too."""
    return {
        "name": _quoted(start.name),
        "accent": _quoted(start.accent),
        "languages": f"[{', '.join(map(_quoted_unless_plain, start.languages))}]",
        "contact": f"contact: {_quoted(start.contact)}" if start.contact else "# contact: info@example.org",
        "url": f"url: {_quoted(start.url)}" if start.url else "# url: https://www.example.org",
    }


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _quoted_unless_plain(text: str) -> str:
    return text if text.isascii() and text.isalpha() else _quoted(text)


def _filled(name: str, words: dict[str, str]) -> str:
    return Template(_text(name)).substitute(words)


def _text(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _next_month(today: date) -> date:
    """The second Wednesday of next month."""
    first = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return first + timedelta(days=(WEDNESDAY - first.weekday()) % 7 + 7)

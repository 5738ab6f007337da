"""The catalogues of the portal's words.

python -m scripts.translations update   puts new messages into each catalogue and drops those that are gone
python -m scripts.translations check    fails when a catalogue is behind, unfinished, or would break a page
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from portal.i18n import CATALOGUES, LANGUAGES, SOURCE

ROOT = Path(__file__).parent.parent
TRANSLATED = tuple(language for language in LANGUAGES if language != SOURCE)
"""Those that must be complete. Messages are written in English, which needs no catalogue."""

METHODS = [("portal/**.py", "python"), ("templates/**.*", "jinja2")]
OPTIONS = {"templates/**.*": {"trimmed": "true", "newstyle_gettext": "true", "silent": "false"}}
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
NOTE_TO_TRANSLATORS = "i18n:"

PLACEHOLDER = re.compile(r"%\(\w+\)[sdf]|%[sdf]|\{\w+\}")


def main(arguments: list[str]) -> None:
    if arguments == ["update"]:
        for language in TRANSLATED:
            update(language)
    elif arguments == ["check"]:
        said = extracted()
        problems = [problem for language in TRANSLATED for problem in check(language, said)]
        for problem in problems:
            print(problem)
        if problems:
            sys.exit(f"{len(problems)} to mend; python -m scripts.translations update adds what is new.")
    else:
        sys.exit(__doc__)


def path_of(language: str) -> Path:
    return CATALOGUES / language / "LC_MESSAGES" / "messages.po"


def extracted() -> Catalog:
    """All messages that the code and the templates say."""
    found = Catalog(project="portal", header_comment="")
    folders = extract_from_dir(
        ROOT,
        METHODS,
        OPTIONS,
        KEYWORDS,
        (NOTE_TO_TRANSLATORS,),
        directory_filter=_is_ours,
        strip_comment_tags=True,
    )
    for filename, line, message, comments, context in folders:
        found.add(message, locations=[(filename, line)], auto_comments=comments, context=context)
    return found


def _is_ours(folder: str) -> bool:
    inside = Path(folder).relative_to(ROOT).parts
    return not inside or inside[0] in ("portal", "templates")


def update(language: str) -> None:
    """Bring a catalogue up to date. A message whose English changed keeps its translation, as fuzzy."""
    path = path_of(language)
    catalogue = _read(language) if path.exists() else Catalog(language, project="portal", header_comment="")
    source = extracted()
    source.creation_date = catalogue.creation_date  # else every update would be a change
    catalogue.update(source)
    catalogue.fuzzy = False
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, sort_by_file=True, ignore_obsolete=True)


def check(language: str, source: Catalog) -> Iterator[str]:
    """What has to be mended in a catalogue of what ``source`` says, each as ``path:line: what``."""
    path = path_of(language)
    where = path.relative_to(ROOT)
    if not path.exists():
        yield f"{where}: is not there"
        return
    translated = {_key(message): message for message in _read(language) if message.id}
    said = {_key(message): message for message in source if message.id}
    for key, message in said.items():
        if key not in translated:
            file, line = message.locations[0]
            yield f"{file}:{line}: not in {where}: {message.id!r}"
    for key, message in translated.items():
        for problem in ["nobody says this any more"] if key not in said else _problems(message):
            yield f"{where}:{message.lineno}: {problem}: {message.id!r}"


def _read(language: str) -> Catalog:
    with path_of(language).open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


def _key(message: Message) -> tuple[str | None, str | tuple[str, ...]]:
    return message.context, tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id


def _problems(message: Message) -> Iterator[str]:
    english = [message.id] if isinstance(message.id, str) else list(message.id)
    words = [message.string] if isinstance(message.string, str) else list(message.string or [""])
    if message.fuzzy:
        yield "fuzzy: the English has changed"
    if not all(words):
        yield "not translated"
        return
    # "One place" may leave out the number that "%(num)d places" names, in any language.
    known = [_placeholders(text) for text in english]
    needed, allowed = set.intersection(*known), set.union(*known)
    for text in words:
        used = _placeholders(text)
        if lost := needed - used:
            yield f"placeholder lost, {', '.join(sorted(lost))}"
        if invented := used - allowed:
            yield f"placeholder that has no value, {', '.join(sorted(invented))}"
        if _formats(english[0]) and not _formats(text):
            yield "a % that would break the page; write %%"
        if bool(text.strip() == text) != bool(english[0].strip() == english[0]):
            yield "spaces or lines around it are not those of the English"


def _placeholders(text: str) -> set[str]:
    return {match.group() for match in PLACEHOLDER.finditer(text.replace("%%", ""))}


def _formats(text: str) -> bool:
    """Whether every % in it is a placeholder or written twice."""
    return "%" not in PLACEHOLDER.sub("", text.replace("%%", ""))


if __name__ == "__main__":
    main(sys.argv[1:])

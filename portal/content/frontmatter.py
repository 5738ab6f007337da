"""The front matter of a file: the library ``frontmatter`` splits it off, PyYAML's parser reads it.

Values keep their line and place, so that a problem can point at them and ``--fix`` can mend just them.
They also keep what was written: ``title: 12:30`` and ``language: no`` are text here, not a number and a boolean.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from portal.content.problems import Edit

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

DEEPEST = 12
LONGEST = 50_000
TEXT_KEYS = frozenset(
    {
        "title", "summary", "location", "location_link", "language", "anchor", "slug", "contact",
        "registration_link", "item_theme_logo_url",
    }
)  # fmt: skip
"""Keys whose value is one line of text, whatever it looks like to YAML."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as it was written; ``text[start:end]`` is its source, quotes included."""

    text: str
    start: int
    end: int
    line: int
    style: str = ""
    """Empty for plain text, else the quote or the block mark with which it begins."""

    @property
    def is_nothing(self) -> bool:
        return not self.style and self.text in ("", "~", "null", "Null", "NULL")

    @property
    def inside(self) -> tuple[int, int]:
        """Where its text stands in the source, without the quotes."""
        return (self.start + 1, self.end - 1) if self.style in ("'", '"') else (self.start, self.end)

    def rewritten(self, text: str) -> tuple[Edit, ...]:
        """The edit that puts ``text`` in its place, quotes kept; none for a block of lines."""
        return () if self.style in ("|", ">") else (Edit(*self.inside, text),)


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple["Value", ...]
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Mapping:
    """``entries`` in the order of the file, a key that is given twice included."""

    entries: tuple["Entry", ...]
    start: int
    end: int
    line: int
    flow: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    key: Scalar
    value: "Value"


Value = Scalar | Sequence | Mapping


class Unreadable(Exception):
    """The front matter cannot be read; says where, why and what to do about it."""

    def __init__(self, line: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.line, self.what, self.mend = line, what, mend


class Lines:
    """Which line, counted from 1, a character of a text is on."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def __getitem__(self, offset: int) -> int:
        return bisect_right(self._starts, offset)


@dataclass(frozen=True)
class FrontMatter:
    """A file, split: ``text[start:end]`` is the YAML, ``text[body:]`` what follows it.

    ``repairs`` are the lines that YAML cannot read as they were written; ``text`` has them as they were meant.
    """

    text: str
    mapping: Mapping
    start: int
    end: int
    body: int
    lines: Lines
    repairs: tuple["Repair", ...] = ()


@dataclass(frozen=True, slots=True)
class Repair:
    line: int
    what: str
    mend: str


_BOUNDARY = re.compile(r"^(?:-{3,}|\.{3})[ \t]*$", re.MULTILINE)
_HANDLER = YAMLHandler(fm_boundary=_BOUNDARY)


def read(text: str) -> FrontMatter:
    """The front matter of a whole file. Raises ``Unreadable``."""
    start, end, body = _split(text)
    try:
        front, repairs, value = _composed(text[start:end])
    except _Fault as fault:
        raise Unreadable(Lines(text)[start + fault.offset], fault.what, fault.mend) from None
    longer = len(front) - (end - start)
    text = text[:start] + front + text[end:]
    lines = Lines(text)
    mapping = _moved(value, start, lines)
    if isinstance(mapping, Scalar) and mapping.is_nothing:
        mapping = Mapping((), start, start, lines[start])
    if not isinstance(mapping, Mapping):
        raise Unreadable(mapping.line, "the front matter holds no keys", "write lines like title: My event")
    counted = tuple(replace(repair, line=lines[start] + repair.line) for repair in repairs)
    return FrontMatter(text, mapping, start, end + longer, body + longer, lines, counted)


def _split(text: str) -> tuple[int, int, int]:
    """Where the front matter begins and ends, and where the text below it begins. Raises ``Unreadable``."""
    begin = "begin it with a line ---, a title, a date and a line ---"
    file = text.lstrip()
    if not file:
        raise Unreadable(1, "the file is empty", begin)
    opening = _BOUNDARY.match(file)
    if opening is None or not file.startswith("---"):
        raise Unreadable(1, "the file does not begin with front matter", begin)
    try:
        front, below = _HANDLER.split(file)
    except ValueError:
        raise Unreadable(1, "the front matter is not closed", "put a line --- below its last key") from None
    start = len(text) - len(file) + opening.end()
    return start, start + len(front), len(text) - len(below)


def _composed(front: str) -> tuple[str, list[Repair], Value]:
    """The front matter as it must have been meant, how it differs from what is written, and its value.

    Raises ``_Fault``, which speaks of what is written.
    """
    try:
        return front, [], _compose(front, "the front matter")
    except _Fault as fault:
        repaired, repairs = _repaired(front)
        if not repairs:
            raise
        try:
            return repaired, repairs, _compose(repaired, "the front matter")
        except _Fault:
            raise fault from None


def read_yaml(text: str) -> Mapping:
    """A whole file that is one YAML mapping, such as ``site.yaml``. Raises ``Unreadable``."""
    lines = Lines(text)
    try:
        value = _moved(_compose(text, "the file"), 0, lines)
    except _Fault as fault:
        raise Unreadable(lines[fault.offset], fault.what, fault.mend) from None
    if isinstance(value, Scalar) and value.is_nothing:
        return Mapping((), 0, 0, 1)
    if not isinstance(value, Mapping):
        raise Unreadable(value.line, "the file holds no keys", "write lines like name: My organisation")
    return value


class _Fault(Exception):
    """What is wrong in a piece of YAML, at an offset in that piece."""

    def __init__(self, offset: int, what: str, mend: str) -> None:
        super().__init__(what)
        self.offset, self.what, self.mend = offset, what, mend


def _compose(source: str, name: str) -> Value:
    """The one YAML value in ``source``, its lines not yet counted (they are 0). Raises ``_Fault``.

    ``name`` is what messages call the source. Made from the parser's events and not by ``yaml.compose``, so that
    neither an alias (a few lines can stand for gigabytes) nor deep nesting is ever followed.
    """
    if len(source) > LONGEST:
        raise _Fault(0, f"{name} is longer than {LONGEST} characters", "keep only its keys and their values")
    try:
        return _Composer(source).value
    except yaml.reader.ReaderError as error:
        raise _Fault(
            min(int(error.position), len(source)),
            f"{name} holds a character that YAML does not allow",
            "take the invisible character away",
        ) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        offset = min(mark.index, len(source)) if mark else 0
        # The parser stands at the start of the line after the one that it could not finish.
        while offset and (offset == len(source) or source[offset] == "\n") and source[offset - 1] == "\n":
            offset -= 1
        if "nesting depth" in (error.problem or ""):
            raise _too_deep(offset) from None
        raise _Fault(
            offset,
            f"{name} is not valid YAML here ({error.problem})",
            "put the value between quotes, or align the line with the ones around it",
        ) from None


class _Composer:
    """Puts the parser's events together. A block ends where its last value does: the parser sees its end only where
    the next key begins, below comments that may speak of that key."""

    def __init__(self, source: str) -> None:
        self._documents = 0
        self.value: Value = Scalar("", 0, 0, 0)
        events: Iterator[Any] = yaml.parse(source, Loader=Loader)
        open_: list[tuple[int, bool, list[Value]]] = []
        for event in events:
            start, end = event.start_mark.index, event.end_mark.index
            self._refuse(event, start, len(open_))
            value: Value
            if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                open_.append((start, bool(event.flow_style), []))
                continue
            if isinstance(event, yaml.ScalarEvent):
                value = Scalar(event.value, start, end, 0, event.style or "")
            elif isinstance(event, yaml.CollectionEndEvent):
                begin, flow, parts = open_.pop()
                end = end if flow or not parts else parts[-1].end
                if isinstance(event, yaml.SequenceEndEvent):
                    value = Sequence(tuple(parts), begin, end, 0)
                else:
                    value = Mapping(tuple(self._pairs(parts)), begin, end, 0, flow)
            else:
                continue
            if open_:
                open_[-1][2].append(value)
            else:
                self.value = value

    @staticmethod
    def _pairs(parts: list[Value]) -> Iterator[Entry]:
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                raise _Fault(key.start, "a key is a list or a group of keys", "make the key one word")
            yield Entry(key, value)

    def _refuse(self, event: Any, at: int, depth: int) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise _Fault(at, "a second YAML document begins here", "keep one")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Fault(
                at,
                "a YAML anchor or alias (& or *) is not read here",
                "write the value out, or put it between quotes",
            )
        if getattr(event, "tag", None) not in (None, "!", "tag:yaml.org,2002:str"):
            raise _Fault(
                at, "a YAML tag (!) is not read here", "take it away, or put the value between quotes"
            )
        if depth > DEEPEST:
            raise _too_deep(at)


def _too_deep(offset: int) -> _Fault:
    return _Fault(offset, "the keys are nested too deeply", "nest them less deeply")


def _moved(value: Value, by: int, lines: Lines) -> Value:
    """The value with its places in the whole text, and its line."""
    start, end = value.start + by, value.end + by
    if isinstance(value, Scalar):
        return Scalar(value.text, start, end, lines[start], value.style)
    if isinstance(value, Sequence):
        return Sequence(tuple(_moved(item, by, lines) for item in value.items), start, end, lines[start])
    entries = []
    for entry in value.entries:
        key = _moved(entry.key, by, lines)
        if isinstance(key, Scalar):
            entries.append(Entry(key, _moved(entry.value, by, lines)))
    return Mapping(tuple(entries), start, end, lines[start], value.flow)


_KEY_LINE = re.compile(r"^(?P<key>[a-z_]+):(?P<gap>[ \t]*)(?P<value>\S.*)$")


def _repaired(front: str) -> tuple[str, list[Repair]]:
    """``front`` with each line as it must have been meant, and how far down those lines are."""
    rows = front.split("\n")
    repairs: list[Repair] = []
    for number, row in enumerate(rows if len(front) <= LONGEST else ()):
        found = _KEY_LINE.match(row)
        if found is None:
            continue
        key, value = found["key"], found["value"].rstrip(" \t")
        if not found["gap"] and not value.startswith("//"):
            rows[number] = f"{key}: {row[len(key) + 1 :]}"
            repairs.append(Repair(number, f"there is no space after `{key}:`", "write one"))
        if key not in TEXT_KEYS or value[0] in "|>#":
            continue
        try:
            _compose(rows[number], key)
        except _Fault:
            rows[number] = f"{key}: {quoted(_unquoted(value))}"
            what = f"YAML takes the text of `{key}` for something else"
            repairs.append(Repair(number, what, "put it between quotes"))
    return "\n".join(rows), repairs


def _unquoted(value: str) -> str:
    """The text that is meant by a value with quotes that do not pair."""
    mark = value[0]
    if mark not in "\"'" or re.match(r"'[a-zA-Z]{1,2} ", value):
        # Dutch words such as 't and 's begin with an apostrophe.
        return value
    inside = value[1:-1] if len(value) > 1 and value[-1] == mark else value[1:]
    first = inside.find(mark)
    if first < 0 and len(inside) == len(value) - 1:
        return inside
    closes_a_word = first > 0 and not inside[first - 1].isspace() and inside[first + 1 : first + 2].isspace()
    if closes_a_word and inside.count(mark) % 2 == 0:
        return value
    if len(inside) == len(value) - 1:
        return value
    return inside.replace('\\"', '"')


def quoted(text: str) -> str:
    """``text`` as a YAML string on one line."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"

"""The keys of one mapping, each asked for by the kind of value it takes; whatever is wrong becomes a problem."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo
from difflib import get_close_matches
from typing import Self

from portal.content.addresses import is_address
from portal.content.findings import Findings, shown
from portal.content.frontmatter import Entry, Scalar, Sequence, Value
from portal.content.frontmatter import Mapping as YamlMapping
from portal.content.links import is_web_address, with_scheme
from portal.content.price import HIGHEST, is_plain, read_price, written
from portal.content.problems import Edit
from portal.content.times import NotATime, read_moment

YES = frozenset({"true", "yes", "on", "ja", "oui"})
NO = frozenset({"false", "no", "off", "nee", "non", "nein"})
LONGEST_TEXT = 1_000

_ID = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Fields:
    """What a mapping says. A wrong value is reported at its own line and read as if it were not there.

    ``of`` says in messages whose keys these are, where it is not the file itself.
    """

    def __init__(
        self, mapping: YamlMapping, findings: Findings, of: str = "", text: str | None = None
    ) -> None:
        self.findings = findings
        self.line = mapping.line
        self.of = of
        self._text = text
        """The whole text, where a line of it can be taken away or a key renamed."""
        self._wrong: set[str] = set()
        self._entries: dict[str, Entry] = {}
        for entry in mapping.entries:
            first = self._entries.get(entry.key.text)
            if first is None:
                self._entries[entry.key.text] = entry
            else:
                self._entries[entry.key.text] = self._one_of(first, entry)

    def __contains__(self, key: str) -> bool:
        """Whether the key has a value; ``capacity:`` or ``capacity: ""`` says nothing."""
        return self.scalar_or_group(key) is not None

    def is_written(self, key: str) -> bool:
        """Whether the key is there, with or without a value."""
        return key in self._entries

    def line_of(self, key: str) -> int:
        entry = self._entries.get(key)
        return entry.key.line if entry else self.line

    def scalar_or_group(self, key: str) -> Value | None:
        entry = self._entries.get(key)
        if entry is None or _is_empty(entry.value):
            return None
        return entry.value

    def found_wrong(self, key: str) -> bool:
        """Whether something was already said about this key's value."""
        return key in self._wrong

    def wrong(self, key: str, is_: str, mend: str) -> None:
        self._wrong.add(key)
        self.findings.error(self.line_of(key), f"{self.name(key)} is {is_}", mend)

    def name(self, key: str) -> str:
        return f"`{key}`{self.of}"

    def scalar(self, key: str, what: str = "text") -> Scalar | None:
        """The value when there is one and it is a single one."""
        value = self.scalar_or_group(key)
        if value is None or isinstance(value, Scalar):
            return value
        self.wrong(key, "a list" if isinstance(value, Sequence) else "a group of keys", f"give one {what}")
        return None

    def text(self, key: str, longest: int = LONGEST_TEXT) -> str:
        """The value on one line; empty when there is none."""
        value = self.scalar(key)
        text = " ".join(value.text.split()) if value else ""
        if len(text) > longest:
            self.wrong(key, f"{len(text)} characters long", f"keep it below {longest}")
            return ""
        return text

    def number(self, key: str, lowest: int, highest: int, instead: str = "") -> int | None:
        """A whole number within bounds; ``instead`` says what to write when none of them is meant."""
        value = self.scalar(key, "number")
        if value is None:
            return None
        found = re.fullmatch(r"\+?(\d{1,12})", value.text.strip(), re.ASCII)
        if found and lowest <= int(found[1]) <= highest:
            return int(found[1])
        self.wrong(key, shown(value.text), f"give a whole number from {lowest} to {highest}{instead}")
        return None

    def flag(self, key: str) -> bool:
        value = self.scalar(key, "word, true or false")
        if value is None:
            return False
        word = value.text.strip().casefold()
        if word not in YES | NO:
            self.wrong(key, shown(value.text), "write true or false")
        return word in YES

    def choice(self, key: str, words: Iterable[str], default: str) -> str:
        words = tuple(words)
        value = self.scalar(key, "word")
        if value is None:
            return default
        word = value.text.strip().casefold()
        if word in words:
            return word
        near = get_close_matches(word, words, 1)
        hint = f"did you mean {near[0]}? " if near else ""
        self.wrong(key, shown(value.text), f"{hint}write one of {', '.join(words)}")
        return default

    def identifier(self, key: str) -> str:
        """A name that goes into a form and an address; required. Empty, with an error, when it is none."""
        value = self.scalar(key, "name")
        if value is None:
            if key not in self:
                self.findings.error(
                    self.line, f"{self.name(key)} is missing", "give it a short name of its own"
                )
            return ""
        if not _ID.fullmatch(value.text.strip()):
            self.wrong(key, shown(value.text), "use letters, digits, - and _ only, 60 at most")
            return ""
        return value.text.strip()

    def link(self, key: str, *, needed: bool = True) -> str:
        """A whole web address. ``needed``: a wrong one refuses the file, else it is only left out."""
        value = self.scalar(key, "web address")
        address = value.text.strip() if value else ""
        if value is None or not address:
            return ""
        if https := with_scheme(address):
            start, _ = value.inside
            self.findings.warning(
                value.line,
                f"{self.name(key)} has no https://",
                "write it before the address",
                Edit(start, start, "https://"),
            )
            return https
        if is_web_address(address):
            return address
        report = self.findings.error if needed else self.findings.warning
        report(
            value.line,
            f"{self.name(key)} is {shown(address)}",
            "give a web address that begins with https://",
        )
        return ""

    def address(self, key: str) -> str:
        value = self.scalar(key, "e-mail address")
        address = value.text.strip() if value else ""
        if not address or is_address(address):
            return address
        self.wrong(key, shown(address), "give one e-mail address, like info@example.org")
        return ""

    def price(self, key: str = "price") -> int | None:
        """Cents for one person."""
        value = self.scalar(key, "price")
        if value is None:
            return None
        cents = read_price(value.text)
        if cents is None:
            self.wrong(
                key,
                shown(value.text),
                f"give euros as 65 or 65.50, {HIGHEST // 100} at most; 0 when it is free",
            )
        elif not is_plain(value.text):
            self.findings.warning(
                value.line,
                f"{self.name(key)} is {shown(value.text)}",
                f"write {written(cents)}",
                *value.rewritten(written(cents)),
            )
        return cents

    def moment(
        self, key: str, zone: tzinfo, *, seconds: bool = False, until: bool = False
    ) -> datetime | None:
        """A moment in ``zone``; ``until``: a day without an hour means the end of that day."""
        value = self.scalar(key, "day and hour")
        if value is None:
            return None
        try:
            moment = read_moment(value.text, zone, seconds=seconds)
        except NotATime as error:
            self.wrong(key, f"{shown(value.text)}, {error}", "write it like 2027-01-31T13:00:00")
            return None
        if moment.written:
            self.findings.warning(
                value.line,
                f"{self.name(key)} is {shown(value.text)}",
                f"write {moment.written}",
                *value.rewritten(moment.written),
            )
        return moment.over if until else moment.at

    def texts(self, key: str) -> tuple[tuple[str, int], ...]:
        """The texts of a list, each with its line."""
        value = self.scalar_or_group(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence):
            self.wrong(key, "not a list", "write it like [one, two]")
            return ()
        found = []
        for item in value.items:
            if not isinstance(item, Scalar) or item.is_nothing or not item.text.strip():
                self.findings.error(
                    item.line, f"an item of {self.name(key)} is no text", "write one word or sentence"
                )
            else:
                found.append((" ".join(item.text.split()), item.line))
        return tuple(found)

    def rows(self, key: str, example: str, most: int = 100) -> tuple[Self, ...]:
        """The mappings of a list of mappings."""
        value = self.scalar_or_group(key)
        if value is None:
            return ()
        if not isinstance(value, Sequence) or len(value.items) > most:
            self.wrong(
                key,
                "not a list" if not isinstance(value, Sequence) else f"a list of more than {most}",
                f"write {example}",
            )
            return ()
        found = []
        for number, item in enumerate(value.items, 1):
            if isinstance(item, YamlMapping):
                found.append(type(self)(item, self.findings, f" of {key} {number}"))
            else:
                self.findings.error(
                    item.line, f"item {number} of {self.name(key)} has no keys", f"write {example}"
                )
        return tuple(found)

    def group(self, key: str) -> Self | None:
        value = self.scalar_or_group(key)
        if value is None or isinstance(value, YamlMapping):
            return type(self)(value, self.findings, f" of {key}") if value else None
        self.wrong(
            key, "not a group of keys", "write its keys below it, each on a line that begins with two spaces"
        )
        return None

    def known_only(
        self, known: Collection[str], *, also: Mapping[str, str] | None = None, strict: bool = True
    ) -> None:
        """Reports a key that is not ``known``: a near miss always, any other when ``strict``.

        ``also`` are other words for a key, such as the same in another language.
        """
        for key, entry in self._entries.items():
            if key in known:
                continue
            folded = key.strip().casefold().replace("-", "_").replace(" ", "_")
            meant = (also or {}).get(folded) or (folded if folded in known else None)
            near = [meant] if meant else get_close_matches(folded, known, 1, 0.8)
            what = f"the key `{key}`{self.of} is not known"
            if near:
                renaming = self._text is not None and near[0] not in self._entries
                edits = (Edit(*entry.key.inside, near[0]),) if renaming else ()
                self.not_known(entry.key.line, what, f"did you mean `{near[0]}`?", *edits)
            elif strict:
                self.not_known(entry.key.line, what, f"use one of {', '.join(known)}")

    def not_known(self, line: int, what: str, mend: str, *edits: Edit) -> None:
        """Reports what ``known_only`` found, as a warning: the file can be read without that key."""
        self.findings.warning(line, what, mend, *edits)

    def _one_of(self, first: Entry, second: Entry) -> Entry:
        """Which of two entries with one key is meant; an error when that cannot be told."""
        kept, spare = first, second
        if _same(first.value, second.value) or _is_empty(second.value):
            pass
        elif _is_empty(first.value):
            kept, spare = second, first
        else:
            self.findings.error(
                second.key.line,
                f"{self.name(first.key.text)} is given twice, here and on line {first.key.line}",
                "keep one of them",
            )
            return first
        edits = () if self._text is None else (self._without(spare),)
        self.findings.warning(
            spare.key.line,
            f"{self.name(first.key.text)} is given twice, here and on line {kept.key.line}",
            "take this line away",
            *edits,
        )
        return kept

    def _without(self, entry: Entry) -> Edit:
        text = self._text or ""
        end = entry.value.end
        if text[end - 1 : end] != "\n":
            end = text.find("\n", end) + 1 or len(text)
        return Edit(text.rfind("\n", 0, entry.key.start) + 1, end, "")


def _is_empty(value: Value) -> bool:
    return isinstance(value, Scalar) and (value.is_nothing or not value.text.strip())


def _same(one: Value, other: Value) -> bool:
    if isinstance(one, Scalar) and isinstance(other, Scalar):
        return one.text.strip() == other.text.strip()
    if isinstance(one, Sequence) and isinstance(other, Sequence):
        return len(one.items) == len(other.items) and all(map(_same, one.items, other.items))
    if isinstance(one, YamlMapping) and isinstance(other, YamlMapping):
        return len(one.entries) == len(other.entries) and all(
            a.key.text == b.key.text and _same(a.value, b.value)
            for a, b in zip(one.entries, other.entries, strict=True)
        )
    return False

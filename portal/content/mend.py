"""``portal check --fix``: the same file with its mends made, and every other character left as it was."""

import re
from collections import Counter
from collections.abc import Callable, Iterable

from portal.content.problems import Edit, errors
from portal.content.reader import Reading

ROUNDS = 3


def apply(reading: Reading) -> bytes:
    """The file with all edits made, in UTF-8. A file that could not be decoded is given back as it is."""
    if not reading.text:
        return reading.source
    return applied(reading.text, [edit for problem in reading.problems for edit in problem.edits]).encode()


def applied(text: str, edits: Iterable[Edit]) -> str:
    """``text`` with the edits made; of two that overlap only the first, since the other spoke of what was there."""
    pieces = []
    at = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            continue
        pieces += [text[at : edit.start], edit.replacement]
        at = edit.end
    return "".join([*pieces, text[at:]])


def mended(source: bytes, read: Callable[[bytes], Reading]) -> bytes:
    """The file after as many rounds as it takes until nothing more is mended, three at most.

    A mend that would bring an error that was not there is not made.
    """
    reading = read(source)
    for _ in range(ROUNDS):
        better = _round(reading, read)
        if better.source == reading.source:
            break
        reading = better
    return reading.source


def _round(reading: Reading, read: Callable[[bytes], Reading]) -> Reading:
    """The file with all its mends made; one after another, where together they bring an error."""
    if not reading.text:
        return reading
    better = read(apply(reading))
    if not _brings_an_error(reading, better):
        return better
    kept = reading
    made: tuple[Edit, ...] = ()
    for edits in ((), *(problem.edits for problem in reading.problems if problem.edits)):
        better = read(applied(reading.text, [*made, *edits]).encode())
        if not _brings_an_error(reading, better):
            kept, made = better, (*made, *edits)
    return kept


def _brings_an_error(before: Reading, after: Reading) -> bool:
    return bool(_errors(after) - _errors(before))


def _errors(reading: Reading) -> Counter[str]:
    """How often each thing is wrong; without the numbers of lines, which move with a mend."""
    return Counter(re.sub(r"\bline \d+", "line", problem.what) for problem in errors(reading.problems))

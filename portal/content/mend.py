"""``portal check --fix``: the same file with its mends made, and every other character left as it was."""

from collections.abc import Callable, Iterable

from portal.content.problems import Edit
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

    A round that would bring an error that was not there is not made.
    """
    reading = read(source)
    for _ in range(ROUNDS):
        better = apply(reading)
        if better == reading.source:
            break
        next_reading = read(better)
        if _errors(next_reading) > _errors(reading):
            break
        reading = next_reading
    return reading.source


def _errors(reading: Reading) -> int:
    return sum(problem.severity == "error" for problem in reading.problems)

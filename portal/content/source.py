"""The bytes of a content file."""

from pathlib import Path

from portal.content.decoding import LARGEST


def read_source(file: Path) -> bytes:
    """What is in the file; of one that is too large only so much that this shows. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(LARGEST + 1)

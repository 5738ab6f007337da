"""Bank statements: CAMT.053 (ISO 20022) and CODA (Febelfin), read into the same values."""

import re

from portal.formats.statements import camt, coda
from portal.formats.statements.entries import Entry, Statement, StatementError

__all__ = ["LARGEST_FILE", "Entry", "Statement", "StatementError", "read_statement"]

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes; a year of a busy association is a tenth of it."""

_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<|\xff\xfe|\xfe\xff")
_CODA = re.compile(rb"(?:\xef\xbb\xbf)?0000[0-9]{7}")
_OTHERS = {
    b"PK": ("is a ZIP archive", "unpack it and send the files in it one by one"),
    b"%PDF": ("is a PDF, made for reading", "ask your bank for CAMT.053 or CODA"),
    b":20:": ("seems to be MT940", "ask your bank for CAMT.053 or CODA"),
}


def read_statement(data: bytes) -> Statement:
    """The statement in the bytes of a CAMT.053 (any version) or CODA 2 file, recognised by what stands in it.

    Raises StatementError when it is neither, larger than ``LARGEST_FILE``, damaged or cut off. Balances that do
    not fit the movements are warnings: a person looks, and the payments are there.
    """
    if len(data) > LARGEST_FILE:
        raise StatementError("the file", "is larger than 10 MB", "ask your bank for a shorter period")
    if _XML.match(data):
        return camt.read(data)
    if _CODA.match(data):
        return coda.read(data)
    for start, (what, mend) in _OTHERS.items():
        if data.startswith(start):
            raise StatementError("the file", what, mend)
    raise StatementError(
        "the file", "is no bank statement that can be read here", "ask your bank for CAMT.053 or CODA"
    )

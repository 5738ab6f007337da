"""A bank statement as frozen values, whichever file it came in."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Literal


class StatementError(Exception):
    """A file that cannot be read as a statement: where in it, what is wrong, and what to do about it."""

    def __init__(self, where: str, what: str, mend: str) -> None:
        super().__init__(f"{where}: {what}; {mend}")
        self.where = where
        self.what = what
        self.mend = mend


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A booked movement on an account, or one of the payments that a bank booked together.

    ``account`` and ``counterparty_iban`` are IBANs without spaces (``account`` may be a national number where
    the bank gives no other); ``amount_cents`` is in hundredths of ``currency`` (ISO 4217), above zero for what
    came in; ``communication`` is the 12 digits of a structured communication; ``reversal`` says that it undoes
    another movement. Texts are empty where the bank gives none. ``fingerprint`` is as ``fingerprinted`` says.
    """

    account: str
    booked_on: date
    amount_cents: int
    currency: str
    communication: str | None
    text: str
    counterparty: str
    counterparty_iban: str
    bank_reference: str
    reversal: bool
    fingerprint: str = ""

    @property
    def foreign(self) -> bool:
        """Whether the amount is not in euro, so that nothing may be paid with it by itself."""
        return self.currency != "EUR"


@dataclass(frozen=True)
class Statement:
    """The movements in a file, in its order, and in English what does not add up in it."""

    format: Literal["CAMT.053", "CODA"]
    entries: tuple[Entry, ...]
    warnings: tuple[str, ...]


def fingerprinted(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries, each with 64 characters that are its own in this file and the same in any other file.

    They are made of what a bank repeats whenever it reports a movement: account, day, amount, communication,
    counterparty's account and the bank's own reference; name and text only where it gives no reference. Equal
    ones are counted, so that the second of two equal payments on a day stays the second in a file that
    overlaps. The statement's number and the entry's place are left out: a bank numbers anew in each download,
    and a payment would count twice.
    """
    seen: Counter[tuple[object, ...]] = Counter()
    made = []
    for entry in entries:
        facts: tuple[object, ...] = (
            entry.account,
            entry.booked_on.isoformat(),
            entry.amount_cents,
            entry.currency,
            entry.communication,
            entry.counterparty_iban,
            entry.bank_reference or (entry.counterparty, entry.text),
        )
        seen[facts] += 1
        made.append(replace(entry, fingerprint=sha256(repr((facts, seen[facts])).encode()).hexdigest()))
    return tuple(made)


def only(found: Collection[str]) -> str | None:
    """The communication, if there is one and no other: which of two was meant is for a person to say."""
    return next(iter(found)) if len(found) == 1 else None


def tidy(text: str) -> str:
    """The text on one line, without the spaces that fill a fixed width and without control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())

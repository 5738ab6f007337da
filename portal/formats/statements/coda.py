"""CODA, Febelfin's coded statement of account (version 2), read by febelfin-coda.

The library knows the fields. It stops at the first surprise with a bare assertion, though, also where only a total
differs, and takes a file that is cut off for a whole one. So each record passes ``_Records`` on its way to it.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from coda import CODA
from stdnum import iban as iban_number

from portal.formats.statements.entries import Entry, Statement, StatementError, fingerprinted, only, tidy
from portal.formats.transfer import find_communications, plain_amount, read_communication, read_iban

WIDTH = 128

_AGAIN = "download it again from your bank, and change nothing in it"
# What may stand after each kind of record; None is the start of the file.
_NEXT = {None: "0", "0": "1", "1": "23489", "2": "23489", "3": "23489", "4": "23489", "8": "49", "9": "0"}
# A sign and 15 digits, of which three are decimals; and the day, which may be unknown.
_AMOUNTS = {"1": slice(42, 58), "21": slice(31, 47), "8": slice(41, 57)}
_DAYS = {"1": slice(58, 64), "21": slice(47, 53), "8": slice(57, 63)}
_AMOUNT = re.compile(r"[01][0-9]{14}0")
_CREATED_ON = slice(5, 11)
_DETAIL_OF_A_DETAIL = "9"
_TOTALS = ("1", "2")
_STRUCTURED = ("101", "102")
_CANCELLATIONS = ("49", "99")
_RETURNED = ("1", "2", "3", "4", "5")


def read(data: bytes) -> Statement:
    """The statement in a CODA file; StatementError as ``read_statement`` says."""
    records = _Records(_text(data))
    entries: list[Entry] = []
    warnings: list[str] = []
    try:
        statements = CODA(iter(records)).statements
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise StatementError(f"line {records.line}", "the record cannot be read", _AGAIN) from error
    for statement, trailer in zip(statements, records.trailers, strict=True):
        entries += _entries(statement, warnings)
        warnings += _balance_warnings(statement, trailer)
    return Statement("CODA", fingerprinted(entries), (*records.warnings, *warnings))


def _text(data: bytes) -> str:
    """Banks write Windows' Western characters, a few UTF-8; the width of the lines tells."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("windows-1252", "replace")
    fits = all(len(line) == WIDTH for line in _lines(text))
    return text if fits else data.decode("windows-1252", "replace")


def _lines(text: str) -> list[str]:
    return [line.rstrip("\r") for line in text.rstrip("\r\n\x1a").split("\n")]


class _Records:
    """The records of a file in order, those left out that no entry is made of; ``line`` counts from 1.

    ``trailers`` are the last records of the statements passed so far, ``warnings`` what may be missing.
    """

    def __init__(self, text: str) -> None:
        self.line = 0
        self.trailers: list[str] = []
        self.warnings: list[str] = []
        self._lines = _lines(text)
        self._created_on = ""
        self._counted = 0
        self._movement = ""
        self._left_out = False

    def __iter__(self) -> Iterator[str]:
        before = None
        for record in self._lines:
            self.line += 1
            self._check(record, before)
            before = record[0]
            if before == "0":
                self._created_on = record[_CREATED_ON]
                self._counted = 0
            elif before == "2":
                self._follow(record)
            elif before == "9":
                self._close(record)
            self._counted += before in "1238"
            if before in ("0", "1", "8") or (before == "2" and not self._left_out):
                yield self._dated(record)
        if before != "9":
            raise self._error("the file stops before the end of the statement")
        if self.trailers[-1][-1] == "1":
            self.warnings.append("the bank announces another statement, which is not in the file")

    def _check(self, record: str, before: str | None) -> None:
        if len(record) != WIDTH:
            raise self._error(f"the line has {len(record)} characters instead of {WIDTH}")
        if record[0] not in _NEXT[before]:
            raise self._error(f"a record {record[0]!r} cannot stand here, so something is missing")
        if record[0] == "0" and record[-1] != "2":
            raise self._error("this is not version 2 of CODA", "ask your bank for CODA 2")
        amount = _AMOUNTS.get(_kind(record))
        if amount and not _AMOUNT.fullmatch(record[amount]):
            raise self._error(f"the amount {record[amount]!r} cannot be read")
        if record[0] == "1" and not re.match(r"1(?:0.{16}|[1-3].{37})[A-Z]{3}", record):
            raise self._error("the account and its currency cannot be read")
        if record[0] == "9" and not re.fullmatch(r"[0-9]{36}", record[16:52]):
            raise self._error("the totals cannot be read")

    def _follow(self, record: str) -> None:
        """Which movement a record belongs to. What a detail is made of is no payment of its own."""
        if record[1] == "1":
            self._movement = record[2:10]
            self._left_out = record[53] == _DETAIL_OF_A_DETAIL
        elif record[2:10] != self._movement:
            raise self._error("the record belongs to a movement that is not there")

    def _close(self, record: str) -> None:
        self.trailers.append(record)
        if int(record[16:22]) != self._counted:
            self.warnings.append(
                f"line {self.line}: the statement has {self._counted} records, the bank counts {int(record[16:22])}"
            )

    def _dated(self, record: str) -> str:
        """The record; for a day that the bank does not know (000000), the day on which it made the file."""
        day = _DAYS.get(_kind(record))
        if day is None or record[day] != "000000":
            return record
        return record[: day.start] + self._created_on + record[day.stop :]

    def _error(self, what: str, mend: str = _AGAIN) -> StatementError:
        return StatementError(f"line {self.line}", what, mend)


def _kind(record: str) -> str:
    return record[:2] if record[0] == "2" else record[0]


def _entries(statement: Any, warnings: list[str]) -> Iterator[Entry]:
    """A movement, or its details where it is the total of several payments (types 1 and 2); never both.

    A movement with details of another kind (type 3) is one payment of which they explain the charges.
    """
    account = _account(statement)
    for move in statement.moves:
        details = move.moves if move.transaction_type in _TOTALS else []
        if details and sum(detail.amount for detail in details) != move.amount:
            warnings.append(
                f"movement {move.sequence}: the details do not add up to {plain_amount(_cents(move.amount))}"
            )
        for part in details or [move]:
            yield _entry(part, account, statement.account_currency)


def _entry(move: Any, account: str, currency: str) -> Entry:
    told = [_communication(part) for part in (move, *move.moves)]
    return Entry(
        account=account,
        booked_on=move.entry_date,
        amount_cents=_cents(move.amount),
        currency=currency,
        communication=only(frozenset().union(*(communications for communications, _ in told))),
        text=" ".join(text for _, text in told if text),
        counterparty=tidy(move.counterparty_name or ""),
        counterparty_iban=_iban((move.counterparty_account or "")[:34]) or "",
        bank_reference=tidy(move.bank_reference),
        reversal=move.transaction_transaction in _CANCELLATIONS or move.r_transaction in _RETURNED,
    )


def _communication(move: Any) -> tuple[frozenset[str], str]:
    """The structured communications of a movement, and its text where that is more."""
    text = tidy(move.communication or "")
    if move.communication_type not in _STRUCTURED:
        return find_communications(text), text
    communication = read_communication(text)
    return (frozenset({communication}), "") if communication else (frozenset(), text)


def _account(statement: Any) -> str:
    return _iban(statement.account) or tidy(statement.account)


def _iban(written: str) -> str | None:
    """The IBAN; a Belgian number of the old kind is made into one."""
    number = written.partition(" ")[0]
    if re.fullmatch(r"[0-9]{12}", number):
        number = f"BE{iban_number.calc_check_digits(f'BE00{number}')}{number}"
    return read_iban(number)


def _cents(amount: Decimal) -> int:
    return int(amount * 100)


def _balance_warnings(statement: Any, trailer: str) -> Iterator[str]:
    """What the movements do not explain of the totals and of the new balance."""
    amounts = [_cents(move.amount) for move in statement.moves]
    moved = -sum(cents for cents in amounts if cents < 0), sum(cents for cents in amounts if cents > 0)
    told = int(trailer[22:37]) // 10, int(trailer[37:52]) // 10
    if moved != told:
        yield (
            f"statement {statement.old_sequence}: {plain_amount(moved[0])} went out and {plain_amount(moved[1])} came"
            f" in, the totals say {plain_amount(told[0])} and {plain_amount(told[1])}"
        )
    if statement.new_balance is not None:
        difference = _cents(statement.new_balance - statement.old_balance)
        if sum(amounts) != difference:
            yield (
                f"statement {statement.old_sequence}: the movements add up to {plain_amount(sum(amounts))},"
                f" the balances differ by {plain_amount(difference)}"
            )

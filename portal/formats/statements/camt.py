"""CAMT.053, the bank-to-customer statement of ISO 20022, versions 02 to 13.

The versions differ in where a few things stand; each is looked for in all of its places, whatever the namespace
says. Read by defusedxml: no DTD, no entity, nothing fetched.
"""

import re
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from portal.formats.statements.entries import Entry, Statement, StatementError, fingerprinted, only, tidy
from portal.formats.transfer import find_communications, plain_amount, read_communication, read_iban

_AGAIN = "download it again from your bank"
_OTHER_MESSAGES = {
    "BkToCstmrAcctRpt": "is CAMT.052, a report of a day that is not over",
    "BkToCstmrDbtCdtNtfctn": "is CAMT.054, a notice without balances",
}
_AMOUNT = re.compile(r"([0-9]{1,15})(?:\.([0-9]{0,2})0*)?")
_CURRENCY = re.compile(r"[A-Z]{3}")
# The deepest that ISO 20022 goes in this message is 14; ten megabytes of what banks write have 400,000 elements.
_DEEPEST = 40
_MOST_ELEMENTS = 600_000
# What banks write where they have no reference.
_NO_REFERENCE = ("NOTPROVIDED", "NONREF", "NOREF")


def read(data: bytes) -> Statement:
    """The statement in an XML file; StatementError as ``read_statement`` says."""
    message = _message(data)
    entries: list[Entry] = []
    warnings: list[str] = []
    for place, statement in enumerate(message.iterfind("Stmt"), 1):
        where = f"statement {_text(statement, 'Id') or place}"
        booked = list(_booked(statement, where))
        for entry, entry_where in booked:
            entries += _parts(entry, entry_where, _account(statement), warnings)
        warnings += _balance_warnings(statement, where, [_amount(*found) for found in booked])
    return Statement("CAMT.053", fingerprinted(entries), tuple(warnings))


class _Bounded(TreeBuilder):
    """Builds the tree, as long as it is one that a bank may have written."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self._depth += 1
        self._elements += 1
        if self._depth > _DEEPEST or self._elements > _MOST_ELEMENTS:
            raise StatementError("the file", "holds far more than a statement does", _AGAIN)
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(tag)


def _message(data: bytes) -> Element:
    parser = DefusedXMLParser(target=_Bounded(), forbid_dtd=True)
    try:
        parser.feed(data)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise StatementError("the file", "declares entities of its own, as no bank does", _AGAIN) from error
    except ParseError as error:
        line = error.position[0]
        raise StatementError(f"line {line}", "the XML is damaged or cut off", _AGAIN) from error
    except (LookupError, ValueError) as error:
        raise StatementError("the file", "is in an unknown character set", _AGAIN) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    message = root.find("BkToCstmrStmt")
    if root.tag == "Document" and message is not None:
        return message
    what = next((what for tag, what in _OTHER_MESSAGES.items() if root.find(tag) is not None), "is other XML")
    raise StatementError("the file", what, "ask your bank for CAMT.053 or CODA")


def _booked(statement: Element, where: str) -> Iterator[tuple[Element, str]]:
    """The entries that are final, each with its place in the file; what is pending comes in a later statement."""
    for place, entry in enumerate(statement.iterfind("Ntry"), 1):
        if _text(entry, "Sts/Cd", "Sts/Prtry", "Sts") in ("BOOK", ""):
            yield entry, f"{where}, entry {place}"


def _parts(entry: Element, where: str, account: str, warnings: list[str]) -> Iterator[Entry]:
    """The entry, or the payments that the bank booked together in it."""
    whole = _amount(entry, where)
    details = entry.findall("NtryDtls/TxDtls")
    if len(details) < 2:
        # What was booked counts, also where the only detail tells of charges or of another currency.
        yield _entry(entry, where, account, details[0] if details else Element("TxDtls"), whole)
        return
    amounts = [_part_amount(detail, entry, where) for detail in details]
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts):
        warnings.append(f"{where}: payments booked together without an amount for each, kept as one")
        yield _entry(entry, where, account, Element("TxDtls"), whole)
        return
    if {currency for _, currency in known} == {whole[1]} and sum(cents for cents, _ in known) != whole[0]:
        warnings.append(
            f"{where}: the payments booked together add up to {plain_amount(sum(cents for cents, _ in known))},"
            f" the entry says {plain_amount(whole[0])}"
        )
    for detail, amount in zip(details, known, strict=True):
        yield _entry(entry, where, account, detail, amount)


def _entry(entry: Element, where: str, account: str, detail: Element, amount: tuple[int, str]) -> Entry:
    reversal = _text(entry, "RvslInd") in ("true", "1")
    name, iban = _counterparty(detail, account, paid_to_us=(amount[0] > 0) != reversal)
    communication, text = _remittance(entry, detail)
    return Entry(
        account=account,
        booked_on=_date(entry, where),
        amount_cents=amount[0],
        currency=amount[1],
        communication=communication,
        text=text,
        counterparty=name,
        counterparty_iban=iban,
        bank_reference=_reference(entry, detail),
        reversal=reversal,
    )


def _amount(element: Element, where: str) -> tuple[int, str]:
    """Signed cents and the currency of an entry or a balance."""
    amount = element.find("Amt")
    if amount is None:
        raise StatementError(where, "the amount is missing", _AGAIN)
    return _signed(amount, _text(element, "CdtDbtInd"), where)


def _part_amount(detail: Element, entry: Element, where: str) -> tuple[int, str] | None:
    """The same of one of several payments: version 04 and later give it directly, the first ones as TxAmt."""
    amount = detail.find("Amt")
    if amount is None:
        amount = detail.find("AmtDtls/TxAmt/Amt")
    if amount is None:
        return None
    return _signed(amount, _text(detail, "CdtDbtInd") or _text(entry, "CdtDbtInd"), where)


def _signed(amount: Element, direction: str, where: str) -> tuple[int, str]:
    written = (amount.text or "").strip()
    currency = amount.get("Ccy", "")
    match = _AMOUNT.fullmatch(written)
    if not match or not _CURRENCY.fullmatch(currency):
        raise StatementError(where, f"the amount {tidy(f'{written} {currency}')!r} cannot be read", _AGAIN)
    if direction not in ("CRDT", "DBIT"):
        raise StatementError(where, "nothing says whether the amount came in or went out", _AGAIN)
    cents = int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))
    return (cents if direction == "CRDT" else -cents), currency


def _account(statement: Element) -> str:
    written = _text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id")
    return read_iban(written) or tidy(written)


def _date(entry: Element, where: str) -> date:
    written = _text(entry, "BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
    try:
        return date.fromisoformat(written[:10])
    except ValueError as error:
        raise StatementError(where, f"the booking date {written[:40]!r} is no date", _AGAIN) from error


def _counterparty(detail: Element, account: str, *, paid_to_us: bool) -> tuple[str, str]:
    """Name and IBAN of the other side. A reversal names the parties of the payment that it undoes."""
    sides = ("Dbtr", "Cdtr") if paid_to_us else ("Cdtr", "Dbtr")
    for side in sides:
        parties = f"RltdPties/{side}", f"RltdPties/Ultmt{side}"
        name = _text(detail, *(f"{party}{inner}/Nm" for party in parties for inner in ("/Pty", "")))
        iban = read_iban(_text(detail, f"RltdPties/{side}Acct/Id/IBAN")) or ""
        if iban != account and (iban or (name and side == sides[0])):
            return tidy(name), iban
    return "", ""


def _remittance(entry: Element, detail: Element) -> tuple[str | None, str]:
    """The structured communication, and what else was written."""
    references = [_text(found, ".") for found in detail.iterfind("RmtInf/Strd/CdtrRefInf/Ref")]
    lines = [found.text or "" for found in detail.iterfind("RmtInf/Ustrd")]
    lines += [_text(found, ".") for found in detail.iterfind("RmtInf/Strd/AddtlRmtInf")]
    lines += [reference for reference in references if read_communication(reference) is None]
    if not any(line.strip() for line in lines):
        lines = [_text(detail, "AddtlTxInf") or _text(entry, "AddtlNtryInf")]
    communications = (
        {found for reference in references if (found := read_communication(reference))}
        or find_communications(" ".join(lines))
        or find_communications("".join(lines))  # some banks cut the text wherever their line ends
    )
    return only(communications), tidy(" ".join(lines))


def _reference(entry: Element, detail: Element) -> str:
    """The bank's reference. Not NtryRef, which for many is but the number of the entry in this download."""
    written = (
        _text(detail, "Refs/AcctSvcrRef"),
        _text(detail, "Refs/TxId"),
        _text(entry, "AcctSvcrRef"),
    )
    return next((tidy(found) for found in written if found and found.upper() not in _NO_REFERENCE), "")


def _balance_warnings(statement: Element, where: str, booked: list[tuple[int, str]]) -> Iterator[str]:
    """What the opening balance and the entries do not explain of the closing balance, where both are given."""
    balances: dict[str, int] = {}
    for balance in statement.iterfind("Bal"):
        kind = _text(balance, "Tp/CdOrPrtry/Cd")
        if kind in ("OPBD", "PRCD", "CLBD"):
            balances.setdefault(kind, _amount(balance, f"{where}, balance {kind}")[0])
    opening, closing = balances.get("OPBD", balances.get("PRCD")), balances.get("CLBD")
    moved = sum(cents for cents, _ in booked)
    if opening is not None and closing is not None and opening + moved != closing:
        yield (
            f"{where}: the entries add up to {plain_amount(moved)},"
            f" the balances differ by {plain_amount(closing - opening)}"
        )


def _text(element: Element, *paths: str) -> str:
    """The first of these that is there and not empty."""
    found = ((element if path == "." else element.find(path)) for path in paths)
    return next((text for part in found if part is not None and (text := (part.text or "").strip())), "")

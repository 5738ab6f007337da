"""Bank statements for tests, written after ISO 20022 camt.053.001.02."""

from collections.abc import Iterable
from datetime import date

STATEMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>
<GrpHdr><MsgId>1</MsgId><CreDtTm>2027-01-20T06:00:00</CreDtTm></GrpHdr>
<Stmt><Id>1</Id><CreDtTm>2027-01-20T06:00:00</CreDtTm><Acct><Id><IBAN>{iban}</IBAN></Id></Acct>
{entries}
</Stmt></BkToCstmrStmt></Document>"""

ENTRY = """<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{number}</AcctSvcrRef>
<NtryDtls><TxDtls><RmtInf><Ustrd>{text}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"""


def camt(iban: str, payments: Iterable[tuple[date, str, str]], currency: str = "EUR") -> bytes:
    """A statement of ``iban`` with what came in: day, amount in ``currency``, text."""
    entries = (
        ENTRY.format(amount=amount, day=day, text=text, number=number, currency=currency)
        for number, (day, amount, text) in enumerate(payments, 1)
    )
    return STATEMENT.format(iban=iban, entries="\n".join(entries)).encode()

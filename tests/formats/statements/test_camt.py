"""CAMT.053: files written here after ISO 20022, about people who do not exist."""

import time
import tracemalloc
from datetime import date
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.formats.statements import LARGEST_FILE, Entry, Statement, StatementError, read_statement

ACCOUNT = "BE71096123456769"
PAYER = "BE68539007547034"
COMMUNICATION = "123456789002"
WRITTEN = "+++123/4567/89002+++"
OTHER = "000000009797"


def error_of(data: bytes) -> StatementError:
    with pytest.raises(StatementError) as caught:
        read_statement(data)
    return caught.value


def only_entry(data: bytes) -> Entry:
    (entry,) = read_statement(data).entries
    return entry


def fingerprints(statement: Statement) -> list[str]:
    return [entry.fingerprint for entry in statement.entries]


def amount(cents: int, currency: str = "EUR") -> str:
    direction = "CRDT" if cents >= 0 else "DBIT"
    written = f"{abs(cents) // 100}.{abs(cents) % 100:02}"
    return f'<Amt Ccy="{currency}">{written}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'


def structured(reference: str) -> str:
    kind = "<Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry><Issr>BBA</Issr></Tp>"
    return f"<RmtInf><Strd><CdtrRefInf>{kind}<Ref>{reference}</Ref></CdtrRefInf></Strd></RmtInf>"


def free(*lines: str) -> str:
    return f"<RmtInf>{''.join(f'<Ustrd>{escape(line)}</Ustrd>' for line in lines)}</RmtInf>"


def parties(
    debtor: str, debtor_iban: str, creditor: str = "Maakplaats vzw", creditor_iban: str = ACCOUNT
) -> str:
    return (
        f"<RltdPties><Dbtr><Nm>{escape(debtor)}</Nm></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{debtor_iban}</IBAN></Id></DbtrAcct>"
        f"<Cdtr><Nm>{escape(creditor)}</Nm></Cdtr>"
        f"<CdtrAcct><Id><IBAN>{creditor_iban}</IBAN></Id></CdtrAcct></RltdPties>"
    )


def detail(*parts: str, reference: str = "") -> str:
    refs = f"<Refs><AcctSvcrRef>{reference}</AcctSvcrRef></Refs>" if reference else ""
    return f"<TxDtls>{refs}{''.join(parts)}</TxDtls>"


PAID = detail(parties("Fien Voorbeeld", PAYER), structured(COMMUNICATION))


def ntry(
    cents: int = 6500,
    *details: str,
    currency: str = "EUR",
    reversal: str = "",
    status: str = "BOOK",
    day: str = "<Dt>2027-02-03</Dt>",
    reference: str = "",
    more: str = "",
) -> str:
    return (
        f"<Ntry><NtryRef>1</NtryRef>{amount(cents, currency)}"
        f"{f'<RvslInd>{reversal}</RvslInd>' if reversal else ''}<Sts>{status}</Sts><BookgDt>{day}</BookgDt>"
        f"{f'<AcctSvcrRef>{reference}</AcctSvcrRef>' if reference else ''}"
        f"<NtryDtls>{''.join(details)}</NtryDtls>{more}</Ntry>"
    )


def balance(kind: str, cents: int) -> str:
    return f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>{amount(cents)}</Bal>"


def stmt(*parts: str, name: str = "S1") -> str:
    return f"<Stmt><Id>{name}</Id><Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>{''.join(parts)}</Stmt>"


def document(*statements: str, version: str = "02", before: str = "", encoding: str = "UTF-8") -> bytes:
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{before}'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId></GrpHdr>{''.join(statements)}</BkToCstmrStmt></Document>"
    )
    return text.encode(encoding)


def camt(*entries: str) -> bytes:
    return document(stmt(*entries))


def test_a_payment_in_camt_is_read() -> None:
    statement = read_statement(camt(ntry(6500, PAID, reference="REF7")))
    (entry,) = statement.entries
    assert statement.format == "CAMT.053"
    assert statement.warnings == ()
    assert entry == Entry(
        account=ACCOUNT,
        booked_on=date(2027, 2, 3),
        amount_cents=6500,
        currency="EUR",
        communication=COMMUNICATION,
        text="",
        counterparty="Fien Voorbeeld",
        counterparty_iban=PAYER,
        bank_reference="REF7",
        reversal=False,
        fingerprint=entry.fingerprint,
    )
    assert len(entry.fingerprint) == 64
    assert not entry.foreign


@pytest.mark.parametrize("version", ["02", "04", "08", "13"])
def test_every_version_of_camt_gives_the_same(version: str) -> None:
    paid, status = PAID, "BOOK"
    if version >= "08":
        paid = paid.replace("<Nm>Fien Voorbeeld</Nm>", "<Pty><Nm>Fien Voorbeeld</Nm></Pty>")
        status = "<Cd>BOOK</Cd>"
    read = read_statement(document(stmt(ntry(6500, paid, status=status)), version=version))
    assert read == read_statement(camt(ntry(6500, PAID)))


@pytest.mark.parametrize(
    "said",
    [
        free(WRITTEN),
        free("***123/4567/89002***"),
        free(f"inschrijving {COMMUNICATION} Fien"),
        free("inschrijving 123/45", "67/89002 Fien"),
        free("inschrijving", COMMUNICATION),
        structured(WRITTEN),
    ],
)
def test_a_communication_is_found_wherever_it_was_written(said: str) -> None:
    assert only_entry(camt(ntry(6500, detail(said)))).communication == COMMUNICATION


def test_a_communication_may_stand_in_what_the_bank_adds() -> None:
    told = only_entry(camt(ntry(6500, more=f"<AddtlNtryInf>Overschrijving {WRITTEN}</AddtlNtryInf>")))
    assert (told.communication, told.text) == (COMMUNICATION, f"Overschrijving {WRITTEN}")


@pytest.mark.parametrize(
    "said", [free("123456789003"), structured("RF18539007547034"), free("voor Fien"), ""]
)
def test_other_words_stay_text(said: str) -> None:
    assert only_entry(camt(ntry(6500, detail(said)))).communication is None


def test_of_two_communications_in_one_payment_none_is_chosen() -> None:
    told = only_entry(camt(ntry(13000, detail(free(f"{COMMUNICATION} en", OTHER)))))
    assert (told.communication, told.text) == (None, f"{COMMUNICATION} en {OTHER}")


def test_a_reference_of_another_kind_is_kept_as_text() -> None:
    assert only_entry(camt(ntry(6500, detail(structured("RF18 5390"))))).text == "RF18 5390"


def test_what_went_out_is_negative_and_names_who_got_it() -> None:
    paid = detail(parties("Maakplaats vzw", ACCOUNT, "Zaal De Proef", PAYER))
    entry = only_entry(camt(ntry(-25000, paid)))
    assert (entry.amount_cents, entry.counterparty, entry.counterparty_iban) == (
        -25000,
        "Zaal De Proef",
        PAYER,
    )


@pytest.mark.parametrize("said", ["true", "1"])
def test_a_reversed_payment_is_marked_and_keeps_its_payer(said: str) -> None:
    entry = only_entry(camt(ntry(-6500, PAID, reversal=said)))
    assert entry.reversal
    assert (entry.amount_cents, entry.counterparty) == (-6500, "Fien Voorbeeld")


def test_a_reversed_payment_keeps_a_payer_whose_account_is_not_told() -> None:
    names = "<RltdPties><Dbtr><Nm>Fien Voorbeeld</Nm></Dbtr><Cdtr><Nm>Maakplaats vzw</Nm></Cdtr></RltdPties>"
    assert only_entry(camt(ntry(-6500, detail(names), reversal="true"))).counterparty == "Fien Voorbeeld"


def test_a_batch_is_split_into_its_payments() -> None:
    parts = [
        detail(amount(4000), structured(COMMUNICATION), parties("Fien Voorbeeld", PAYER)),
        detail(f"<AmtDtls><TxAmt>{amount(3000).partition('<Cdt')[0]}</TxAmt></AmtDtls>", structured(OTHER)),
        detail(amount(-500), free("kosten")),
    ]
    statement = read_statement(camt(ntry(6500, *parts)))
    assert [entry.amount_cents for entry in statement.entries] == [4000, 3000, -500]
    assert [entry.communication for entry in statement.entries] == [COMMUNICATION, OTHER, None]
    assert len(set(fingerprints(statement))) == 3
    assert statement.warnings == ()


def test_a_batch_that_does_not_add_up_is_split_with_a_warning() -> None:
    statement = read_statement(camt(ntry(6500, detail(amount(4000)), detail(amount(2000)))))
    assert [entry.amount_cents for entry in statement.entries] == [4000, 2000]
    assert "60.00" in statement.warnings[0]
    assert "65.00" in statement.warnings[0]


def test_a_batch_without_amounts_stays_one_entry_with_a_warning() -> None:
    statement = read_statement(camt(ntry(6500, detail(structured(COMMUNICATION)), detail(amount(500)))))
    assert [(entry.amount_cents, entry.communication) for entry in statement.entries] == [(6500, None)]
    assert len(statement.warnings) == 1


def test_of_a_single_payment_the_booked_amount_counts() -> None:
    assert (
        only_entry(camt(ntry(6400, detail(amount(7000, "USD"), structured(COMMUNICATION))))).amount_cents
        == 6400
    )


def test_foreign_money_is_kept_and_marked() -> None:
    entry = only_entry(camt(ntry(6500, PAID, currency="USD")))
    assert (entry.amount_cents, entry.currency, entry.foreign) == (6500, "USD", True)


@pytest.mark.parametrize("status", ["PDNG", "<Cd>PDNG</Cd>", "INFO", "<Cd>FUTR</Cd>"])
def test_what_is_not_booked_is_left_out(status: str) -> None:
    assert read_statement(camt(ntry(6500, PAID, status=status))).entries == ()


def test_a_booking_moment_is_read_as_its_day() -> None:
    assert only_entry(camt(ntry(day="<DtTm>2027-02-03T23:59:00+01:00</DtTm>"))).booked_on == date(2027, 2, 3)


def test_balances_that_do_not_fit_are_a_warning() -> None:
    entries = ntry(6500), ntry(-500), ntry(100, status="PDNG")
    fits = document(stmt(balance("OPBD", -1000), balance("CLBD", 5000), *entries))
    assert read_statement(fits).warnings == ()
    off = read_statement(document(stmt(balance("PRCD", 0), balance("CLBD", 5000), *entries)))
    assert len(off.entries) == 2
    assert off.warnings == ("statement S1: the entries add up to 60.00, the balances differ by 50.00",)


def test_the_same_file_twice_has_the_same_fingerprints() -> None:
    file = camt(ntry(6500, PAID), ntry(6500, PAID), ntry(6500, PAID, reference="REF7"))
    assert fingerprints(read_statement(file)) == fingerprints(read_statement(file))
    assert len(set(fingerprints(read_statement(file)))) == 3


def test_a_payment_in_an_overlapping_file_is_known_by_its_reference() -> None:
    monday, tuesday = (
        ntry(6500, detail(free(said)), reference=reference)
        for said, reference in (("a", "REF7"), ("b", "REF8"))
    )
    first = document(stmt(monday, tuesday, name="week 5"))
    # The bank's next version says the text otherwise, and numbers its statements and entries anew.
    again = document(stmt(tuesday.replace("<Ustrd>b", "<Ustrd>B!"), name="S2"), version="08")
    assert fingerprints(read_statement(again)) == fingerprints(read_statement(first))[1:]


def test_without_references_a_second_equal_payment_stays_the_second() -> None:
    one = read_statement(document(stmt(ntry(6500, PAID), name="morning")))
    both = read_statement(document(stmt(ntry(6500, PAID), ntry(6500, PAID), name="evening")))
    assert fingerprints(both)[0] == fingerprints(one)[0]
    assert fingerprints(both)[1] not in fingerprints(one)


def test_references_that_say_nothing_are_none() -> None:
    assert only_entry(camt(ntry(6500, PAID, reference="NONREF"))).bank_reference == ""


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "UTF-8"])
def test_names_keep_their_accents_in_every_encoding(encoding: str) -> None:
    paid = detail(parties("Noëlle & Zoé Façade", PAYER))
    file = document(stmt(ntry(6500, paid)), encoding=encoding)
    assert only_entry(file).counterparty == "Noëlle & Zoé Façade"


LAUGHS = """<!DOCTYPE lol [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>"""
FETCHING = '<!DOCTYPE x [<!ENTITY d SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("before", [LAUGHS, FETCHING, '<!DOCTYPE x SYSTEM "https://portal.example/x.dtd">'])
def test_entities_of_its_own_are_refused(before: str) -> None:
    assert "entities" in error_of(document(stmt(ntry(6500, detail("<RmtInf/>"))), before=before)).what


@pytest.mark.parametrize("bomb", [b"<a>" * 3_000_000, b"<a>" + b"<a/>" * 2_500_000 + b"</a>"])
def test_a_file_that_is_too_deep_or_too_full_is_refused_before_it_fills_the_memory(bomb: bytes) -> None:
    tracemalloc.start()
    try:
        assert error_of(bomb).what == "holds far more than a statement does"
        assert tracemalloc.get_traced_memory()[1] < 300_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("broken", "where", "what"),
    [
        (camt(ntry())[:-30], "line 2", "damaged or cut off"),
        (camt(ntry().replace("6", "x")), "statement S1, entry 1", "'x5.00 EUR'"),
        (camt(ntry().replace("65.00", "65.005")), "statement S1, entry 1", "65.005"),
        (camt(ntry().replace("65.00", "-65.00")), "statement S1, entry 1", "-65.00"),
        (camt(ntry().replace(' Ccy="EUR"', "")), "statement S1, entry 1", "65.00"),
        (camt(ntry().replace("CRDT", "CREDIT")), "statement S1, entry 1", "came in or went out"),
        (camt(ntry(), ntry(day="<Dt>03/02/2027</Dt>")), "statement S1, entry 2", "'03/02/2027' is no date"),
        (camt(ntry(day="")), "statement S1, entry 1", "no date"),
        (camt("<Ntry><Sts>BOOK</Sts></Ntry>"), "statement S1, entry 1", "amount is missing"),
        (camt().replace(b"UTF-8", b"KLINGON"), "the file", "character set"),
        (camt().replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt"), "the file", "CAMT.052"),
        (camt().replace(b"BkToCstmrStmt", b"BkToCstmrDbtCdtNtfctn"), "the file", "CAMT.054"),
        (b"<html></html>", "the file", "other XML"),
    ],
)
def test_a_camt_that_cannot_be_read_says_where_and_why(broken: bytes, where: str, what: str) -> None:
    error = error_of(broken)
    assert error.where == where
    assert what in error.what
    assert error.mend


def test_a_large_statement_is_read_in_seconds() -> None:
    file = camt(*[ntry(6500, PAID, reference=f"R{number}") for number in range(12_000)])
    assert LARGEST_FILE // 2 < len(file) < LARGEST_FILE
    began = time.monotonic()
    assert len(set(fingerprints(read_statement(file)))) == 12_000
    assert time.monotonic() - began < 60


BATCH = camt(ntry(6500, PAID), ntry(-500, detail(amount(-200)), detail(amount(-300))))


@given(st.integers(0, len(BATCH) - 1), st.integers(0, 40), st.binary(max_size=20))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(start: int, length: int, other: bytes) -> None:
    try:
        read = read_statement(BATCH[:start] + other + BATCH[start + length :])
    except StatementError:
        return
    for entry in read.entries:
        assert len(entry.fingerprint) == 64
        assert (entry.account + entry.text + entry.counterparty + entry.bank_reference).isprintable()

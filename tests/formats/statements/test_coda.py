"""CODA: files written here after Febelfin's description of version 2, about people who do not exist."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.formats.statements import Entry, Statement, StatementError, read_statement

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


def coda_amount(cents: int) -> str:
    return f"{int(cents < 0)}{abs(cents) * 10:015}"


def header(*, version: str = "2", created_on: str = "040227") -> str:
    names = f"{'FILE':10}{'MAAKPLAATS VZW':26}{'GKCCBEBB':11}00123456789"
    return f"00000{created_on}09605{'':8}{names} 00000{'':39}{version}"


def old_balance(cents: int, *, account: str = f"2012{ACCOUNT:34}EUR", day: str = "020227") -> str:
    return f"1{account}{coda_amount(cents)}{day}{'MAAKPLAATS VZW':26}{'Zichtrekening':35}012"


def move(
    cents: int,
    *,
    number: int = 1,
    detail: int = 0,
    kind: str = "0",
    operation: str = "50",
    said: str = "",
    code: str = "",
    reference: str = "",
    payer: str = "Fien Voorbeeld",
    iban: str = PAYER,
    value_date: str = "030227",
    returned: str = " ",
) -> list[str]:
    """The records 2.1 to 2.3: ``code`` is the kind of structured communication, none for free text."""
    place = f"{number:04}{detail:04}"
    told = f"{f'1{code}' if code else '0'}{said}".ljust(1 + 53 + 53 + 43)
    return [
        f"21{place}{reference:21}{coda_amount(cents)}{value_date}{kind}01{operation}000{told[:54]}03022701201 0",
        f"22{place}{told[54:107]}{'':35}{'GKCCBEBB':11}{'':3}{returned}{'':4}{'':8}1 0",
        f"23{place}{f'{iban:34}EUR' if iban else '':37}{payer:35}{told[107:]}0 0",
    ]


def new_balance(cents: int, *, account: str = f"012{ACCOUNT:34}EUR") -> str:
    return f"8{account}{coda_amount(cents)}040227{'':64}0"


def trailer(went_out: int, came_in: int, *, last: bool = True) -> str:
    """Its count of records is put in by ``coda_file``."""
    return f"9{'':15}000000{went_out * 10:015}{came_in * 10:015}{'':75}{2 if last else 1}"


def coda(
    *moves: list[str], totals: tuple[int, int] | None = None, before: int = 10000, after: int | None = None
) -> bytes:
    amounts = [
        (-1 if record[31] == "1" else 1) * int(record[32:47]) // 10
        for records in moves
        for record in records[:1]
        if record[53] in "0123"
    ]
    went_out, came_in = totals or (-sum(a for a in amounts if a < 0), sum(a for a in amounts if a > 0))
    closing = before + sum(amounts) if after is None else after
    records = [
        header(),
        old_balance(before),
        *(record for records in moves for record in records),
        new_balance(closing),
        f"4 00010000{'':22}{'Uw bank wenst u een mooie dag':80}{'':15}0",
        trailer(went_out, came_in),
    ]
    return coda_file(records)


def coda_file(records: list[str], encoding: str = "windows-1252", end: str = "\r\n") -> bytes:
    counted, text = 0, ""
    for record in records:
        counted = 0 if record[:1] == "0" else counted + (record[:1] in tuple("1238"))
        text += (record.replace("000000", f"{counted:06}", 1) if record[:1] == "9" else record) + end
    return text.encode(encoding)


INFORMATION = f"3100010001{'':21}001500001{'001Fien Voorbeeld':73}{'':12}0 0"


def test_every_record_written_here_is_as_wide_as_febelfin_says() -> None:
    file = coda(move(6500, said=WRITTEN), [*move(6500, code="101", said=COMMUNICATION), INFORMATION])
    assert {len(line) for line in file.decode().splitlines()} == {128}


def test_a_payment_in_coda_is_read() -> None:
    statement = read_statement(
        coda([*move(6500, code="101", said=COMMUNICATION, reference="REF7"), INFORMATION])
    )
    (entry,) = statement.entries
    assert statement.format == "CODA"
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


@pytest.mark.parametrize(
    "written",
    [
        {"code": "101", "said": COMMUNICATION},
        {"code": "102", "said": COMMUNICATION},
        {"said": WRITTEN},
        {"said": f"***123/4567/89002*** {'x' * 100}"},
        {"said": f"{'inschrijving van Fien voor de nascholing van februari':53}{COMMUNICATION}"},
        {"said": f"{'inschrijving van Fien voor de nascholing':47}{COMMUNICATION}"},
        {"said": f"{'':106}{COMMUNICATION}"},
    ],
)
def test_a_communication_in_coda_is_found_in_every_record(written: dict[str, str]) -> None:
    assert only_entry(coda(move(6500, **written))).communication == COMMUNICATION


@pytest.mark.parametrize("code", ["101", "102"])
def test_a_structured_communication_is_not_told_again_as_text(code: str) -> None:
    assert only_entry(coda(move(6500, code=code, said=COMMUNICATION))).text == ""


def test_a_structured_communication_that_fails_its_check_is_text() -> None:
    entry = only_entry(coda(move(6500, code="101", said="123456789003")))
    assert (entry.communication, entry.text) == (None, "123456789003")


def test_free_text_in_coda_is_joined_over_its_records() -> None:
    said = "Nascholing februari voor Fien Voorbeeld en voor haar collega, met de groeten van het secretariaat"
    assert only_entry(coda(move(6500, said=said))).text == said


def test_money_out_is_negative_in_coda() -> None:
    assert only_entry(coda(move(-25000, operation="01"))).amount_cents == -25000


def test_a_total_gives_way_to_its_details() -> None:
    records = [
        *move(6500, kind="2", payer="", iban=""),
        *move(4000, detail=1, kind="6", code="101", said=COMMUNICATION, reference="A"),
        *move(2500, detail=2, kind="7", code="101", said=OTHER, reference="B"),
        *move(2600, detail=3, kind="9", said="netto"),
        *move(-100, detail=4, kind="9", said="kosten"),
    ]
    statement = read_statement(coda(records, move(1000, number=2)))
    assert [(entry.amount_cents, entry.communication) for entry in statement.entries] == [
        (4000, COMMUNICATION),
        (2500, OTHER),
        (1000, None),
    ]
    assert statement.warnings == ()


def test_a_total_of_which_the_bank_gives_no_details_counts_itself() -> None:
    assert only_entry(coda(move(6500, kind="1"))).amount_cents == 6500


def test_details_that_do_not_add_up_are_a_warning() -> None:
    records = [*move(6500, kind="1"), *move(4000, detail=1, kind="5"), *move(2000, detail=2, kind="5")]
    statement = read_statement(coda(records))
    assert [entry.amount_cents for entry in statement.entries] == [4000, 2000]
    assert statement.warnings == ("movement 0001: the details do not add up to 65.00",)


def test_a_payment_of_which_the_charges_are_told_stays_one_payment() -> None:
    records = [
        *move(6400, kind="3"),
        *move(6500, detail=1, kind="8", code="101", said=COMMUNICATION),
        *move(-100, detail=2, kind="8", said="kosten"),
    ]
    entry = only_entry(coda(records))
    assert (entry.amount_cents, entry.communication, entry.text) == (6400, COMMUNICATION, "kosten")


@pytest.mark.parametrize("sign", [{"operation": "49"}, {"operation": "99"}, {"returned": "2"}])
def test_a_correction_or_return_is_marked(sign: dict[str, str]) -> None:
    assert only_entry(coda(move(-6500, **sign))).reversal


def test_equal_payments_differ_and_the_same_coda_twice_does_not() -> None:
    file = coda(move(6500, number=1), move(6500, number=2), move(6500, number=3, reference="R"))
    prints = fingerprints(read_statement(file))
    assert len(set(prints)) == 3
    assert fingerprints(read_statement(file)) == prints


def test_totals_and_balances_that_do_not_fit_are_warnings() -> None:
    statement = read_statement(coda(move(6500), totals=(0, 6000), after=16000))
    assert len(statement.entries) == 1
    assert statement.warnings == (
        "statement 012: 0.00 went out and 65.00 came in, the totals say 0.00 and 60.00",
        "statement 012: the movements add up to 65.00, the balances differ by 60.00",
    )


def test_records_that_are_missing_are_a_warning() -> None:
    without_payer = [line for line in lines_of(coda(move(6500))) if not line.startswith("23")]
    assert read_statement("\n".join(without_payer).encode()).warnings == (
        "line 7: the statement has 4 records, the bank counts 5",
    )


def test_a_statement_that_is_announced_and_not_there_is_a_warning() -> None:
    first = [header(), old_balance(0), *move(6500), trailer(0, 6500, last=False)]
    assert "announces another" in read_statement(coda_file(first)).warnings[0]


def test_several_accounts_stand_in_one_file() -> None:
    second = f"2007{PAYER:34}USD"
    records = [
        *(header(), old_balance(0), *move(6500), new_balance(6500), trailer(0, 6500, last=False)),
        *(
            header(),
            old_balance(0, account=second),
            *move(100),
            new_balance(100, account=second[1:]),
            trailer(0, 100),
        ),
    ]
    statement = read_statement(coda_file(records))
    assert [(entry.account, entry.currency, entry.foreign) for entry in statement.entries] == [
        (ACCOUNT, "EUR", False),
        (PAYER, "USD", True),
    ]
    assert statement.warnings == ()


def test_an_account_of_the_old_kind_is_told_as_an_iban() -> None:
    account = f"0012{ACCOUNT[4:]} EUR0BE{'':18}"
    records = [header(), old_balance(0, account=account), *move(6500, iban=PAYER[4:]), trailer(0, 6500)]
    entry = only_entry(coda_file(records))
    assert (entry.account, entry.counterparty_iban) == (ACCOUNT, PAYER)


def test_a_day_without_movements_is_a_statement_without_entries() -> None:
    assert read_statement(coda()) == Statement("CODA", (), ())


def test_days_that_the_bank_does_not_know_refuse_nothing() -> None:
    records = [header(), old_balance(0, day="000000"), *move(6500, value_date="000000"), trailer(0, 6500)]
    assert only_entry(coda_file(records)).booked_on == date(2027, 2, 3)


@pytest.mark.parametrize("encoding", ["windows-1252", "latin-1", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_names_keep_their_accents_in_coda(encoding: str, end: str) -> None:
    records = [header(), old_balance(0), *move(6500, payer="Noëlle Façade"), trailer(0, 6500)]
    assert only_entry(coda_file(records, encoding, end)).counterparty == "Noëlle Façade"


def lines_of(file: bytes) -> list[str]:
    return file.decode("windows-1252").splitlines()


WHOLE = lines_of(coda(move(6500), move(-500, number=2)))


def changed(line: int, start: int, text: str) -> bytes:
    """The file with other characters in one line, which counts from 1 as in a message."""
    records = list(WHOLE)
    records[line - 1] = records[line - 1][:start] + text + records[line - 1][start + len(text) :]
    return coda_file(records)


@pytest.mark.parametrize(
    ("broken", "where", "what"),
    [
        (coda_file(WHOLE[:-1]), f"line {len(WHOLE) - 1}", "stops before the end"),
        (coda_file(WHOLE[:4]), "line 4", "stops before the end"),
        (coda_file(WHOLE)[:-5], f"line {len(WHOLE)}", "characters instead of 128"),
        (coda_file([*WHOLE[:3], "", *WHOLE[3:]]), "line 4", "0 characters"),
        (coda_file(WHOLE[:1] + WHOLE[2:]), "line 2", "something is missing"),
        (coda_file(WHOLE[:2] + WHOLE[3:]), "line 3", "movement that is not there"),
        (coda_file(WHOLE + WHOLE[2:]), f"line {len(WHOLE) + 1}", "something is missing"),
        (changed(1, 127, "1"), "line 1", "version 2"),
        (changed(2, 1, "9"), "line 2", "account and its currency"),
        (changed(2, 42, "x"), "line 2", "amount"),
        (changed(3, 46, "5"), "line 3", "amount"),
        (changed(3, 32, "1E99"), "line 3", "amount"),
        (changed(3, 115, "310227"), "line 3", "cannot be read"),
        (changed(3, 53, "4"), "line 3", "cannot be read"),
        (changed(3, 53, "6"), "line 3", "cannot be read"),
        (changed(len(WHOLE), 30, "x"), f"line {len(WHOLE)}", "totals"),
    ],
)
def test_a_coda_that_cannot_be_read_says_where_and_why(broken: bytes, where: str, what: str) -> None:
    error = error_of(broken)
    assert error.where == where
    assert what in error.what
    assert error.mend


FILE = coda_file(WHOLE)


@given(st.integers(0, len(FILE) - 1), st.integers(0, 40), st.binary(max_size=20))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(start: int, length: int, other: bytes) -> None:
    try:
        read = read_statement(FILE[:start] + other + FILE[start + length :])
    except StatementError:
        return
    for entry in read.entries:
        assert len(entry.fingerprint) == 64
        assert (entry.account + entry.text + entry.counterparty + entry.bank_reference).isprintable()

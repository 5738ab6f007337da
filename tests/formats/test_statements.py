"""The door to bank statements; what is behind it is tested in ``statements/``."""

import pytest

from portal.formats.statements import LARGEST_FILE, StatementError, read_statement


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "no bank statement"),
        (b"date;amount\n2027-02-03;65,00\n", "no bank statement"),
        (b"PK\x03\x04", "ZIP"),
        (b"%PDF-1.7", "PDF"),
        (b":20:STARTUMS", "MT940"),
        (b"<" * (LARGEST_FILE + 1), "larger than 10 MB"),
    ],
)
def test_other_files_are_refused_in_words(data: bytes, what: str) -> None:
    with pytest.raises(StatementError) as caught:
        read_statement(data)
    error = caught.value
    assert what in error.what
    assert str(error) == f"the file: {error.what}; {error.mend}"

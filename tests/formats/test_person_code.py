"""The code of one attendee: read back as it was scanned, printed or typed."""

from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portal.domain.signup import REFERENCE_ALPHABET, new_reference
from portal.formats import person_code
from portal.formats.person_code import QUIET_ZONE, png, qr_code, read, svg, written

GROUPS = st.text(REFERENCE_ALPHABET, min_size=4, max_size=4)


@given(GROUPS, GROUPS, st.integers(0, 98))
def test_a_code_is_read_as_it_was_written(one: str, two: str, position: int) -> None:
    reference = f"{one}-{two}"
    code = written(reference, position)
    assert read(code) == (reference, position)
    assert read(f" {code.lower().replace('-', ' ')}\n") == (reference, position)
    assert read(code.replace("-", "")) == (reference, position)


def test_the_code_is_the_reference_that_people_know_and_the_number_in_the_party() -> None:
    assert written("K7M2-QX4P", 0) == "K7M2-QX4P-1"
    assert read(written(new_reference(), 5)) is not None


@pytest.mark.parametrize(
    "text",
    ["", "K7M2-QX4P", "K7M2-QX4P-0", "K7M2-QX4P-x", "https://x.example/K7M2-QX4P-1", "K7M2-QX4P-١", "\0"],
)
def test_anything_else_is_no_code(text: str) -> None:
    assert read(text) is None


def test_a_scanner_reads_the_picture() -> None:
    with Image.open(BytesIO(png("K7M2-QX4P-1"))) as picture:
        (code,) = zxingcpp.read_barcodes(picture)
        assert code.text == "K7M2-QX4P-1"
        assert code.format == zxingcpp.BarcodeFormat.QRCode
        assert (
            picture.width == picture.height == (qr_code("K7M2-QX4P-1").symbol_size(border=QUIET_ZONE)[0]) * 8
        )


def test_the_drawing_for_a_page_needs_nothing_from_elsewhere() -> None:
    drawn = svg("K7M2-QX4P-1", title="Emma & <Noor>")
    assert drawn.startswith("<svg")
    assert 'class="person-qr"' in drawn
    assert "<title>Emma &amp; &lt;Noor&gt;</title>" in drawn
    for banned in ("style=", "href", "<script", "url("):
        assert banned not in drawn


def test_half_of_a_symbol_may_not_be_needed() -> None:
    assert qr_code("K7M2-QX4P-1").error in ("Q", "H")
    assert not qr_code("K7M2-QX4P-1").is_micro
    assert person_code.QUIET_ZONE >= 4

"""Paying by transfer: the digits are checked against the arithmetic, the QR codes are read back by zxing."""

import re
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from portal.formats.transfer import (
    HIGHEST_NUMBER,
    QUIET_ZONE,
    Transfer,
    cents_of,
    communication_for,
    find_communications,
    plain_amount,
    png,
    qr_code,
    read_bic,
    read_communication,
    read_iban,
    shown_iban,
    svg,
    written_communication,
)

NUMBERS = st.integers(min_value=1, max_value=HIGHEST_NUMBER)
IBAN = "BE71096123456769"


def make_transfer(**changes: object) -> Transfer:
    facts: dict[str, object] = {
        "name": "Leraars Leren vzw",
        "iban": IBAN,
        "amount_cents": 6550,
        "communication": communication_for(1234567890),
    }
    return Transfer(**(facts | changes))  # type: ignore[arg-type]


def scan(pixels: list[list[int]]) -> zxingcpp.Barcode:
    """What a scanner reads; a pixel is 0 (black) to 255."""
    flat = bytes(pixel for row in pixels for pixel in row)
    (code,) = zxingcpp.read_barcodes(memoryview(flat).cast("B", shape=[len(pixels), len(pixels[0])]))
    return code


def payload(transfer: Transfer) -> list[str]:
    pixels = [[0 if dark else 255 for dark in row] for row in qr_code(transfer).matrix_iter(3, QUIET_ZONE)]
    return scan(pixels).bytes.decode().split("\n")


@given(NUMBERS)
def test_a_communication_is_ten_digits_and_their_remainder(number: int) -> None:
    digits = communication_for(number)
    assert len(digits) == 12
    assert int(digits[:10]) == number
    assert 1 <= int(digits[10:]) <= 97
    assert (number - int(digits[10:])) % 97 == 0
    assert read_communication(written_communication(digits)) == digits


def test_a_remainder_of_nothing_is_written_97() -> None:
    assert written_communication(communication_for(97)) == "+++000/0000/09797+++"
    assert written_communication(communication_for(1234567890)) == "+++123/4567/89002+++"


@pytest.mark.parametrize("number", [0, -1, HIGHEST_NUMBER + 1])
def test_no_communication_is_made_of_a_number_that_does_not_fit(number: int) -> None:
    with pytest.raises(ValueError, match="between 1 and"):
        communication_for(number)


@pytest.mark.parametrize(
    "written",
    [
        "+++123/4567/89002+++",
        "***123/4567/89002***",
        " +++ 123 / 4567 / 89002 +++ ",
        "123/4567/89002",
        "123.4567.89002",
        "123 4567 89002",
        "123-4567-89002",
        "123456789002",
    ],
)
def test_what_people_and_banks_write_is_the_same_communication(written: str) -> None:
    assert read_communication(written) == "123456789002"
    assert find_communications(f"inschrijving {written} dank u") == {"123456789002"}


@pytest.mark.parametrize(
    "written",
    [
        "",
        "+++",
        "123456789003",
        "12345678900",
        "1234567890022",
        "x123456789002",
        "١٢٣٤٥٦٧٨٩٠٠٢",
        "000000000000",
    ],
)
def test_what_fails_the_check_is_no_communication(written: str) -> None:
    assert read_communication(written) is None


@given(NUMBERS, st.integers(0, 11), st.integers(1, 9))
def test_one_wrong_digit_is_always_seen(number: int, place: int, off: int) -> None:
    digits = communication_for(number)
    wrong = f"{digits[:place]}{(int(digits[place]) + off) % 10}{digits[place + 1 :]}"
    assert read_communication(wrong) is None


def test_an_account_number_in_a_text_is_not_taken_for_a_communication() -> None:
    assert not find_communications(f"van BE71 0961 2345 6769, tel. 0470 12 34 56, {IBAN}, 99123456789002")


def test_each_communication_in_a_text_is_found() -> None:
    text = "12 123456789002 en +++000/0000/09797+++, 000 0000 09797"
    assert find_communications(text) == {"123456789002", "000000009797"}


def test_account_numbers_are_checked_and_shown_in_fours() -> None:
    assert read_iban(" be71 0961-2345.6769 ") == IBAN
    assert shown_iban(IBAN) == "BE71 0961 2345 6769"
    assert read_iban("BE68 5390 0754 7034")
    for wrong in ("", "BE72096123456769", "BE7109612345676", "XX71096123456769", "096123456769"):
        assert read_iban(wrong) is None


def test_bank_codes_are_checked() -> None:
    assert read_bic("gkcc be bb") == "GKCCBEBB"
    assert read_bic("GKCCBEBBXXX") == "GKCCBEBBXXX"
    for wrong in ("", "GKCCBEB", "GKCC1EBB", "GKCCZZBB"):
        assert read_bic(wrong) is None


@given(st.text())
def test_anything_may_be_typed_where_a_number_is_asked(text: str) -> None:
    for read in (read_communication, read_iban, read_bic):
        number = read(text)
        assert number is None or (number.isascii() and number.isalnum() and read(number) == number)


@pytest.mark.parametrize(
    ("cents", "written"),
    [(0, "0.00"), (5, "0.05"), (1234, "12.34"), (-5, "-0.05"), (-1234, "-12.34"), (123456789, "1234567.89")],
)
def test_cents_are_written_with_a_point(cents: int, written: str) -> None:
    assert plain_amount(cents) == written
    assert cents_of(written) == cents


@pytest.mark.parametrize("written", ["12.3", "12", "12,34", "1.234", "1 2.34", "", ".50", "1.250.00"])
def test_what_is_not_written_with_two_decimals_is_no_amount(written: str) -> None:
    with pytest.raises(ValueError, match="two decimals"):
        cents_of(written)


def test_the_code_is_an_epc069_12_of_version_002() -> None:
    assert payload(make_transfer(bic="GKCCBEBB", amount_cents=6555)) == [
        "BCD", "002", "1", "SCT", "GKCCBEBB", "Leraars Leren vzw", IBAN, "EUR65.55", "", "123456789002"
    ]  # fmt: skip


def test_the_bank_code_may_be_left_out_and_the_communication_be_written_out() -> None:
    lines = payload(make_transfer(communication="+++123/4567/89002+++"))
    assert lines[4] == ""
    assert lines[9] == "123456789002"


def test_a_name_is_one_line_of_70_characters_in_utf_8() -> None:
    assert payload(make_transfer(name="Élèves\n& écoles"))[5] == "Élèves & écoles"
    code = qr_code(make_transfer(name="é" * 80, bic="GKCCBEBBXXX", amount_cents=99_999_999_999))
    assert code.error == "M"
    assert int(code.version) <= 13
    assert payload(make_transfer(name="é" * 80))[5] == "é" * 70


@given(st.integers(1, 99_999_999_999))
def test_the_code_asks_for_the_amount_to_the_cent(cents: int) -> None:
    whole, _, part = payload(make_transfer(amount_cents=cents))[7].removeprefix("EUR").partition(".")
    assert int(whole) * 100 + int(part.ljust(2, "0")) == cents


@pytest.mark.parametrize(
    "wrong",
    [
        {"iban": "BE72096123456769"},
        {"bic": "GKCC"},
        {"communication": "123456789003"},
        {"amount_cents": 0},
        {"amount_cents": -100},
        {"name": " "},
        {"name": "🎒" * 70},
    ],
)
def test_no_code_is_drawn_of_what_a_bank_would_refuse(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        qr_code(make_transfer(**wrong))


def test_the_png_is_scanned() -> None:
    code = scan(pixels_of_png(png(make_transfer())))
    assert code.bytes.decode().startswith("BCD\n002\n1\nSCT\n\nLeraars Leren vzw\n")
    assert code.ec_level == "M"


def test_the_svg_on_a_page_is_scanned() -> None:
    assert scan(pixels_of_svg(svg(make_transfer(), title="QR"))).bytes.decode().endswith("\n123456789002")


def test_the_svg_suits_a_strict_policy_and_a_dark_page() -> None:
    markup = svg(make_transfer(), title="Scan <b> & betaal")
    assert markup.startswith('<svg viewBox="0 0 ')
    assert 'class="transfer-qr"' in markup
    assert "<title>Scan &lt;b&gt; &amp; betaal</title>" in markup
    assert not re.search(r"style=|<style|<script|href|\bon\w+=|currentColor|width=|height=", markup)


def pixels_of_png(file: bytes) -> list[list[int]]:
    picture = Image.open(BytesIO(file)).convert("L")
    pixels = picture.tobytes()
    return [list(pixels[start : start + picture.width]) for start in range(0, len(pixels), picture.width)]


def pixels_of_svg(markup: str) -> list[list[int]]:
    """What a browser paints, four pixels a module: a light square, and dark strokes one module high."""
    size = int(re.search(r'viewBox="0 0 (\d+) \1"', markup)[1])
    assert f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/>' in markup
    modules = [[255] * size for _ in range(size)]
    x = y = 0.0
    strokes = re.search(r'stroke="#000" d="([^"]+)"', markup)[1]
    for command, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?:[ ,]?(-?[\d.]+))?", strokes):
        if command == "h":
            for module in range(int(x), int(x + float(first))):
                modules[int(y)][module] = 0
            x += float(first)
        elif command == "m":
            x, y = x + float(first), y + float(second)
        else:
            x, y = float(first), float(second)
    assert all(pixel == 255 for row in modules[:QUIET_ZONE] for pixel in row)
    return [[pixel for pixel in row for _ in range(4)] for row in modules for _ in range(4)]

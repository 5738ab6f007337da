"""What people read of money, in their language."""

import pytest

from portal import i18n
from portal.domain import words


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("nl", "€ 0|€ 65|€ 7,50|€ 1.000|€ 1.005|€ 10.000|€ 123.456,78|€ -1.000|€ -20,05"),
        ("en", "€0|€65|€7.50|€1,000|€1,005|€10,000|€123,456.78|-€1,000|-€20.05"),
        ("fr", "0 €|65 €|7,50 €|1 000 €|1 005 €|10 000 €|123 456,78 €|-1 000 €|-20,05 €"),
        ("de", "0 €|65 €|7,50 €|1.000 €|1.005 €|10.000 €|123.456,78 €|-1.000 €|-20,05 €"),
    ],
    ids=["nl", "en", "fr", "de"],
)
def test_of_a_round_amount_only_the_cents_are_left_out(language: str, written: str) -> None:
    amounts = (0, 6500, 750, 100_000, 100_500, 1_000_000, 12_345_678, -100_000, -2005)
    with i18n.speaking(language):
        said = "|".join(words.money(cents) for cents in amounts)
    assert said.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ") == written

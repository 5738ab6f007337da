import pytest

from portal.content.price import price_in_text, read_price, written
from tests.content.writing import event_of, event_text, only_problem, reading_of


@pytest.mark.parametrize(
    ("text", "cents"),
    [("65", 6500), ("65,00", 6500), ("65.5", 6550), ("0", 0), ("€ 65", 6500), ("€65,50", 6550), ("65 euro", 6500),
     ("65 EUR", 6500), ("65€", 6500), ("eur 65", 6500), ("65,-", 6500), ("1.250,00", 125000), ("gratis", 0),
     ("FREE", 0),
     ("\u00a065\u00a0€", 6500), ("-1", None), ("65.005", None), ("1.250", None), ("65 of 70", None), ("", None),
     ("€", None), ("1e3", None), ("nan", None), ("65 euro p.p.", None), ("100001", None)],
)  # fmt: skip
def test_an_amount_is_read_in_cents(text: str, cents: int | None) -> None:
    assert read_price(text) == cents


@pytest.mark.parametrize("price", ["65", "65,00", '"65,00"', "65.50", "0"])
def test_a_plain_price_is_silent(price: str) -> None:
    assert reading_of(event_text(price=price)).problems == ()


def test_a_price_with_more_than_a_number_says_its_mend() -> None:
    problem = only_problem(event_text(price="€ 65,50"))
    assert [edit.replacement for edit in problem.edits] == ["65.50"]
    assert event_of(event_text(price="€ 65,50")).price == 6550
    assert (written(6550), written(6500), written(0)) == ("65.50", "65", "0")


@pytest.mark.parametrize(
    "line",
    ["**Prijs:** €65", "**Prijs**: €65", "Prijs: € 65,00", "- Prijs: 65 euro", "**Prijs:**<br>\n€65",
     "**Prijs:** <br>\n 65 euro\n ", "**Prijs:**\n€65", "__Prix :__ 65 €", "*Price*: EUR 65.", "> Preis: 65,-",
     "### Prijs: 65 euro", "<b>Prijs:</b> €65<br>", "**Prijs:** €65<br>\n**Organisatie:** wij", "PRIJS: €65",
     "**Prijs:**\n\n€65"],
)  # fmt: skip
def test_one_amount_after_a_label_is_the_price(line: str) -> None:
    body = f"Kom.\n\n{line}\n\n**Organisatie:** wij"
    problem = only_problem(event_text(body))
    assert (problem.severity, problem.line) == ("warning", 8)
    assert [edit.replacement for edit in problem.edits] == ["price: 65\n"]
    event = event_of(event_text(body))
    assert (event.price, event.price_in_text) == (6500, False)


@pytest.mark.parametrize(
    "word", ["Gratis", "gratis", "Free", "Gratuit", "Kostenlos", "**Gratis**", "Gratis."]
)
def test_a_word_for_free_is_a_price_of_nothing(word: str) -> None:
    event = event_of(event_text(f"**Prijs:** {word}"))
    assert (event.price, event.price_in_text) == (0, False)


@pytest.mark.parametrize(
    "line",
    ["**Prijs:** €65 of €140", "**Prijs:**\n65 euro halve dag\n140 euro hele dag", "**Prijs:** Gratis voor leden",
     "**Prijs:** vanaf €65", "**Prijs (met lunch):** €140", "**Prijs:** 140 euro, lunch inbegrepen",
     "Prijs: €65\n\nPrijs: €70", "**Prijs:** €65\nLunch inbegrepen"],
)  # fmt: skip
def test_more_than_one_plain_amount_is_left_to_the_text(line: str) -> None:
    problem = only_problem(event_text(line))
    assert (problem.severity, problem.edits) == ("warning", ())
    event = event_of(event_text(line))
    assert (event.price, event.price_in_text) == (None, True)


@pytest.mark.parametrize(
    "line",
    ["Prijsuitreiking: 17u", "**Prijsuitreiking** om 65", "De prijs is €65", "Prijs", "Prijs:", "Prijzen: 65",
     "```\nPrijs: €65\n```", "`Prijs: €65`"],
)  # fmt: skip
def test_what_is_no_label_is_no_price(line: str) -> None:
    event = event_of(event_text(line))
    assert (event.price, event.price_in_text) == (None, False)
    assert reading_of(event_text(line)).problems == ()


def test_the_key_comes_before_the_text() -> None:
    text = event_text("**Prijs:** €65", price="70")
    assert reading_of(text).problems == ()
    assert event_of(text).price == 7000


def test_the_text_is_not_read_beside_tickets_with_prices() -> None:
    text = event_text("**Prijs:** €65 of €140", tickets="[{id: half, price: 65}, {id: full, price: 140}]")
    assert reading_of(text).problems == ()
    assert (event_of(text).prices, event_of(text).price_in_text) == ((6500, 14000), False)


def test_tickets_without_a_price_cost_what_the_event_costs() -> None:
    event = event_of(event_text(price="65", tickets="[{id: am}, {id: pm, price: 0}]"))
    assert [ticket.price for ticket in event.tickets] == [6500, 0]


def test_a_line_of_many_brackets_takes_no_time() -> None:
    assert price_in_text("Prijs: " + "(" * 50_000) is not None

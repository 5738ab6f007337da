"""The colours hold their contrast, whatever the organisation's own colour is."""

import re
from colorsys import rgb_to_hls
from importlib.resources import files

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.web import theme

DWENGO = "#85C441"
PLAINTEXT_LIMIT = 24_000

accents = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


def edge_cases(test):
    for accent in ("#000000", "#ffffff", "#ffff00", "#0000ff", "#ff0000", "#00ff00", "#777777", DWENGO):
        test = example(accent)(test)
    return test


@edge_cases
@given(accents)
def test_every_text_reaches_its_contrast_in_both_themes(accent):
    for tokens in (theme.light(accent), theme.dark(accent)):
        for text, ground in theme.TEXT_PAIRS:
            ratio = theme.contrast(tokens[text], tokens[ground])
            assert ratio >= theme.TEXT_CONTRAST, f"{text} on {ground}: {ratio:.2f} in {tokens}"


@edge_cases
@given(accents)
def test_the_edges_of_fields_and_the_focus_ring_show_on_every_ground(accent):
    for tokens in (theme.light(accent), theme.dark(accent)):
        for line in ("edge", "strong"):
            for ground in theme.GROUNDS:
                assert theme.contrast(tokens[line], tokens[ground]) >= theme.EDGE_CONTRAST


@edge_cases
@given(accents)
def test_on_paper_the_accent_stays_as_the_organisation_has_it(accent):
    assert theme.light(accent)["accent"] == accent.lower()


@pytest.mark.parametrize("tokens", [theme.light(DWENGO), theme.dark(DWENGO)], ids=["light", "dark"])
def test_the_green_of_dwengo_stays_recognisably_its_own(tokens):
    for name in ("accent", "strong", "stronger"):
        assert abs(hue(tokens[name]) - hue(DWENGO)) < 12
        assert saturation(tokens[name]) > 0.3


def test_a_colour_that_is_dark_enough_carries_text_unchanged():
    assert theme.light("#1f3a6e")["strong"] == "#1f3a6e"


def test_contrast_is_that_of_wcag():
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert theme.contrast(DWENGO, "#ffffff") == pytest.approx(2.1, abs=0.05)


@pytest.mark.parametrize("accent", ["green", "#85C44", "#85C44G", "red;}body{display:none"])
def test_what_is_not_a_colour_never_gets_into_the_stylesheet(accent):
    with pytest.raises(ValueError):  # noqa: PT011
        theme.stylesheet(accent)


def test_the_stylesheet_uses_only_colours_that_the_theme_gives():
    css = static_css()
    given = theme.light(DWENGO).keys() | set(re.findall(r"(--[\w-]+)\s*:", css))
    used = set(re.findall(r"var\(--([\w-]+)", css))
    assert used <= {name.removeprefix("--") for name in given}
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{}]*;)", css)


def test_the_stylesheet_is_small_and_asks_no_one_for_anything():
    css = theme.stylesheet(DWENGO)
    assert len(css.encode()) < PLAINTEXT_LIMIT
    assert "url(" not in css
    assert "@import" not in css


def static_css() -> str:
    return (files("portal") / "static" / "portal.css").read_text(encoding="utf-8")


def hls(colour: str) -> tuple[float, float, float]:
    return rgb_to_hls(*(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)))


def hue(colour: str) -> float:
    return hls(colour)[0] * 360


def saturation(colour: str) -> float:
    return hls(colour)[2]

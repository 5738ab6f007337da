"""The colours: from the organisation's one accent to every token that the stylesheet names.

All colours live here, so that one test can hold every pair that carries text to its contrast.
Contrast and relative luminance are those of WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio and
https://www.w3.org/TR/WCAG22/#dfn-relative-luminance. Lightness is stepped in OKLCH, which keeps the hue
that people see: https://bottosson.github.io/posts/oklab/.
"""

import math
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

Colour = tuple[int, int, int]

TEXT_CONTRAST = 4.5
EDGE_CONTRAST = 3.0

LIGHT = {
    "page": "#fffdf9",
    "surface": "#f7f3ea",
    "ink": "#23211c",
    "quiet": "#5c574c",
    "rule": "#e3ddd0",
    "edge": "#7a7365",
    "plate": "#fffdf9",
    "wrong": "#a3261a",
    "wrong-surface": "#fdf0ec",
    "heed": "#744a00",
    "heed-surface": "#fdf3dc",
}
DARK = {
    "page": "#1a1b18",
    "surface": "#24251f",
    "ink": "#ecebe3",
    "quiet": "#b8b5a9",
    "rule": "#3a3b33",
    "edge": "#8f8d80",
    "plate": "#ffffff",
    "wrong": "#ffa595",
    "wrong-surface": "#3a201b",
    "heed": "#f2c777",
    "heed-surface": "#352b16",
}
"""The neutral tokens of each theme; ``plate`` is what images that were made for paper lie on."""

GROUNDS = ("page", "surface", "accent-tint")
"""What text lies on; every text colour reaches its contrast on each."""

TEXT_PAIRS = (
    *(
        (text, ground)
        for ground in GROUNDS
        for text in ("ink", "quiet", "strong", "stronger", "wrong", "heed")
    ),
    ("on-accent", "accent"),
    ("on-strong", "strong"),
    ("on-strong", "stronger"),
    ("ink", "wrong-surface"),
    ("wrong", "wrong-surface"),
    ("ink", "heed-surface"),
    ("heed", "heed-surface"),
    ("quiet", "heed-surface"),
)
"""Each (text, ground) that occurs; ``stronger`` is ``strong`` under the pointer."""


@cache
def stylesheet(accent: str) -> str:
    """The whole stylesheet for an organisation whose colour is ``accent`` (``#rrggbb``; else ValueError)."""
    css = (files("portal") / "static" / "portal.css").read_text(encoding="utf-8")
    return (
        f":root{{{_declarations(light(accent))}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{_declarations(dark(accent))}}}}}\n"
        f"{_compact(css)}"
    )


@cache
def desk_stylesheet() -> str:
    """What only the organisers' figures and previews need, so that no visitor carries it; its colours are those of
    ``stylesheet``."""
    return _compact((files("portal") / "static" / "desk.css").read_text(encoding="utf-8"))


def light(accent: str) -> dict[str, str]:
    """The colour tokens on a light page. The accent stays as the organisation has it."""
    own = _parse(accent)
    tokens = LIGHT | {"accent": _hex(own), "accent-tint": _hex(_mixed(own, _parse(LIGHT["page"]), 0.15))}
    return _with_steps(tokens, own, darker=True)


def dark(accent: str) -> dict[str, str]:
    """The colour tokens on a dark page. An accent that would drown in it is raised until its edge shows."""
    page = _parse(DARK["page"])
    own = _stepped(_parse(accent), (page,), EDGE_CONTRAST, darker=False)
    tokens = DARK | {"accent": _hex(own), "accent-tint": _hex(_mixed(own, page, 0.16))}
    return _with_steps(tokens, own, darker=False)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    return _contrast(_parse(one), _parse(other))


def _with_steps(tokens: dict[str, str], own: Colour, *, darker: bool) -> dict[str, str]:
    grounds = [_parse(tokens[ground]) for ground in GROUNDS]
    strong = _stepped(own, grounds, TEXT_CONTRAST + 0.3, darker=darker)
    stronger = _moved(strong, -0.07 if darker else 0.07)
    return tokens | {
        "on-accent": _hex(_black_or_white(own)),
        "strong": _hex(strong),
        "stronger": _hex(stronger),
        "on-strong": "#ffffff" if darker else "#000000",
    }


def _compact(css: str) -> str:
    """The same rules without what only people read. No string of ours holds what is taken out."""
    css = re.sub(r"\s+", " ", re.sub(r"/\*.*?\*/", "", css, flags=re.DOTALL))
    return re.sub(r" ?([{};,]) ?", r"\1", css.replace(": ", ":"))


def _declarations(tokens: dict[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in tokens.items())


def _black_or_white(ground: Colour) -> Colour:
    """The better of the two; one of them always reaches 4.58."""
    return max((0, 0, 0), (255, 255, 255), key=lambda text: _contrast(text, ground))


def _stepped(colour: Colour, grounds: Iterable[Colour], ratio: float, *, darker: bool) -> Colour:
    """The colour itself, or its nearest darker (lighter) step that reaches ``ratio`` on all ``grounds``."""
    grounds = tuple(grounds)
    for step in _steps(colour, darker=darker):
        if all(_contrast(step, ground) >= ratio for ground in grounds):
            return step
    return (0, 0, 0) if darker else (255, 255, 255)


def _steps(colour: Colour, *, darker: bool) -> Iterator[Colour]:
    yield colour
    lightness, chroma, hue = _to_oklch(colour)
    while 0 < lightness < 1:
        lightness += -0.004 if darker else 0.004
        yield _from_oklch(min(max(lightness, 0), 1), chroma, hue)


def _moved(colour: Colour, by: float) -> Colour:
    lightness, chroma, hue = _to_oklch(colour)
    return _from_oklch(min(max(lightness + by, 0), 1), chroma, hue)


def _mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    red, green, blue = (round(c * share + g * (1 - share)) for c, g in zip(colour, ground, strict=True))
    return red, green, blue


def _parse(colour: str) -> Colour:
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"{colour!r} is not a colour such as #85c441")
    number = int(colour[1:], 16)
    return number >> 16, number >> 8 & 255, number & 255


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _contrast(one: Colour, other: Colour) -> float:
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (_linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: int) -> float:
    share = part / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4


def _encoded(share: float) -> float:
    return share * 12.92 if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055


def _to_oklch(colour: Colour) -> tuple[float, float, float]:
    red, green, blue = (_linear(part) for part in colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> Colour:
    """The sRGB colour, with as much of the chroma as a screen can show at that lightness."""
    for share in range(40, -1, -1):
        parts = _to_linear(lightness, chroma * share / 40, hue)
        if share == 0 or all(-0.0005 <= part <= 1.0005 for part in parts):
            break
    red, green, blue = (round(255 * _encoded(min(max(part, 0.0), 1.0))) for part in parts)
    return red, green, blue


def _to_linear(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )

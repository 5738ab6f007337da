"""Text that was made to take long, to fill the memory or to break whoever reads it."""

import ast
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import portal
from portal.content.event import Event
from portal.content.reader import read
from portal.content.site import Site

SOURCES = sorted(Path(portal.__file__).parent.rglob("*.py"))
SITE = Site(name="X", contact="a@b.example")
LONG = 50_000
"""Characters: no field of a form takes as many, and of a file no line is nearly so long."""
GENEROUS = 2.0
"""Seconds for one expression on one text: a slow machine needs a tenth, one that backtracks needs hours."""

PIECES = ["a", " ", "\t", "0", "-", "_", ".", "<", "[", "(", "!", "*", "`", "'", '"', ":", "/", "\\", "{", "&", "=", "@",
          "a ", "a.", "a-", "1,", "1 ", "<a ", "a@", "](", "- ", "**", "\n", " \n", "--", "http://", "é"]  # fmt: skip
ENDS = ["", "!", "\x00", "\n", "<", "x@"]


def expressions() -> Iterator[tuple[str, str, int]]:
    """Each regular expression that stands in our sources as such, with where, and its flags."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if getattr(node.func.value, "id", "") != "re" or not node.args:
                continue
            pattern = node.args[0]
            if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str | bytes):
                text = pattern.value if isinstance(pattern.value, str) else pattern.value.decode("latin-1")
                flags = " ".join(ast.unparse(argument) for argument in [*node.args[1:], *(k.value for k in node.keywords)])
                known = {"IGNORECASE": re.I, "MULTILINE": re.M, "DOTALL": re.S, "ASCII": re.A, "VERBOSE": re.X}
                given = sum(value for name, value in known.items() if f"re.{name}" in flags)
                yield f"{path.name}:{node.lineno}", text, int(given)


COMPILED = {
    f"{module.__name__}.{name}": value
    for module in list(__import__("sys").modules.values())
    if getattr(module, "__name__", "").startswith("portal.")
    for name, value in vars(module).items()
    if isinstance(value, re.Pattern)
}


def test_no_expression_backtracks_on_a_long_hostile_text() -> None:
    patterns = {where: re.compile(text, flags) for where, text, flags in expressions()}
    patterns |= {where: p for where, p in COMPILED.items() if isinstance(p.pattern, str)}
    assert len(patterns) > 80
    slow = []
    for where, pattern in patterns.items():
        for piece in PIECES:
            text = piece * (LONG // len(piece))
            for end in ENDS[:2] if len(piece) > 1 else ENDS:
                began = time.process_time()
                pattern.search(text + end)
                if (took := time.process_time() - began) > GENEROUS:
                    slow.append(f"{where}: {took:.1f} s on {piece!r} and {end!r}: {pattern.pattern}")
                    break
    assert not slow, "\n".join(slow)

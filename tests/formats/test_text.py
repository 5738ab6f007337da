"""HTML of our own making, read without it."""

import pytest

from portal.content.markdown import render
from portal.formats.text import from_html


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Een *eerste*\nregel.\n\nEen tweede.", "Een eerste regel.\n\nEen tweede."),
        ("Twee  \nregels", "Twee\nregels"),
        ("Vooraf:\n\n- een\n- twee\n\nNadien.", "Vooraf:\n\n- een\n- twee\n\nNadien."),
        ("3. drie\n4. vier", "3. drie\n4. vier"),
        ("- een\n  - binnen\n- twee", "- een\n- binnen\n- twee"),
        ("[Plan](https://x.example/plan)", "Plan (https://x.example/plan)"),
        ("<https://x.example/plan>", "https://x.example/plan"),
        ("[info@x.example](mailto:info@x.example)", "info@x.example"),
        ("# Kop\n\nTekst", "Kop\n\nTekst"),
        ("R&D &lt;b&gt;", "R&D <b>"),
        ("a\n\n\n\n\nb", "a\n\nb"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "a b\n1 2"),
    ],
)
def test_text_reads_as_it_was_meant(written: str, read: str) -> None:
    assert from_html(render(written, "https://p.example", lambda _path: None)) == read


@pytest.mark.parametrize("start", ["C", "1.5", "", "²", "9" * 5_000])
def test_a_list_that_begins_with_no_number_begins_with_one(start: str) -> None:
    assert from_html(f'<ol start="{start}"><li>laptop</li></ol>') == "1. laptop"

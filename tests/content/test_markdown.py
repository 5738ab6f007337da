import re
import threading
import time
from itertools import pairwise

import justhtml
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.costly import LONGEST
from portal.content.markdown import render

BASE = "https://eigen.example"
SIZES = {"a.png": (100, 50), "vector.svg": (0, 0)}


def rendered(text: str) -> str:
    html = render(text, BASE, SIZES.get)
    page = f'<!doctype html><html lang="nl"><head><title>x</title></head><body><h1>x</h1>{html}</body></html>'
    justhtml.JustHTML(page, strict=True)
    return html


def levels(html: str) -> list[int]:
    return [int(level) for level in re.findall(r"<h(\d)>", html)]


@pytest.mark.parametrize(
    ("marks", "expected"),
    [("#", [2]), ("####", [2]), ("# ### ####", [2, 3, 4]), ("### ##", [2, 2]), ("# ## # ##", [2, 3, 2, 3]),
     ("# ## ### #### ##### ######", [2, 3, 4, 5, 6, 6]), ("## #### ### ##", [2, 3, 3, 2])],
)  # fmt: skip
def test_headings_follow_the_title_and_skip_no_level(marks: str, expected: list[int]) -> None:
    assert levels(rendered("\n\n".join(f"{mark} Kop\n\nTekst" for mark in marks.split()))) == expected


@pytest.mark.parametrize(
    "text",
    ["<script>alert(1)</script>", "<iframe src='https://x.be'>x</iframe>", "[x](javascript:alert(1))",
     "<a href='JaVaScRiPt:alert(1)'>x</a>", "<img src=x onerror=alert(1)>", "<a href='data:text/html,x'>x</a>",
     "<svg onload=alert(1)></svg>", "<math><mi xlink:href='javascript:x'>", "<style>*{}</style>",
     "<form action=x><input>",
     "<b onclick=x>y</b>", "<p id=x class=y style='color:red'>z</p>", "Kop {: #id .class onclick=x }",
     "<object data=x></object>", "<meta http-equiv=refresh>", "<base href=x>", "<link rel=stylesheet href=x>",
     "[x](&#106;avascript:alert(1))", "<a href='\x01javascript:x'>x</a>", "```x onclick=y\ncode\n```"],
)  # fmt: skip
def test_nothing_that_runs_or_frames_is_left(text: str) -> None:
    tags = "".join(re.findall(r"<[^>]*>", rendered(text)))
    for word in ("script", "iframe", "onerror", "onclick", "onload", "style", "form", "input", "object", "meta", "base",
                 "link ", "data:", "id=", "class="):  # fmt: skip
        assert word not in tags.lower()


def test_an_image_of_another_host_becomes_a_link() -> None:
    html = rendered("![Een robot](https://elders.example/r.png) <img src='//elders.example/s.png'>")
    assert "<img" not in html
    assert '<a href="https://elders.example/r.png" rel="noopener noreferrer">Een robot</a>' in html
    assert ">elders.example</a>" in html


def test_an_image_of_another_host_inside_a_link_leaves_its_text() -> None:
    html = rendered("[![Robot](https://elders.example/r.png)](https://ook.example)")
    assert html == '<p><a href="https://ook.example" rel="noopener noreferrer">Robot</a></p>'


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("![](/images/a.png)", 'width="100" height="50"'),
        ("<img src='/images/a.png' width=20>", 'width="20" height="10"'),
        ("<img src='/images/a.png' height='10px'>", 'width="20" height="10"'),
        ("<img src='/images/a.png' width=30 height=40>", 'width="30" height="40"'),
        ("<img src='/images/a.png' width=0 height=99999>", 'width="100" height="50"'),
        ("<img src='/images/a.png' width='100%'>", 'width="100" height="50"'),
        ("![](https://eigen.example/images/a.png)", 'width="100" height="50"'),
    ],
)
def test_an_image_of_our_own_keeps_its_place_while_it_loads(text: str, size: str) -> None:
    assert f'<img src="/images/a.png" alt="" {size} loading="lazy" decoding="async">' in rendered(text)


def test_an_image_of_which_nobody_knows_the_size_is_still_shown() -> None:
    assert '<img src="/images/vector.svg" alt="v" loading="lazy"' in rendered("![v](/images/vector.svg)")


def test_an_image_that_is_not_there_shows_its_text() -> None:
    assert rendered("![Het plan](/images/weg.png)") == "<p>Het plan</p>"
    assert rendered("![](/images/weg.png)") == ""


def test_links_to_elsewhere_are_marked() -> None:
    html = rendered(
        "[a](www.elders.example) [b](/hier) [c](https://eigen.example/x) [d](mailto:a@b.be) [e](#top)"
    )
    assert '<a href="https://www.elders.example" rel="noopener noreferrer">a</a>' in html
    assert html.count("rel=") == 1


def test_a_list_directly_below_a_line_is_a_list() -> None:
    assert rendered("Neem mee:\n- laptop\n- kabel\n\nTot dan") == (
        "<p>Neem mee:</p>\n<ul>\n<li>laptop</li>\n<li>kabel</li>\n</ul>\n<p>Tot dan</p>"
    )
    assert "<ol>" in rendered("Stappen:\n1. een\n2. twee")
    assert "<ol>" not in rendered("Dat was in\n1987. Lang geleden.")
    assert "<ul>" in rendered("> citaat\n- een")


def test_a_list_nested_by_two_spaces_is_nested() -> None:
    html = rendered("- a\n  - b\n    - c\n- d\n\n  meer van d\n\neinde")
    assert html.count("<ul>") == 3
    assert "<p>meer van d</p>\n</li>" in html
    assert html.endswith("<p>einde</p>")


def test_code_stays_as_it_is() -> None:
    assert "Zin:\n- geen lijst\n1\\\n" in rendered("```\nZin:\n- geen lijst\n1\\\n```")


def test_a_backslash_or_two_spaces_break_a_line() -> None:
    assert rendered("a\\\nb  \nc").count("<br>") == 2


def test_a_table_scrolls_on_its_own_and_is_named_after_its_heading() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |"
    assert '<div class="scroll" role="region" tabindex="0" aria-label="Uren &amp; zalen"><table>' in rendered(
        f"## Uren & zalen\n\n{table}"
    )
    assert 'aria-label="Tabel"' in render(table, BASE, SIZES.get, table_label="Tabel")
    assert rendered(table).endswith("</table></div>")


@pytest.mark.parametrize(
    ("text", "part"),
    [("Woord\n: betekenis", "<dt>Woord</dt>"), ("*[AI]: Kunstmatig\n\nAI", '<abbr title="Kunstmatig">AI</abbr>'),
     ("<div markdown='1'>\n**x**\n</div>", "<strong>x</strong>"), ("a<br>b", "a<br>b"),
     ("a & b < c", "a &amp; b &lt; c"),
     ("H<sub>2</sub>O", "<sub>2</sub>")],
)  # fmt: skip
def test_what_else_may_be_written(text: str, part: str) -> None:
    assert part in rendered(text)


@pytest.mark.parametrize(
    "text",
    ["<li>x", "<b><p>x</b></p>", "<table><tr><td>x", "<a href=/x><a href=/y>z</a></a>", "<!-- x", "<![CDATA[x]]>",
     "&#0;", "&#xfffe;", "&#x80;", "\x00\x0b\ufffe", "<p><h2>x</h2></p>", "<summary>x", "</div></p></td>", "<br></br>",
     "<", "&", "# a<table><h3>b", "<dd>x", "<ul>x</ul>", "# \n#\n", "<details><summary>a</summary>b</details>"],
)  # fmt: skip
def test_crooked_html_comes_out_straight(text: str) -> None:
    rendered(text)


def test_what_says_nothing_about_a_list_or_a_cell_is_left_out() -> None:
    assert rendered('<ol start="C"><li>x</li></ol>') == "<ol><li>x</li></ol>"
    assert '<ol start="-3">' in rendered('<ol start="-3"><li>x</li></ol>')
    row = '<td colspan="zz" rowspan="2">a</td><td colspan="0">b</td><th scope="here">c</th><th scope="COL">d</th>'
    html = rendered(f"<table><tr>{row}</tr></table>")
    assert '<td rowspan="2">a</td><td>b</td><th>c</th><th scope="COL">d</th>' in html


BOMBS = {
    "brackets": "[",
    "brackets in many blocks": "[" * 390 + "\n\n",
    "images": "![",
    "links": "[a](",
    "stars": "**a *b ",
    "underscores": "_a ",
    "backticks": "``a`",
    "backticks of every length": "".join("`" * (n % 50 + 1) + "a" for n in range(4_000)),
    "quotes": ">",
    "divs": "<div>",
    "tags without an end": "<a ",
    "comments": "<!--",
    "nested lists": "\n".join("  " * n + "- x" for n in range(1_000)),
    "definitions": "a\n: b\n",
    "abbreviations": "".join(f"*[a{n}]: b\n" for n in range(2_000)) + "a1 " * 4_000,
    "ampersands": "&",
    "headings": "#|\n",
    "headings in many blocks": "#|\n" * 200 + "\n",
    "underlined headings": "a\n=\n",
    "lines below nothing": "=\n",
    "items with nothing in them": "- \n",
    "rules": "***\n",
    "one long line": "woord ",
    "a book": "Een zin.\n\n",
}


def as_long_as_may_be(text: str) -> str:
    return (text * (LONGEST // len(text) + 1))[:LONGEST]


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_neither_the_stack_nor_seconds(name: str) -> None:
    began = time.thread_time()
    render(as_long_as_may_be(BOMBS[name]), BASE, SIZES.get)
    assert time.thread_time() - began < 1


def test_a_text_of_many_pages_is_laid_out_and_a_longer_one_shown_as_it_was_written() -> None:
    pages = as_long_as_may_be("Een **zin**.\n\n")
    assert rendered(pages).startswith("<p>Een <strong>zin</strong>.</p>")
    assert rendered(pages + "\n<b>x") == f"<pre>{pages}\n&lt;b&gt;x</pre>"


def test_after_a_bomb_the_next_text_is_rendered_as_ever() -> None:
    before = rendered("**a**\n- b")
    render("1. " * 3_000, BASE, SIZES.get)
    assert rendered("**a**\n- b") == before


def test_threads_do_not_share_what_they_render() -> None:
    found: list[str] = []
    texts = [f"*[W]: w{n}\n\nW **{n}**" for n in range(8)]
    threads = [threading.Thread(target=lambda text=text: found.append(rendered(text))) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == sorted(rendered(text) for text in texts)


@given(st.text(max_size=200))
def test_whatever_is_written_the_page_stays_valid(text: str) -> None:
    rendered(text)


snippets = st.sampled_from(
    ["# a", "- b", "  - c", "1. d", "> e", "| f |", "|---|", "<div>", "</div>", "<p>", "<table>", "<td>", "<li>",
     "<a href=x>", "</a>", "![g](/images/a.png)", "![h](https://x.be/h.png)", "[i](www.i.be)", "**", "`", "```", "<b>",
     "</b>", "\n", "\n\n", "    ", "<h3>", "</h3>", ": j", "<ul>", "<dl>", "<details>", "<summary>", "&amp;", "<br>",
     "text", "{: #x }", "\\\n"]
)  # fmt: skip


@given(st.lists(snippets, max_size=25))
def test_whatever_is_put_together_the_page_stays_valid(parts: list[str]) -> None:
    html = rendered("".join(parts))
    assert all(later <= earlier + 1 for earlier, later in pairwise([1, *levels(html)]))

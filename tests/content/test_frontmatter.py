import time

import pytest

from portal.content import frontmatter
from portal.content.frontmatter import Mapping, Scalar, Sequence, Unreadable


def values(text: str) -> dict[str, object]:
    return {entry.key.text: entry.value for entry in frontmatter.read(text).mapping.entries}


@pytest.mark.parametrize("written", ["2025", "12:30", "no", "0o17", "1e3", "2025-01-01", "0x10"])
def test_a_value_stays_as_it_was_written(written: str) -> None:
    value = values(f"---\ntitle: {written}\n---\n")["title"]
    assert isinstance(value, Scalar)
    assert value.text == written


@pytest.mark.parametrize("written", ["plain words", '"in quotes"', "'single'", "é ü 🦛 x"])
def test_a_value_knows_its_line_and_its_place(written: str) -> None:
    text = f"---\nfirst: ü🦛\ntitle: {written}   # said\n---\nbody"
    value = values(text)["title"]
    assert isinstance(value, Scalar)
    assert value.line == 3
    assert text[value.start : value.end] == written
    start, end = value.inside
    assert text[start:end] == value.text


def test_what_follows_the_front_matter_is_found_back() -> None:
    front = frontmatter.read("\n\n---\ntitle: x\n---\n\nText with\n---\na line\n")
    assert front.text[front.body :].strip() == "Text with\n---\na line"
    assert front.text[front.start : front.end] == "\ntitle: x\n"


def test_lists_and_groups_are_read() -> None:
    found = values("---\nsessions: [{id: am}]\nempty:\ntext: |\n  a\n  b\n---\n")
    assert isinstance(found["sessions"], Sequence)
    assert isinstance(found["sessions"].items[0], Mapping)
    assert isinstance(found["empty"], Scalar)
    assert found["empty"].is_nothing
    assert isinstance(found["text"], Scalar)
    assert found["text"].text == "a\nb\n"


def test_a_key_given_twice_is_seen_twice() -> None:
    entries = frontmatter.read("---\na: 1\na: 2\n---\n").mapping.entries
    assert [entry.key.text for entry in entries] == ["a", "a"]


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "empty"),
        (" \n\n", 1, "empty"),
        ("Just text", 1, "does not begin"),
        ("text\n---\ntitle: x\n---\n", 1, "does not begin"),
        ("---\ntitle: x\n", 1, "not closed"),
        ("---\njust words\n---\n", 2, "holds no keys"),
        ("---\n- a\n- b\n---\n", 2, "holds no keys"),
        ("---\nok: 1\nprice: [1\n---\n", 3, "not valid YAML"),
        ("---\nok: 1\nlist: {a: b: c}\n---\n", 3, "not valid YAML"),
        ("---\na: &x [1]\n---\n", 2, "anchor or alias"),
        ("---\na: 1\nb: *a\n---\n", 3, "anchor or alias"),
        ("---\na: !!python/object:os.system x\n---\n", 2, "tag"),
        ("---\n? [a]\n: b\n---\n", 2, "a key is a list"),
        ("---\na: " + "[" * 40 + "]" * 40 + "\n---\n", 2, "nested too deeply"),
        ("---\na: " + "[" * 5000 + "\n---\n", 2, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_says_where_and_why(text: str, line: int, says: str) -> None:
    with pytest.raises(Unreadable) as raised:
        frontmatter.read(text)
    assert says in raised.value.what
    assert raised.value.line == line
    assert raised.value.mend


def test_a_few_lines_that_stand_for_gigabytes_are_not_followed() -> None:
    bomb = "---\na: &a [x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)},*{chr(97 + n)}]\n" for n in range(20)
    )
    with pytest.raises(Unreadable, match="alias"):
        frontmatter.read(bomb + "---\n")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("AI: hoe werkt dat", "AI: hoe werkt dat"),
        ('"Wat is "AI" eigenlijk"', 'Wat is "AI" eigenlijk'),
        ('"AI" en "ML"', '"AI" en "ML"'),
        ('"Vergeten', "Vergeten"),
        ("'t Is feest", "'t Is feest"),
        ("[Uitgesteld] Robots", "[Uitgesteld] Robots"),
        ("*Nieuw* Robots", "*Nieuw* Robots"),
        ("@home", "@home"),
        ('%off: it\'s "all" gone', '%off: it\'s "all" gone'),
        ("!nieuw Robots", "!nieuw Robots"),
    ],
)
def test_a_text_that_yaml_takes_for_something_else_gets_its_quotes(written: str, meant: str) -> None:
    front = frontmatter.read(f"---\nprice: 65\ntitle: {written}\nlanguage: nl\n---\nText")
    value = front.mapping.entries[1].value
    assert isinstance(value, Scalar)
    assert value.text == meant
    assert [repair.line for repair in front.repairs] == [3]
    assert front.text.startswith("---\nprice: 65\ntitle: ")
    assert front.text.endswith("\nlanguage: nl\n---\nText")


def test_a_line_of_spaces_costs_no_time() -> None:
    before = time.process_time()
    front = frontmatter.read(f"---\nlocation: x{' ' * 49_000}b\nsummary: [\n---\n")
    assert [repair.line for repair in front.repairs] == [3]
    assert time.process_time() - before < 1

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.content.reader import KEYS
from tests.content.writing import SITE, event_of, event_text, only_problem, reading_of, told


def test_a_file_with_a_title_and_a_date_is_an_event() -> None:
    reading = reading_of(event_text())
    assert reading.problems == ()
    assert reading.event is not None
    assert reading.event.title == "Solderen voor beginners"
    assert reading.event.starts == datetime(2027, 1, 31, 12, tzinfo=UTC)
    assert reading.event.starts.tzinfo == SITE.timezone
    assert (reading.event.text, reading.event.summary) == ("Kom solderen.", "Kom solderen.")
    assert (reading.event.slug, reading.event.path) == ("solderen", "events/solderen.md")
    assert (reading.event.max_party, reading.event.waitlist, reading.event.price) == (6, "auto", None)


@pytest.mark.parametrize(
    ("keys", "line", "says"),
    [
        ({"title": None}, 2, "`title` is missing"),
        ({"title": '""'}, 2, "`title` is missing"),
        ({"title": "[a, b]"}, 2, "`title` is a list"),
        ({"title": "{a: b}"}, 2, "`title` is a group of keys"),
        ({"title": "x" * 301}, 2, "301 characters long"),
        ({"date": None}, 2, "`date` is missing"),
        ({"date": ""}, 3, "`date` is missing"),
        ({"date": "volgende week"}, 3, "no date"),
        ({"date": "2027-02-30T10:00:00"}, 3, "does not exist"),
        ({"date": "2027-01-31T25:00:00"}, 3, "does not exist"),
        ({"date": "2027-01-31T130:00:00"}, 3, "the hour 130"),
        ({"date": "0225-01-31"}, 3, "the year 225"),
        ({"date": "05/03/2027 10:00"}, 3, "two ways"),
        ({"end_date": "2027-01-31T12:00:00"}, 4, "`end_date` is before `date`"),
        ({"status": "weg"}, 4, "`status` is “weg”"),
        ({"registration": "extern"}, 4, "did you mean external?"),
        ({"registration": "external"}, 4, "without `registration_link`"),
        ({"registration_link": "javascript:alert(1)"}, 4, "web address"),
        ({"registration_link": "info@example.org"}, 4, "web address"),
        ({"registration_link": "https://"}, 4, "web address"),
        ({"registration_link": "[https://a.be]"}, 4, "is a list"),
        ({"capacity": "0"}, 4, "`capacity` is “0”"),
        ({"capacity": "-1"}, 4, "`capacity` is “-1”"),
        ({"capacity": "twintig"}, 4, "`capacity` is “twintig”"),
        ({"capacity": "1000000000000"}, 4, "whole number from 1 to 100000"),
        ({"capacity": "9" * 5000}, 4, "whole number"),
        ({"capacity": "2.5"}, 4, "whole number"),
        ({"capacity": "٢٤"}, 4, "whole number"),
        ({"price": "-1"}, 4, "`price` is “-1”"),
        ({"price": "65.005"}, 4, "`price` is “65.005”"),
        ({"price": "1.250"}, 4, "`price`"),
        ({"price": "duur"}, 4, "`price`"),
        ({"price": "65 of 140"}, 4, "`price`"),
        ({"price": "99999999"}, 4, "`price`"),
        ({"max_party": "0"}, 4, "`max_party`"),
        ({"minimum": "8", "capacity": "4"}, 4, "more than `capacity`"),
        ({"waitlist": "misschien"}, 4, "`waitlist`"),
        ({"contact": "Jan Peeters"}, 4, "e-mail address"),
        ({"contact": "a@b@c.be"}, 4, "e-mail address"),
        ({"contact": "a.@b.be"}, 4, "e-mail address"),
        ({"contact": "info@school.local"}, 4, "e-mail address"),
        ({"signup_opens": "2027-02-01"}, 4, "before the event starts"),
        ({"signup_opens": "2027-01-10", "signup_closes": "2027-01-09"}, 5, "not after `signup_opens`"),
        ({"tickets": "vol"}, 4, "not a list"),
    ],
)
def test_a_wrong_value_refuses_the_file_at_its_line(
    keys: dict[str, str | None], line: int, says: str
) -> None:
    reading = reading_of(event_text(**keys))
    assert reading.event is None
    errors = [problem for problem in reading.problems if problem.severity == "error"]
    assert len(errors) == 1, errors
    assert says in f"{errors[0].what}, {errors[0].mend}"
    assert errors[0].line == line


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"", "empty"),
        (b"x" * 5_000_000, "larger than 1 MB"),
        (b"---\ntitle: \0\n---\n", "NUL"),
        ("---\ntitle: x\n---\n".encode("utf-16"), "UTF-16"),
        ("---\ntitle: x\n---\n".encode("utf-16-le"), "NUL"),
        (b"\x89PNG\r\n\x1a\n\x81\x8d", "neither UTF-8 nor Latin-1"),
    ],
)
def test_bytes_that_are_no_event_are_refused(source: bytes, says: str) -> None:
    reading = reading_of(source)
    assert reading.event is None
    assert says in str(reading.problems[0])


@pytest.mark.parametrize("contact", ["jan@café.be", "info@münchen.de", "jan+robot@b.example"])
def test_whoever_can_sign_up_can_be_the_contact(contact: str) -> None:
    assert event_of(event_text(contact=contact)).contact == contact


def test_a_wrong_value_names_path_line_what_and_mend() -> None:
    assert str(only_problem(event_text(capacity="veel"))) == (
        "events/solderen.md:4: error: `capacity` is “veel”, "
        "give a whole number from 1 to 100000, or take the key away when there is no limit"
    )


@pytest.mark.parametrize(
    ("keys", "registration"),
    [
        ({}, "portal"),
        ({"registration": "none"}, "none"),
        ({"registration": "none", "capacity": "10"}, "none"),
        ({"registration_link": "https://tickets.example.org/x"}, "portal"),
        ({"registration_link": "https://TICKETS.example.org:443/x"}, "portal"),
        ({"registration_link": "https://others.example.org/x"}, "external"),
        ({"registration_link": "https://others.example.org/x", "capacity": "10"}, "external"),
        ({"registration_link": "https://others.example.org/x", "registration": "portal"}, "portal"),
        ({"registration_link": "https://a.tickets.example.org/"}, "external"),
    ],
)
def test_which_registration_an_event_gets(keys: dict[str, str], registration: str) -> None:
    assert event_of(event_text(**keys)).registration == registration


@pytest.mark.parametrize(
    "key",
    ["capacity: 3", "tickets: [{id: a}]", "sessions: [{id: a}]", "questions: [{name: a}]", "signup_opens: 2026-12-01",
     "signup_closes: 2027-01-01", "waitlist: off", "max_party: 1", "minimum: 8"],
)  # fmt: skip
def test_a_key_that_needs_a_form_brings_it_where_none_is_the_default(key: str) -> None:
    site = replace(SITE, default_registration="none")
    name, value = key.split(": ", 1)
    assert event_of(event_text(), site=site).registration == "none"
    assert event_of(event_text(**{name: ""}), site=site).registration == "none"
    assert event_of(event_text(**{name: value}), site=site).registration == "portal"


def test_a_link_without_a_scheme_is_read_as_https() -> None:
    problem = only_problem(event_text(registration_link="www.example.org/x"))
    assert problem.edits
    assert (
        event_of(event_text(registration_link="www.example.org/x")).registration_link
        == "https://www.example.org/x"
    )


@pytest.mark.parametrize(
    ("location", "place", "online"),
    [
        ("online", "", True),
        ("ONLINE", "", True),
        ('"Online in de klas "', "Online in de klas", True),
        ("Online via Teams", "Online via Teams", True),
        ("Gent of online", "Gent of online", False),
        ("Onlineacademie, Gent", "Onlineacademie, Gent", False),
        ("Bibliotheek: zaal 2", "Bibliotheek: zaal 2", False),
    ],
)
def test_online_is_a_word_with_a_meaning(location: str, place: str, online: bool) -> None:
    event = event_of(event_text(location=location))
    assert (event.location, event.online) == (place, online)


def test_an_empty_location_is_said() -> None:
    problem = only_problem(event_text(location='""'))
    assert (problem.severity, problem.line, problem.edits) == ("warning", 4, ())
    assert reading_of(event_text()).problems == ()


def test_a_location_that_is_a_web_address_becomes_the_link() -> None:
    event = event_of(event_text(location="https://maps.example.org/x"))
    assert (event.location, event.location_link) == ("", "https://maps.example.org/x")


@pytest.mark.parametrize(
    ("keys", "path", "slug"),
    [
        ({"slug": "vast", "anchor": "anker"}, "events/a.md", "vast"),
        ({"anchor": "anker_2"}, "events/a.md", "anker_2"),
        ({}, "events/2027-01-31_Sociale robot.md", "2027-01-31_Sociale-robot"),
        ({}, "events/énigme & été.md", "enigme-en-ete"),
        ({}, "events/中文.md", "event"),
        ({"anchor": "finale robot é"}, "events/a.md", "finale-robot-e"),
        ({"slug": "../../etc"}, "events/a.md", "etc"),
        ({"anchor": '"???"'}, "events/a.md", "a"),
        ({"slug": "x" * 200}, "events/a.md", "x" * 100),
    ],
)
def test_the_slug_is_the_key_or_the_anchor_or_the_name_made_safe(
    keys: dict[str, str], path: str, slug: str
) -> None:
    assert event_of(event_text(**keys), path=path).slug == slug


def test_an_unsafe_anchor_can_be_mended() -> None:
    problem = only_problem(event_text(anchor='"finale robot"'))
    assert [edit.replacement for edit in problem.edits] == ["finale-robot"]


def test_a_date_in_the_name_that_is_not_the_date_is_said() -> None:
    assert "rename the file" in told(event_text(), path="events/2027-01-30_x.md")
    assert told(event_text(), path="events/2027-01-31_x.md") == ""


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("en", "en"),
        ('"fr"', "fr"),
        ("NL", "nl"),
        ("nl-BE", "nl"),
        ("Engels", "en"),
        ("no", "nl"),
        ("xx", "nl"),
        ("", "nl"),
    ],
)
def test_the_language_is_one_of_four(written: str, language: str) -> None:
    assert event_of(event_text(language=written)).language == language


def test_a_file_without_a_language_is_in_the_first_of_the_site() -> None:
    assert event_of(event_text(), site=replace(SITE, languages=("fr", "nl"))).language == "fr"


@pytest.mark.parametrize(
    ("key", "meant"),
    [("item_theme_logo_ur", "item_theme_logo_url"), ("Location", "location"),
     ("registration-link", "registration_link"), ("capaciteit", "capacity"),
     ("endDate", "end_date"), ("prijs", "price"), ("question", "questions")],
)  # fmt: skip
def test_a_near_miss_of_a_key_is_said_and_means_nothing(key: str, meant: str) -> None:
    problem = only_problem(event_text(**{key: "24"}))
    assert f"did you mean `{meant}`?" in str(problem)
    assert [edit.replacement for edit in problem.edits] == [meant]


def test_a_near_miss_is_not_renamed_beside_the_right_key() -> None:
    assert only_problem(event_text(capacity="4", capacityy="5")).edits == ()


@pytest.mark.parametrize(
    "key", ["layout", "permalink", "tags", "categories", "author", "image", "excerpt", "lang", "vak"]
)
def test_what_jekyll_or_someone_else_keeps_there_is_silent(key: str) -> None:
    assert key not in KEYS
    assert told(event_text(**{key: "x"})) == ""


def test_what_jekyll_does_not_publish_is_a_draft() -> None:
    assert event_of(event_text(published="false")).status == "draft"


def test_an_image_of_another_host_and_one_that_is_not_there_are_said() -> None:
    body = "Tekst\n\n![a](https://elders.example/a.png)\n\n![b](/images/b.png) <img src='/images/c.png'>\n"
    lines = [problem.line for problem in reading_of(event_text(body), has_image="c.png".__eq__).problems]
    assert lines == [8, 10]


def test_a_logo_that_no_page_can_show_is_left_out() -> None:
    for logo in ("https://elders.example/logo.png", "/images/weg.png"):
        event = event_of(event_text(item_theme_logo_url=logo), has_image="er.png".__eq__)
        assert event.logo == ""
    assert event_of(event_text(item_theme_logo_url="images/er.png")).logo == "/images/er.png"


def test_the_address_of_a_logo_leads_to_its_file() -> None:
    for written, file in (("wie%3F.png", "wie?.png"), ("a%23b.png", "a#b.png"), ("één.png", "één.png")):
        logo = event_of(event_text(item_theme_logo_url=f"/images/{written}"), has_image=file.__eq__).logo
        assert unquote(urlsplit(logo).path) == f"/images/{file}"


def test_without_a_day_the_rest_of_the_file_is_looked_at_too() -> None:
    said = told(event_text(date=None, capacity="veel", signup_opens="2027-01-10"))
    assert "`date` is missing" in said
    assert "`capacity` is “veel”" in said
    assert "signup_opens" not in said


def test_links_without_a_scheme_are_said_at_their_line_and_code_is_left_alone() -> None:
    code = "`[x](www.code.org)`\n\n```\n[x](www.code.org)\n```"
    body = f"Zie [hier](www.example.org) of [daar](dwengo.example.be/x).\n{code}"
    reading = reading_of(event_text(body))
    assert [problem.line for problem in reading.problems] == [6, 6]
    assert "[hier](https://www.example.org)" not in reading.text


def test_a_template_tag_is_said() -> None:
    assert "only Jekyll runs" in told(event_text("Zie {{ site.baseurl }}/x"))


@pytest.mark.parametrize("body", ["Een zin.\n\n" * 2_001, "| a | b |\n" * 202])
def test_a_text_that_is_not_laid_out_is_said(body: str) -> None:
    problem = only_problem(event_text(body))
    assert (problem.severity, problem.line) == ("warning", 4)
    assert "shown as it was written" in problem.what


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (
            "# Kop\n\n![](/images/a.png)\n\n**Vet** en [een link](https://x.be) &amp; _meer_.",
            "Vet en een link & meer.",
        ),
        ("### Kop\nMeteen eronder.", "Meteen eronder."),
        ("**Wanneer:** morgen\n\n- lijst\n\nHet eerste echte.", "Het eerste echte."),
        ("**Wanneer:** morgen", "Wanneer: morgen"),
        ("| a | b |\n|---|---|\n", ""),
        ("", ""),
        ("<p>In <br>HTML</p>", "In HTML"),
        ("woord " * 100, "woord " * 32 + "woord…"),
    ],
)
def test_the_summary_is_the_first_real_paragraph(body: str, summary: str) -> None:
    assert event_of(event_text(body)).summary == summary


def test_the_summary_of_the_key_comes_first() -> None:
    assert event_of(event_text(summary="|\n  Een zin\n  of twee.")).summary == "Een zin of twee."


def test_a_missing_space_after_a_key_is_put_there() -> None:
    reading = reading_of(event_text().replace("title: ", "title:"))
    assert [problem.line for problem in reading.problems] == [2]
    assert reading.text == event_text()


@pytest.mark.parametrize(
    "key", ["end_date", "capacity", "price", "status", "contact", "registration_link", "language"]
)
@pytest.mark.parametrize("nothing", ["", '""', "~", "null", "' '"])
def test_a_key_without_a_value_says_nothing(key: str, nothing: str) -> None:
    assert reading_of(event_text(**{key: nothing})).problems == ()


@pytest.mark.parametrize("key", ["language", "anchor", "price", "end_date"])
def test_a_value_in_a_block_of_lines_is_not_rewritten(key: str) -> None:
    value = {"language": "NL", "anchor": "a b", "price": "€ 5", "end_date": "2027-01-31T24:00"}[key]
    assert only_problem(event_text(**{key: f"|\n  {value}"})).edits == ()


def test_a_problem_in_one_key_does_not_hide_another() -> None:
    reading = reading_of(event_text(capacity="x", price="y", contact="z"))
    assert [problem.line for problem in reading.problems] == [4, 5, 6]


anything = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["2027-01-31", "[", "{a: b}", "[{id: a}]", "- x", "|", "*a", "&a b", "!x", "null", '"', "'", "65", "\t",
         "9" * 400, "2027-13-01T99:99:99", "[{name: a, type: select}]", "VOLZET", "online", "https://[", "\x85",
         "\u2028", "€ 1",
         "0001-01-01T00:00:00+14:00", "9999-12-31T24:00:00"]
    ),
)  # fmt: skip


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_raise(source: bytes) -> None:
    reading_of(source)
    reading_of(b"---\ntitle: x\n" + source)


@given(st.dictionaries(st.sampled_from(KEYS), anything), st.text(max_size=80))
def test_no_front_matter_makes_the_reader_raise(keys: dict[str, str], body: str) -> None:
    reading = reading_of(event_text(body, **keys))
    assert (reading.event is None) == any(problem.severity == "error" for problem in reading.problems)
    if reading.event:
        assert reading.event.over_at >= reading.event.starts
        assert reading.event.last_day >= reading.event.starts.date()


@given(
    st.dictionaries(
        st.sampled_from(["id", "name", "label", "price", "sessions", "type", "options", "max", "each"]),
        anything,
    )
)
def test_no_ticket_or_question_makes_the_reader_raise(keys: dict[str, str]) -> None:
    rows = "".join(f"\n    {key}: {value}" for key, value in keys.items())
    reading_of(
        event_text(tickets=f"\n  - a: b{rows}", questions=f"\n  - a: b{rows}", sessions=f"\n  - a: b{rows}")
    )

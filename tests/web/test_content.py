"""The page of the event files, and previews."""

from collections.abc import Callable

import pytest

from tests.support.portal import SITE, PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FILES = {
    "nascholing": event_file(),
    "draft": event_file(
        title="Binnenkort", status="draft", summary="Wat er komt.", questions="[{name: diet, label: Dieet}]"
    ),
    "wrong": event_file(title="Fout", date="morgen"),
    "odd": event_file(title="Raar", capacitty=3),
}


@pytest.fixture
def portal(make_portal: MakePortal) -> PortalUnderTest:
    site = SITE + "repository_url: https://github.com/leraars/leren/tree/main/content\n"
    return make_portal(FILES, site=site)


def test_every_file_is_there_with_what_is_wrong_errors_first(portal: PortalUnderTest) -> None:
    page = portal.organiser().get("/admin/content")
    first, second, *_others = page.words(".file")
    assert first.startswith("events/wrong.md not shown")
    assert "Error:" in first
    assert "morgen" in first
    assert second.startswith("Raar published")
    assert "capacitty" in second
    assert "capacity" in second
    assert len(page.find(".file")) == 4
    assert all(found.attrs["lang"] == "en" for found in page.find(".problems p > span"))
    assert "line 3" in page.words(".problems .line")


def test_a_file_that_went_wrong_is_said_to_be_shown_as_it_was(portal: PortalUnderTest) -> None:
    organiser = portal.organiser()
    portal.write({"nascholing": event_file(date="morgen")})
    portal.reread()
    page = organiser.get("/admin/content")
    assert any(words.startswith("Nascholing shown as it was before") for words in page.words(".file"))


def test_each_file_has_the_address_where_it_is_edited(portal: PortalUnderTest) -> None:
    page = portal.organiser().get("/admin/content")
    edit = "https://github.com/leraars/leren/edit/main/content/events/"
    for name in FILES:
        assert page.find(f'a[href="{edit}{name}.md"]')


def test_without_a_repository_nothing_is_linked(make_portal: MakePortal) -> None:
    page = make_portal().organiser().get("/admin/content")
    assert "Edit the file" not in page.text


def test_a_draft_is_previewed_as_it_will_be_and_nobody_else_sees_it(portal: PortalUnderTest) -> None:
    organiser = portal.organiser()
    assert organiser.get("/admin/content").find('a[href="/admin/content/draft/preview"]')
    page = organiser.get("/admin/content/draft/preview")
    assert page.words("h1") == ["Binnenkort"]
    assert "only organisers see it" in page.text
    assert page.find("meta[name=robots][content=noindex]")
    assert not page.find("link[rel=canonical]")
    assert not page.find('a[href$=".ics"]')  # there is none of a draft
    assert page.find('.actions a[href="/admin/content/draft/form"]')
    assert page.headers["Cache-Control"] == "no-store"
    assert portal.visitor().get("/events/draft").status == 404


def test_the_form_of_a_draft_can_be_looked_at_and_not_sent(portal: PortalUnderTest) -> None:
    organiser = portal.organiser()
    page = organiser.get("/admin/content/draft/form")
    assert page.find("input#answers-diet")
    assert page.find("meta[name=robots][content=noindex]")
    buttons = page.find("main form button")
    assert buttons
    assert all("disabled" in button.attrs for button in buttons)
    values = page.form()
    assert organiser.post(page.form_element().attrs["action"], values).status == 405
    assert organiser.post("/events/draft/signup", values).status == 404


def test_the_form_that_is_looked_at_says_of_the_event_what_visitors_read(portal: PortalUnderTest) -> None:
    portal.write({"nascholing": event_file(capacity=5)})
    portal.reread()
    looked_at = portal.organiser().get("/admin/content/nascholing/form").words(".facts")
    assert looked_at == portal.visitor().get("/events/nascholing/signup").words(".facts")
    assert "5 places left" in looked_at[0]


def test_the_form_that_visitors_get_can_still_be_sent(portal: PortalUnderTest) -> None:
    page = portal.visitor().get("/events/nascholing/signup")
    assert not any("disabled" in button.attrs for button in page.find("main form button"))


def test_the_card_shows_what_the_head_of_the_page_tells(portal: PortalUnderTest) -> None:
    (portal.content / "images").mkdir()
    (portal.content / "images" / "foto.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    summary = "Een namiddag over data."
    portal.write({"nascholing": event_file(summary=summary, item_theme_logo_url="/images/foto.png")})
    portal.reread()
    head = portal.visitor().get("/events/nascholing")
    (card,) = [one for one in portal.organiser().get("/admin/content").find(".card") if one.query("img")]
    told = {one.attrs["property"]: one.attrs["content"] for one in head.find("meta[property]")}
    assert told["og:image"] == "http://localhost/images/foto.png"
    assert card.query("img")[0].attrs["src"] == "/images/foto.png"
    for said in (told["og:title"], told["og:description"], told["og:site_name"]):
        assert said in card.to_text()


def test_an_image_that_nobody_shows_is_not_in_the_card(portal: PortalUnderTest) -> None:
    (portal.content / "images").mkdir()
    (portal.content / "images" / "teken.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    portal.write({"nascholing": event_file(item_theme_logo_url="/images/teken.svg")})
    portal.reread()
    page = portal.organiser().get("/admin/content")
    assert not page.find(".card img")
    assert "Its image is an SVG" in page.text


def test_the_overview_leads_to_the_files(portal: PortalUnderTest) -> None:
    assert portal.organiser().get("/admin/").find('details a[href="/admin/content"]')


def test_organisers_bound_to_events_see_the_files_of_these_only(portal: PortalUnderTest) -> None:
    bound = portal.organiser("b@leraars.example", "organiser", ("draft",))
    assert [words.split()[0] for words in bound.get("/admin/content").words(".file")] == ["Binnenkort"]
    assert "capacitty" not in bound.get("/admin/").text
    assert bound.get("/admin/content/draft/preview").status == 200
    assert bound.get("/admin/content/nascholing/preview").status == 403
    assert bound.get("/admin/content/nascholing/form").status == 403


def test_nobody_else_sees_files_or_previews(portal: PortalUnderTest) -> None:
    door = portal.organiser("d@leraars.example", "door")
    for url in ("/admin/content", "/admin/content/draft/preview", "/admin/content/draft/form"):
        assert portal.visitor().get(url).status == 303
        assert door.get(url).status == 403


def test_what_is_not_there_has_no_preview(portal: PortalUnderTest) -> None:
    organiser = portal.organiser()
    portal.write({"theirs": event_file(registration="external", registration_link="https://x.example/")})
    portal.reread()
    assert organiser.get("/admin/content/nope/preview").status == 404
    assert organiser.get("/admin/content/nope/form").status == 404
    assert organiser.get("/admin/content/theirs/preview").status == 200
    assert organiser.get("/admin/content/theirs/form").status == 404


def test_a_preview_speaks_the_language_of_its_event(portal: PortalUnderTest) -> None:
    organiser = portal.organiser()
    organiser.client.delete_cookie("language")
    assert organiser.get("/admin/content/draft/preview").find("html[lang=nl]")

"""Public pages that are shown again: never a word that is no longer true, and nobody's page to somebody else."""

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import brotli
import pytest

from portal.storage.models import Registration
from portal.web.kept import VERSION
from portal.web.signup_page import Surroundings, show
from tests.support.portal import PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/events/nascholing"


def sign_up(visitor: Visitor, email: str = "emma@school.example", **more: str) -> Answer:
    form = visitor.get(f"{PAGE}/signup")
    values = {"first_name": "Emma", "last_name": "Peeters", "email": email, "privacy": "y"}
    return visitor.submit(form, values | more)


@pytest.mark.parametrize("address", ["/", PAGE])
def test_a_page_that_is_still_true_costs_one_query_and_nothing_is_sent_twice(
    make_portal: MakePortal, address: str
) -> None:
    portal = make_portal({"nascholing": event_file(capacity=6)})
    first = portal.visitor().get(address)
    with statements_of(portal) as asked:
        again = portal.visitor().get(address)
        known = portal.visitor().get(address, headers={"If-None-Match": again.headers["ETag"]})
    assert len(asked) == 2
    assert again.body == first.body
    assert (known.status, known.body) == (304, b"")
    assert known.headers["Content-Security-Policy"] == first.headers["Content-Security-Policy"]


@pytest.mark.parametrize("address", ["/", PAGE])
def test_places_are_those_of_this_moment(make_portal: MakePortal, address: str) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2, waitlist="off")})
    other = portal.visitor()
    assert "2 places" in other.get(address).text
    assert sign_up(portal.visitor()).status == 303
    assert "1 place" in other.get(address).text
    last = portal.visitor()
    page = last.follow(sign_up(last, "noor@school.example"))
    assert "full" in other.get(address).text
    cancelled = last.submit(last.get(f"{page.url}/cancel"))
    assert cancelled.status == 303
    assert "1 place" in other.get(address).text


def test_a_form_opens_and_closes_at_its_moment(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(signup_opens="2027-01-20T12:00:00")})
    visitor, door = portal.visitor(), f'a[href="{PAGE}/signup"]'
    assert not visitor.get(PAGE).find(door)
    portal.clock.pass_by(timedelta(days=20))
    assert visitor.get(PAGE).find(door)
    portal.clock.pass_by(timedelta(days=20))
    assert not visitor.get(PAGE).find(door)
    assert "Nascholing" not in visitor.get("/").text


def test_a_file_that_changed_changes_its_page(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    assert visitor.get(PAGE).words("h1") == ["Nascholing"]
    portal.write({"nascholing": event_file(title="Robots")})
    portal.reread()
    assert visitor.get(PAGE).words("h1") == ["Robots"]


def test_what_an_organiser_sees_is_for_the_organiser(make_portal: MakePortal) -> None:
    portal = make_portal()
    organiser, stranger = portal.organiser(), portal.visitor()
    for _turn in range(2):
        assert "an@leraars.example" in organiser.get(PAGE).text
        assert "an@leraars.example" not in stranger.get(PAGE).text
    assert organiser.get(PAGE).headers["Cache-Control"] == "no-store"


def test_everybody_reads_it_in_their_language(make_portal: MakePortal) -> None:
    portal = make_portal()
    for _turn in range(2):
        assert "Sign up" in portal.visitor("en").get(PAGE).text
        assert "Inschrijven" in portal.visitor("nl").get(PAGE).text
        dutch = portal.visitor("").get("/", headers={"Accept-Language": "nl"})
        assert dutch.find("html[lang=nl]")


def test_it_is_sent_as_small_as_the_browser_takes_it(make_portal: MakePortal) -> None:
    client = make_portal().visitor("").client
    plain = client.get(PAGE).data
    for way, read in (("gzip", gzip.decompress), ("br", brotli.decompress)):
        answer = client.get(PAGE, headers={"Accept-Encoding": way})
        assert answer.headers["Content-Encoding"] == way
        assert "Accept-Encoding" in ", ".join(answer.headers.getlist("Vary"))
        assert read(answer.data) == plain
    refused = client.get(PAGE, headers={"Accept-Encoding": "br;q=0, identity"})
    assert refused.data == plain


FORMS = pytest.mark.parametrize("form", [f"{PAGE}/signup", "/embed/nascholing/signup"])


@FORMS
def test_an_empty_form_is_made_once_and_each_visitor_has_a_number_of_their_own(
    make_portal: MakePortal, form: str
) -> None:
    portal = make_portal()
    pages = [portal.visitor().get(form) for _ in range(3)]
    numbers = {str(page.form()["form_id"]) for page in pages}
    assert len(numbers) == 3
    assert len({str(page.form()["csrf_token"]) for page in pages}) == 3
    with statements_of(portal) as asked:
        portal.visitor().get(form)
    assert len(asked) == 1
    for number in range(3):
        visitor = portal.visitor()
        values = {
            "first_name": "Emma",
            "last_name": "Peeters",
            "email": f"e{number}@school.example",
            "privacy": "y",
        }
        assert visitor.submit(visitor.get(form), values).status in (200, 303)
    with portal.session() as session:
        assert len(session.query(Registration).all()) == 3


@FORMS
def test_places_on_an_empty_form_are_those_of_this_moment(make_portal: MakePortal, form: str) -> None:
    portal = make_portal({"nascholing": event_file(capacity=2)})
    assert "2 places left" in portal.visitor().get(form).text
    sign_up(portal.visitor())
    assert "1 place left" in portal.visitor().get(form).text
    sign_up(portal.visitor(), "noor@school.example")
    assert "waiting list" in portal.visitor().get(form).text


@FORMS
def test_each_ticket_on_an_empty_form_says_its_own_places_of_this_moment(
    make_portal: MakePortal, form: str
) -> None:
    tickets = [{"id": "am", "capacity": 1}, {"id": "pm", "capacity": 3}, {"id": "all"}]
    portal = make_portal({"nascholing": event_file(tickets=tickets, capacity=3)})

    def said() -> list[str]:
        return re.findall(r"\b(?:am|pm|all) · (?:full|\d+)", portal.visitor().get(form).text)

    assert said() == ["am · 1", "pm · 3", "all · 3"]
    sign_up(portal.visitor(), ticket="pm")
    assert said() == ["am · 1", "pm · 2", "all · 2"]
    sign_up(portal.visitor(), "noor@school.example", ticket="am")
    assert said() == ["am · full", "pm · 1", "all · 1"]


def test_an_empty_form_is_made_of_the_event_that_is_asked_for(make_portal: MakePortal) -> None:
    portal = make_portal()
    before = portal.app.extensions["portal"].catalogue.snapshot.events["nascholing"]
    after = replace(before, title="Robots")
    around = Surroundings("/form", "/event")
    for event in (after, before):
        with portal.app.test_request_context("/form", environ_base={VERSION: 1}):
            assert f"<title>Sign up – {event.title} – " in show(event, around)


def test_an_empty_form_knows_its_reader(make_portal: MakePortal) -> None:
    portal = make_portal()
    form = f"{PAGE}/signup"
    organiser = portal.organiser()
    assert "an@leraars.example" in organiser.get(form).text
    assert "an@leraars.example" not in portal.visitor().get(form).text
    assert "an@leraars.example" in organiser.get(form).text
    assert portal.visitor("nl").get(form).find("html")[0].attrs["lang"] == "nl"
    portal.write({"nascholing": event_file(questions="[{name: fiets, label: Kom je met de fiets?}]")})
    portal.reread()
    assert "Kom je met de fiets?" in portal.visitor().get(form).text

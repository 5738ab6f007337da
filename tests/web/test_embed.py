"""The sign-up in a frame on somebody else's page: no cookie, and nothing private in it."""

from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.storage.models import Attendee, Registration
from tests.support.portal import SITE, PortalUnderTest, event_file, statements_of
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
FORM = "/embed/nascholing/signup"


def framed(portal: PortalUnderTest) -> Visitor:
    """Somebody whose browser keeps no cookie of a frame."""
    visitor = Visitor(portal.app)
    visitor.client = portal.app.test_client(use_cookies=False)
    return visitor


def sign_up(portal: PortalUnderTest, values: dict[str, Any] | None = None, **options: Any) -> Answer:
    visitor = framed(portal)
    return visitor.submit(visitor.get(f"{FORM}?language=en"), EMMA | (values or {}), **options)


def count(portal: PortalUnderTest) -> int:
    with portal.session() as session:
        return session.scalar(select(func.count()).select_from(Registration)) or 0


def test_the_card_tells_when_what_it_costs_what_is_left_and_leads_to_the_form(
    make_portal: MakePortal,
) -> None:
    visitor = framed(make_portal({"nascholing": event_file(price=65, capacity=6)}))
    card = visitor.get("/embed/nascholing?language=en")
    for told in ("Nascholing", "Wednesday 3 February 2027", "€65", "6 places"):
        assert told in card.text
    (button,) = card.find("a.button")
    form = visitor.get(button.attrs["href"])
    assert form.form()["form_id"]
    assert form.find("html")[0].attrs["lang"] == "en"


def test_who_signs_up_in_a_frame_needs_no_cookie_and_is_sent_to_their_mail(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(price=65)})
    answer = sign_up(portal)
    assert answer.status == 200
    assert "You are signed up" in answer.text
    assert "emma@school.example" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert "/registrations/" not in answer.body.decode()
    with portal.session() as session:
        assert session.scalars(select(Registration)).one().language == "en"


def test_only_who_has_something_to_pay_is_told_of_it(make_portal: MakePortal) -> None:
    tickets = "[{id: free, label: Gratis, price: 0}, {id: paid, label: Betalend, price: 65}]"
    portal = make_portal({"nascholing": event_file(tickets=tickets)})
    assert "How to pay" not in sign_up(portal, {"ticket": "free"}).text
    assert "How to pay" in sign_up(portal, {"ticket": "paid", "email": "noor@school.example"}).text


def test_the_same_framed_form_twice_is_one_registration(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = framed(portal)
    form = visitor.get(FORM)
    assert [visitor.submit(form, EMMA).status for _ in range(2)] == [200, 200]
    assert count(portal) == 1


def test_what_goes_otherwise_is_told_in_the_frame_too(make_portal: MakePortal) -> None:
    portal = make_portal(
        {
            "nascholing": event_file(capacity=1),
            "full": event_file(capacity=1, waitlist='"off"'),
            "closed": event_file(signup_closes="2027-01-01T12:00:00"),
        }
    )
    wrong = sign_up(portal, {"email": "emma"})
    assert (wrong.status, wrong.form()["first_name"]) == (422, "Emma")
    sign_up(portal)
    again = sign_up(portal)
    assert "Look in your mailbox" in again.text
    assert "You are on the waiting list" in sign_up(portal, {"email": "noor@school.example"}).text
    visitor = framed(portal)
    first, second = (visitor.get("/embed/full/signup") for _ in range(2))
    assert visitor.submit(first, EMMA).status == 200
    refused = visitor.submit(second, EMMA | {"email": "noor@school.example"})
    assert refused.status == 409
    for url, status in (("/embed/closed/signup", 409), ("/embed/full/signup", 409), ("/embed/nope", 404)):
        answer = visitor.get(url)
        assert answer.status == status
        assert "frame-ancestors 'none'" not in answer.headers["Content-Security-Policy"]
        assert not answer.find(".masthead")
    for answer in (wrong, again, refused, visitor.get("/embed/closed/signup")):
        for link in answer.find("a[href]"):
            stays = link.attrs["href"].startswith(("/embed/", "#", "mailto:"))
            assert stays or link.attrs.get("target") in ("_top", "_blank"), link.attrs


def test_a_party_for_which_there_are_too_few_places_is_told_so_in_the_frame(make_portal: MakePortal) -> None:
    portal = make_portal(
        {"nascholing": event_file(capacity=1), "off": event_file(capacity=1, waitlist='"off"')}
    )
    noor = {"people-0-first_name": "Noor", "people-0-last_name": "Maes"}
    visitor = framed(portal)

    def sent_together(slug: str) -> Answer:
        form = visitor.get(f"/embed/{slug}/signup?language=en")
        return visitor.submit(visitor.submit(form, press="Add a colleague"), EMMA | noor)

    again = sent_together("off")
    assert (again.status, again.form()["people-0-first_name"]) == (409, "Noor")
    assert "not enough places for all of you together" in sent_together("nascholing").text
    assert visitor.submit(visitor.submit(again, press="Remove colleague 1")).status == 200


def test_a_colleague_is_added_in_the_frame(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = framed(portal)
    form = visitor.submit(visitor.get(f"{FORM}?language=en"), {"first_name": "Emma"}, press="Add a colleague")
    assert form.status == 200
    visitor.submit(form, EMMA | {"people-0-first_name": "Noor", "people-0-last_name": "Maes"})
    with portal.session() as session:
        assert session.scalars(select(Attendee.first_name).order_by(Attendee.position)).all() == [
            "Emma",
            "Noor",
        ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_a_form_on_another_page_cannot_be_sent_by_our_visitors(
    make_portal: MakePortal, headers: dict[str, str]
) -> None:
    portal = make_portal()
    answer = sign_up(portal, headers=headers)
    assert (answer.status, answer.form()["first_name"], count(portal)) == (400, "Emma", 0)


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "http://localhost"}, {}])
def test_a_form_in_our_frame_can(make_portal: MakePortal, headers: dict[str, str]) -> None:
    portal = make_portal()
    assert sign_up(portal, headers=headers).status == 200
    assert count(portal) == 1


def test_a_framed_form_needs_its_own_token_and_loses_nothing_when_that_is_stale(
    make_portal: MakePortal,
) -> None:
    portal = make_portal()
    visitor = framed(portal)
    form, other = visitor.get(FORM), visitor.get(FORM)
    for token in ("", "made-up", other.form()["csrf_token"]):
        assert visitor.submit(form, EMMA | {"csrf_token": token}).status == 400
    portal.clock.pass_by(timedelta(hours=13))
    stale = visitor.submit(form, EMMA)
    assert (stale.status, count(portal)) == (400, 0)
    assert visitor.submit(stale).status == 200
    assert count(portal) == 1


def test_the_trap_and_the_limit_are_those_of_the_page(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    assert sign_up(portal, {"website": "https://spam.example"}).status == 422
    page = portal.visitor()
    for _ in range(20):
        page.post("/events/nascholing/signup")
        framed(portal).post(FORM)
    limited = framed(portal).post(FORM)
    assert (limited.status, page.post("/events/nascholing/signup").status) == (429, 429)
    assert "Retry-After" in limited.headers
    assert not limited.find(".masthead")
    assert count(portal) == 0


def test_only_the_embedded_pages_may_be_framed_and_over_tls(make_portal: MakePortal) -> None:
    visitor = make_portal(base_url="https://portal.example").visitor()
    for url in ("/embed/nascholing", FORM):
        policy = visitor.get(url).headers["Content-Security-Policy"]
        assert "frame-ancestors https: http://localhost:* http://127.0.0.1:*;" in policy
        assert policy.count("frame-ancestors") == 1
        assert "unsafe" not in policy
    for url in ("/", "/events/nascholing", "/events/nascholing/signup", "/admin/login"):
        assert "frame-ancestors 'none'" in visitor.get(url).headers["Content-Security-Policy"]


def test_the_frame_speaks_as_the_page_around_it(make_portal: MakePortal) -> None:
    visitor = make_portal(site=SITE).visitor("en")

    def language(url: str) -> str:
        return str(visitor.get(url).find("html")[0].attrs["lang"])

    assert language("/embed/nascholing?language=nl-BE") == "nl"
    assert language("/embed/nascholing?language=xx") == "en"
    assert language("/events/nascholing?language=nl") == "en"


def test_the_script_is_small_and_for_every_page(make_portal: MakePortal) -> None:
    visitor = make_portal().visitor()
    answer = visitor.get("/embed.js")
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert len(answer.body) <= 6 * 1024
    assert answer.body == (files("portal") / "static" / "embed" / "element.js").read_bytes()
    assert visitor.get("/embed.js", headers={"If-None-Match": answer.headers["ETag"]}).status == 304


def test_a_card_asks_the_database_once(make_portal: MakePortal) -> None:
    portal = make_portal()
    with statements_of(portal) as asked:
        framed(portal).get("/embed/nascholing")
    assert len(asked) == 1

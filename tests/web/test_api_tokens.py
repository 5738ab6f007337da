"""Owners make, list and revoke tokens on a page of theirs."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.storage.identity import AuditEntry
from tests.support.api import API, Program
from tests.support.portal import PortalUnderTest, event_file
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
PAGE = "/admin/api"
LIST = "/events/nascholing/attendees"


def make(owner: Visitor, **values: str | list[str]) -> Answer:
    asked = {"name": "the website", "scopes": ["attendees:read"]} | values
    return owner.submit(owner.get(PAGE), asked, form="#token")


def shown(answer: Answer) -> str:
    assert answer.status == 200, answer.text
    (token,) = answer.words("main .codes code")
    return token


def log(portal: PortalUnderTest) -> list[tuple[str, str]]:
    with portal.session() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.note) for row in rows if row.action.startswith("token")]


def test_an_owner_makes_a_token_that_is_shown_once_and_revokes_it(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    token = shown(make(owner))
    assert Program(portal, token).get(LIST) == {"attendees": [], "next": None}
    page = owner.get(PAGE)
    assert token not in page.text
    (row,) = page.words("tbody tr")
    for told in ("the website", token[:13], "attendees", "all", "an@leraars.example", "4 Jan 2027"):
        assert told in row
    assert owner.submit(page, form='form[action$="/revoke"]').status == 303
    assert Program(portal, token).ask(LIST).status_code == 401
    assert not owner.get(PAGE).find("tbody tr")
    assert [action for action, _note in log(portal)] == ["token_made", "token_revoked"]
    for _action, note in log(portal):
        assert "the website" in note
        assert token not in note
    assert "token for the API revoked" in owner.get("/admin/accounts/log").text


def test_a_token_for_some_events_until_a_day_counts_for_those_and_that_day(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    owner = portal.organiser()
    program = Program(portal, shown(make(owner, events=["nascholing"], last_day="2027-01-04")))
    assert program.ask(LIST).status_code == 200
    assert program.ask("/events/other/attendees").status_code == 404
    portal.clock.now = portal.clock.now.replace(hour=22, minute=59)
    assert program.ask(LIST).status_code == 200
    portal.clock.pass_by(timedelta(minutes=1))  # midnight in Brussels
    assert program.ask(LIST).status_code == 401


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": " "}, "Give it a name"),
        ({"name": "x" * 101}, "Give it a name"),
        ({"scopes": None}, "Tick what it may read"),
        ({"last_day": "2027-01-03"}, "still to come"),
        ({"last_day": "soon"}, "such as 2027-03-14"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    make_portal: MakePortal, values: dict[str, str | list[str]], words: str
) -> None:
    portal = make_portal()
    owner = portal.organiser()
    answer = make(owner, **values)
    assert answer.status == 422
    assert words in answer.text
    kept = {"name": "the website", "scopes": ["attendees:read"]} | values
    assert answer.find("#name")[0].attrs["value"] == str(kept["name"]).strip()
    assert not log(portal)


def test_who_was_signed_in_for_a_while_shows_first_that_it_is_they(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    portal.clock.pass_by(timedelta(minutes=16))
    assert owner.get(PAGE).location == f"/admin/me/confirm?next={PAGE}"


def test_a_token_that_ended_is_still_listed_as_such(make_portal: MakePortal) -> None:
    portal = make_portal()
    shown(make(portal.organiser(), last_day="2027-01-05"))
    portal.clock.pass_by(timedelta(days=3))
    row = portal.organiser("bo@leraars.example").get(PAGE).find("tbody tr.cancelled")
    assert len(row) == 1


def test_a_cookie_and_a_form_token_open_nothing_of_the_api(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    page = owner.get(PAGE)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.body.decode())
    assert token
    answer = owner.get(f"{API}{LIST}", headers={"X-CSRFToken": token[1]})
    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers

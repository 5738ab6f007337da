"""Who may see and do what on the organisers' side: every address of it, with every role and without any."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from flask_wtf.csrf import generate_csrf
from werkzeug.routing import Rule

from portal.domain import accounts, sign_ins
from portal.domain.sign_ins import Browser
from portal.storage.database import transaction
from portal.storage.models import OrganiserSession
from tests.support.portal import PASSWORD, PortalUnderTest, event_file
from tests.support.visitor import Visitor

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WHO = {
    "nobody": None,
    "door": ("door", ()),
    "door of this event": ("door", ("nascholing",)),
    "door of another": ("door", ("other",)),
    "organiser": ("organiser", ()),
    "organiser of this event": ("organiser", ("nascholing",)),
    "organiser of another": ("organiser", ("other",)),
    "owner": ("owner", ()),
}
ALL = set(WHO)
SIGNED_IN = ALL - {"nobody"}
ORGANISERS = {"organiser", "organiser of this event", "organiser of another", "owner"}
OF_ALL_EVENTS = {"organiser", "owner"}
OF_THIS_EVENT = OF_ALL_EVENTS | {"organiser of this event"}
AT_THIS_DOOR = OF_THIS_EVENT | {"door", "door of this event"}
OWNERS = {"owner"}

MAY: dict[str, set[str]] = {
    # to get in
    "accounts.login": ALL,
    "accounts.sign_in": ALL,
    "accounts.code": ALL,
    "accounts.check_code": ALL,
    "accounts.passkey_options": ALL,
    "accounts.check_passkey": ALL,
    "accounts.logout": ALL,
    "account_links.forgot": ALL,
    "account_links.ask": ALL,
    "account_links.link": ALL,
    "account_links.use": ALL,
    # one's own account
    "me.overview": SIGNED_IN,
    "me.password": SIGNED_IN,
    "me.end": SIGNED_IN,
    "me.confirm": SIGNED_IN,
    "me.do_confirm": SIGNED_IN,
    "factors.app": SIGNED_IN,
    "factors.turn_on": SIGNED_IN,
    "factors.turn_off": SIGNED_IN,
    "factors.codes": SIGNED_IN,
    "factors.new_codes": SIGNED_IN,
    "factors.passkey_options": SIGNED_IN,
    "factors.add_passkey": SIGNED_IN,
    "factors.remove_passkey": SIGNED_IN,
    # everybody's accounts
    "staff.overview": OWNERS,
    "staff.invite": OWNERS,
    "staff.rule": OWNERS,
    "staff.log": OWNERS,
    "staff.account": OWNERS,
    "staff.change": OWNERS,
    "staff.act": OWNERS,
    "api_tokens.overview": OWNERS,
    "api_tokens.make": OWNERS,
    "api_tokens.revoke": OWNERS,
    # at the door
    "door.events": SIGNED_IN,
    "door.page": AT_THIS_DOOR,
    "door.people": AT_THIS_DOOR,
    "door.press": AT_THIS_DOOR,
    "door.taps": AT_THIS_DOOR,
    "door.worker": AT_THIS_DOOR,
    # all events: each shows what is one's own
    "admin.overview": ORGANISERS,
    "admin.content": ORGANISERS,
    "admin.all_numbers": ORGANISERS,
    "letters.overview": ORGANISERS,
    "letters.all_again": ORGANISERS,
    # webhooks: each shows what is one's own
    "webhooks.overview": ORGANISERS,
    "webhooks.make": ORGANISERS,
    "webhooks.one": ORGANISERS,
    "webhooks.change": ORGANISERS,
    "webhooks.act": ORGANISERS,
    "webhooks.secret": ORGANISERS,
    "webhooks.again": ORGANISERS,
    # all events at once
    "admin.payments": OF_ALL_EVENTS,
    "admin.import_statement": OF_ALL_EVENTS,
    "admin.decide": OF_ALL_EVENTS,
    "admin.privacy": OF_ALL_EVENTS,
    "admin.data_of_person": OF_ALL_EVENTS,
    "admin.erase_person": OF_ALL_EVENTS,
    # one event
    "admin.act": OF_THIS_EVENT,
    "admin.add": OF_THIS_EVENT,
    "admin.add_people": OF_THIS_EVENT,
    "admin.attendees": OF_THIS_EVENT,
    "admin.attendees_csv": OF_THIS_EVENT,
    "admin.attendees_xlsx": OF_THIS_EVENT,
    "admin.badges": OF_THIS_EVENT,
    "admin.cancel": OF_THIS_EVENT,
    "admin.cancel_selected": OF_THIS_EVENT,
    "admin.change": OF_THIS_EVENT,
    "admin.do_add": OF_THIS_EVENT,
    "admin.do_cancel_selected": OF_THIS_EVENT,
    "admin.do_change": OF_THIS_EVENT,
    "admin.do_mail": OF_THIS_EVENT,
    "admin.link": OF_THIS_EVENT,
    "admin.mail": OF_THIS_EVENT,
    "admin.note": OF_THIS_EVENT,
    "admin.numbers": OF_THIS_EVENT,
    "admin.payments_csv": OF_THIS_EVENT,
    "admin.people_added": OF_THIS_EVENT,
    "admin.people_from_file": OF_THIS_EVENT,
    "admin.preview": OF_THIS_EVENT,
    "admin.preview_form": OF_THIS_EVENT,
    "admin.move_registration": OF_THIS_EVENT,
    "admin.promote": OF_THIS_EVENT,
    "admin.read_people": OF_THIS_EVENT,
    "admin.record": OF_THIS_EVENT,
    "admin.registration": OF_THIS_EVENT,
    "admin.sheet": OF_THIS_EVENT,
    "letters.address": OF_THIS_EVENT,
    "letters.again": OF_THIS_EVENT,
    "letters.announce": OF_THIS_EVENT,
    "letters.announcement": OF_THIS_EVENT,
    "letters.mend_address": OF_THIS_EVENT,
    "letters.of_registration": OF_THIS_EVENT,
}
"""Who may see or do what: every page of the organisers' side stands here, or the walk stops."""

SOMETHING = {
    "slug": "nascholing",
    "reference": "AAAA-BBBB",
    "fingerprint": "x",
    "proof": "x.y",
    "what": "link",
    "button": "test",
}
"""For the parts of an address; of numbers there is no 999."""


@dataclass(frozen=True)
class Person:
    """Somebody in a browser, with the token that forms carry."""

    portal: PortalUnderTest
    account_id: int | None

    def may(self, rule: Rule, method: str) -> bool:
        """Whether they get at it, signed in anew, for some of what is asked signs out."""
        visitor, token = self._visitor()
        with self.portal.app.test_request_context():
            values = {name: SOMETHING.get(name, 999) for name in rule.arguments}
            url = self.portal.app.url_map.bind("localhost").build(rule.endpoint, values, method=method)
        answer = visitor.client.open(url, method=method, headers={"X-CSRFToken": token})
        assert answer.status_code < 500, f"{method} {url}: {answer.status_code}"
        assert answer.status_code != 400 or b"open for too long" not in answer.data, f"{url}: the token"
        asked_to_sign_in = answer.headers.get("Location", "").startswith("/admin/login")
        itself = rule.endpoint.startswith(("accounts.", "account_links."))
        return answer.status_code != 403 and (itself or not asked_to_sign_in)

    def _visitor(self) -> tuple[Visitor, str]:
        visitor = self.portal.visitor()
        with self.portal.app.test_request_context():
            token = generate_csrf()
            from flask import session as made

            csrf = made["csrf_token"]
        with visitor.client.session_transaction() as session:
            session["csrf_token"] = csrf
            if self.account_id is not None:
                with self.portal.session() as database, transaction(database):
                    session["organiser"] = sign_ins.sign_in(
                        database, self.account_id, Browser(), self.portal.clock.now
                    )
        return visitor, token


def rules(portal: PortalUnderTest) -> Iterator[tuple[Rule, str]]:
    for rule in portal.app.url_map.iter_rules():
        if rule.rule.startswith("/admin"):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def people(portal: PortalUnderTest) -> dict[str, Person]:
    found = {}
    with portal.session() as session, transaction(session):
        for number, (name, what) in enumerate(WHO.items()):
            made = None
            if what is not None:
                role, events = what
                made = accounts.add(
                    session, f"x{number}@leraars.example", role, PASSWORD, events=events, now=portal.clock.now
                ).id
            found[name] = Person(portal, made)
    return found


@ONLY_SQLITE
def test_every_page_of_the_organisers_side_is_for_whom_it_is_and_for_nobody_else(
    make_portal: MakePortal,
) -> None:
    portal = make_portal({"nascholing": event_file(), "other": event_file(title="Ander")})
    unlisted = {rule.endpoint for rule, _method in rules(portal)} - MAY.keys()
    assert not unlisted, f"say in MAY who may see {sorted(unlisted)}"
    known = people(portal)
    wrong = [
        f"{name} {'may' if name not in MAY[rule.endpoint] else 'may not'}: {method} {rule.rule}"
        for rule, method in rules(portal)
        for name, person in known.items()
        if person.may(rule, method) != (name in MAY[rule.endpoint])
    ]
    assert not wrong, "\n".join(wrong)


@ONLY_SQLITE
def test_no_page_of_the_organisers_side_stands_elsewhere(make_portal: MakePortal) -> None:
    portal = make_portal()
    inside = {rule.endpoint.split(".")[0] for rule, _method in rules(portal)}
    for rule in portal.app.url_map.iter_rules():
        assert rule.rule.startswith("/admin") == (rule.endpoint.split(".")[0] in inside), rule


def test_a_role_that_is_taken_away_counts_at_the_next_step(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    other = portal.organiser("bo@leraars.example", "owner")
    assert other.get("/admin/accounts").status == 200
    page = owner.get("/admin/accounts/2")
    assert owner.submit(page, {"role": "door"}, form="#change").status == 303
    assert other.get("/admin/accounts").status == 403
    assert other.get("/admin/").status == 403
    assert other.get("/admin/door").status == 200
    assert owner.submit(owner.get("/admin/accounts/2"), form='form[action$="/close"]').status == 303
    assert other.get("/admin/door").status == 303
    with portal.session() as session:
        assert session.query(OrganiserSession).count() == 1


@ONLY_SQLITE
@pytest.mark.parametrize("stage", ["code", "set_up"])
def test_who_is_half_signed_in_sees_nothing_else(make_portal: MakePortal, stage: str) -> None:
    portal = make_portal()
    visitor = portal.organiser()
    with portal.session() as session, transaction(session):
        session.query(OrganiserSession).update({"stage": stage})
    for rule, method in rules(portal):
        if method == "POST" or rule.endpoint.startswith(("accounts.", "account_links.")) or rule.arguments:
            continue
        answer = visitor.get(rule.rule)
        if stage == "set_up" and rule.endpoint == "factors.app":
            assert answer.status == 200
        else:
            to = "/admin/me/app" if stage == "set_up" else "/admin/login"
            assert (answer.status, answer.location.partition("?")[0]) == (303, to), rule

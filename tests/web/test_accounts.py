"""Organisers' accounts: invitations, passwords, second factors, sign-ins, and what is written down of it."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal.domain import account_links, sign_ins
from portal.storage.identity import Attempt, AuditEntry, RecoveryCode
from portal.storage.models import Organiser, OrganiserSession
from tests.support.portal import PASSWORD, PortalUnderTest, event_file, statements_of
from tests.support.staff import BO, add_app, choose, code, invite, letters_to, link_to, log_in
from tests.support.visitor import Answer, Visitor

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
AN = "an@leraars.example"
ANOTHER = "a sentence that nobody guesses"


def log(portal: PortalUnderTest) -> list[tuple[str, str, str]]:
    """What the log says, oldest first: who, what, about whom."""
    with portal.session() as session:
        return [
            (
                entry.organiser.email if entry.organiser else entry.actor,
                entry.action,
                entry.subject.email if entry.subject else "",
            )
            for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]


def press(visitor: Visitor, account_id: int, what: str) -> Answer:
    return visitor.submit(visitor.get(f"/admin/accounts/{account_id}"), form=f'form[action$="/{what}"]')


# Invitations and forgotten passwords


def test_who_is_invited_chooses_a_password_and_is_in(make_portal: MakePortal) -> None:
    portal = make_portal()
    link = invite(portal, portal.organiser(), events=["nascholing"])
    guest = portal.visitor()
    answer = choose(guest, link)
    assert (answer.status, answer.location) == (303, "/admin/")
    assert guest.get("/admin/events/nascholing/attendees").status == 200
    assert guest.get("/admin/accounts").status == 403
    assert log_in(portal.visitor(), BO).status == 303
    assert log(portal)[1:] == [(AN, "invited", BO), (BO, "accepted", BO)]


@ONLY_SQLITE
def test_an_invitation_opens_once_for_three_days_and_only_the_newest(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    first = invite(portal, owner)
    assert press(owner, 2, "link").status == 303
    second = link_to(portal, BO)
    guest = portal.visitor()
    assert guest.get(first).status == 404
    portal.clock.pass_by(account_links.HOLDS - timedelta(seconds=1))
    assert guest.get(second).status == 200
    portal.clock.pass_by(timedelta(seconds=1))
    assert guest.get(second).status == 404
    owner = portal.visitor()
    log_in(owner, AN)
    press(owner, 2, "link")
    third = link_to(portal, BO)
    page = guest.get(third)
    assert guest.submit(page, {"password": PASSWORD}).status == 303
    assert guest.get(third).status == 404
    assert portal.visitor().submit(page, {"password": ANOTHER}).status in (400, 404)


@ONLY_SQLITE
def test_a_letter_in_the_database_opens_no_account(make_portal: MakePortal) -> None:
    portal = make_portal()
    link = invite(portal, portal.organiser())
    (letter,) = letters_to(portal, BO)
    proof = link.removeprefix("/admin/link/")
    token, _, signature = proof.partition(".")
    assert token in letter.text
    assert signature
    assert signature not in letter.text + letter.html
    assert PASSWORD not in letter.text
    assert portal.visitor().get(f"/admin/link/{token}").status == 404
    assert portal.visitor().get(f"/admin/link/{token}.").status == 404


@ONLY_SQLITE
@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "Welkom2024!!", "bo@leraars.example1", "qwertyuiop12"]
)
def test_a_password_that_is_guessed_first_is_refused(make_portal: MakePortal, password: str) -> None:
    portal = make_portal()
    link = invite(portal, portal.organiser())
    visitor = portal.visitor()
    assert choose(visitor, link, password).status == 422
    assert choose(visitor, link).status == 303


def test_a_stranger_does_not_learn_who_has_an_account(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    asked, pages = {}, {}
    for email in (AN, "nobody@leraars.example"):
        stranger = portal.visitor()
        form = stranger.get("/admin/forgot")
        with statements_of(portal) as statements:
            answer = stranger.submit(form, {"email": email})
        pages[email] = (answer.status, answer.location, stranger.follow(answer).text)
        asked[email] = [statement.split()[:3] for statement in statements]
    first, second = pages.values()
    assert first == second
    assert asked[AN] == asked["nobody@leraars.example"]
    assert len(letters_to(portal, AN)) == 1
    assert letters_to(portal, "nobody@leraars.example") == []


def test_signing_in_asks_the_same_of_the_database_for_any_address(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    asked = []
    for email in (AN, "nobody@leraars.example"):
        stranger = portal.visitor()
        form = stranger.get("/admin/login")
        with statements_of(portal) as statements:
            assert stranger.submit(form, {"email": email, "password": "wrong"}).status == 422
        asked.append(
            [statement.split()[:3] for statement in statements if "organiser_events" not in statement]
        )
    assert asked[0] == asked[1]


def test_a_forgotten_password_is_chosen_anew_and_ends_all_sign_ins(make_portal: MakePortal) -> None:
    portal = make_portal()
    before = portal.organiser()
    stranger = portal.visitor()
    stranger.submit(stranger.get("/admin/forgot"), {"email": "AN@leraars.example"})
    assert before.get("/admin/").status == 200
    assert choose(stranger, link_to(portal, AN), ANOTHER).location == "/admin/"
    assert before.get("/admin/").status == 303
    assert log_in(portal.visitor(), AN).status == 422
    assert [letter.kind for letter in letters_to(portal, AN)] == ["reset", "account"]
    assert log(portal)[1:] == [("nobody", "reset_asked", AN), (AN, "password", AN)]


@ONLY_SQLITE
def test_nobody_fills_a_mailbox_with_resets(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    portal.organiser()
    stranger = portal.visitor()
    page = stranger.get("/admin/forgot")
    answers = [stranger.submit(page, {"email": AN}).status for _ in range(6)]
    assert answers == [303] * 5 + [429]
    assert len(letters_to(portal, AN)) == 1


@ONLY_SQLITE
def test_a_closed_account_gets_no_link(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    link = invite(portal, owner)
    choose(portal.visitor(), link)
    press(owner, 2, "link")
    link = link_to(portal, BO)
    assert press(owner, 2, "close").status == 303
    assert portal.visitor().get(link).status == 404
    stranger = portal.visitor()
    stranger.submit(stranger.get("/admin/forgot"), {"email": BO})
    assert len(letters_to(portal, BO)) == 2
    assert log_in(portal.visitor(), BO).status == 422
    assert press(owner, 2, "enable").status == 303
    assert log_in(portal.visitor(), BO).status == 303


# Owners


@ONLY_SQLITE
def test_an_owner_sees_who_has_an_account_and_what_it_may(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    invite(portal, owner, role="door", events=["nascholing"])
    rows = owner.get("/admin/accounts").words("tbody tr")
    assert len(rows) == 2
    assert all(told in rows[0] for told in (AN, "owner", "all", "no", "open", "2027"))
    assert all(told in rows[1] for told in (BO, "door", "Nascholing", "never", "invited"))


@ONLY_SQLITE
def test_an_account_is_not_made_twice_or_for_nonsense(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    for values in (
        {"email": "AN@leraars.example", "role": "door"},
        {"email": "an@", "role": "door"},
        {"email": BO},
        {"email": BO, "role": "owner", "events": ["nascholing"]},
    ):
        answer = owner.submit(owner.get("/admin/accounts"), values, form="#invitation")
        assert answer.status == 422, values
        assert answer.find("[role=alert] a")
    assert len(log(portal)) == 1


def test_the_last_owner_stays(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    invite(portal, owner, role="owner")  # who has not accepted yet, could not help
    page = owner.get("/admin/accounts/1")
    assert owner.submit(page, {"role": "organiser"}, form="#change").status == 422
    assert "no owner left" in owner.follow(press(owner, 1, "close")).text
    assert owner.get("/admin/accounts").status == 200
    choose(portal.visitor(), link_to(portal, BO))
    assert owner.submit(page, {"role": "organiser"}, form="#change").status == 303
    assert owner.get("/admin/accounts").status == 403


@ONLY_SQLITE
def test_a_letter_to_an_account_that_fails_is_seen_by_owners_only(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    invite(portal, owner)
    with portal.session() as session:
        session.execute(text("UPDATE letters SET state = 'failed', error = '550 No such mailbox'"))
        session.commit()
    assert "550 No such mailbox" in owner.get("/admin/accounts").text
    assert "550" not in owner.get("/admin/letters").text
    assert owner.get("/admin/").find(".notice.heed") == []


# The second factor


def test_the_app_is_asked_for_and_no_code_counts_twice(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    secret, codes = add_app(portal, owner)
    assert len(codes) == 8
    with portal.session() as session:
        assert secret not in session.scalars(select(Organiser.totp_secret)).one()
        assert not {row.code_hash for row in session.scalars(select(RecoveryCode))} & set(codes)

    visitor = portal.visitor()
    answer = log_in(visitor, AN, to="/admin/login?next=/admin/letters")
    assert answer.location == "/admin/login/code?next=/admin/letters"
    assert visitor.get("/admin/").status == 303
    page, shown = visitor.get(answer.location), code(portal, secret)
    assert visitor.submit(page, {"code": "000000"}).status == 422
    assert visitor.submit(page, {"code": f"{shown[:3]} {shown[3:]}"}).location == "/admin/letters"
    assert visitor.get("/admin/").status == 200

    again = portal.visitor()
    page = again.get(log_in(again, AN).location)
    assert again.submit(page, {"code": shown}).status == 422
    portal.clock.pass_by(timedelta(seconds=30))
    assert again.submit(page, {"code": code(portal, secret)}).status == 303


def test_a_recovery_code_opens_once_and_that_is_told(make_portal: MakePortal) -> None:
    portal = make_portal()
    _secret, codes = add_app(portal, portal.organiser())
    for typed, status in ((codes[3].upper().replace("-", " "), 303), (codes[3], 422), (codes[4], 303)):
        visitor = portal.visitor()
        assert visitor.submit(visitor.get(log_in(visitor, AN).location), {"code": typed}).status == status
    assert "6 recovery codes left" in visitor.get("/admin/me").text
    assert log(portal).count((AN, "recovery", AN)) == 2
    assert len(letters_to(portal, AN)) == 3


@ONLY_SQLITE
def test_half_a_sign_in_waits_for_half_an_hour(make_portal: MakePortal) -> None:
    portal = make_portal()
    secret, _codes = add_app(portal, portal.organiser())
    visitor = portal.visitor()
    page = visitor.get(log_in(visitor, AN).location)
    portal.clock.pass_by(sign_ins.HALF_WAY)
    assert visitor.submit(page, {"code": code(portal, secret)}).location == "/admin/login"


@ONLY_SQLITE
def test_codes_are_not_guessed_for_long(make_portal: MakePortal) -> None:
    portal = make_portal(rate_limits=True)
    add_app(portal, portal.organiser())
    visitor = portal.visitor()
    page = visitor.get(log_in(visitor, AN).location)
    assert [visitor.submit(page, {"code": f"{n:06}"}).status for n in range(6)] == [422] * 5 + [429]
    another = portal.visitor()
    page = another.get(log_in(another, AN).location)
    assert another.submit(page, {"code": "1"}).status == 429
    assert ("nobody", "failed", AN) in log(portal)


def test_when_everybody_has_to_have_one_nobody_goes_on_without(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner, helper = portal.organiser(), portal.organiser(BO, "door")
    assert owner.submit(owner.get("/admin/accounts"), form="#everybody").status == 303
    for who in (owner, helper):
        assert who.get("/admin/door").location == "/admin/me/app"
    assert add_app(portal, helper)[1]
    assert helper.get("/admin/door").status == 200
    fresh = portal.visitor()
    assert log_in(fresh, AN).location == "/admin/me/app"
    assert fresh.get("/admin/").location == "/admin/me/app"
    assert log_in(portal.visitor(), BO).location == "/admin/login/code"
    # Their last one cannot go.
    page = helper.get("/admin/me")
    helper.submit(page, form='form[action="/admin/me/app/off"]')
    assert "App with codes" in helper.get("/admin/me").text
    assert ("an@leraars.example", "rule_required", "") in log(portal)


def test_a_lost_telephone_is_removed_by_an_owner(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner, other = portal.organiser(), portal.organiser(BO)
    add_app(portal, other)
    assert press(owner, 2, "factor").status == 303
    assert other.get("/admin/").status == 303
    assert log_in(portal.visitor(), BO).location == "/admin/"
    with portal.session() as session:
        assert session.scalars(select(RecoveryCode)).first() is None
    assert [letter.kind for letter in letters_to(portal, BO)] == ["account"] * 2
    assert log(portal)[-1] == (AN, "factor_removed", BO)


def test_changing_how_one_signs_in_ends_other_sign_ins_and_is_told(make_portal: MakePortal) -> None:
    portal = make_portal()
    here = portal.organiser()

    def elsewhere() -> Visitor:
        visitor = portal.visitor()
        log_in(visitor, AN)
        return visitor

    there = elsewhere()
    add_app(portal, here)
    assert (there.get("/admin/").status, here.get("/admin/").status) == (303, 200)
    page = here.get("/admin/me")
    here.submit(page, form='form[action="/admin/me/app/off"]')
    there = elsewhere()
    assert there.get("/admin/").status == 200
    wrong = here.submit(page, {"current": "not this one", "password": ANOTHER}, form="#another")
    assert wrong.status == 422
    assert there.get("/admin/").status == 200
    assert here.submit(page, {"current": PASSWORD, "password": ANOTHER}, form="#another").status == 303
    assert (there.get("/admin/").status, here.get("/admin/").status) == (303, 200)
    assert len(letters_to(portal, AN)) == 3


@ONLY_SQLITE
def test_who_was_signed_in_for_a_while_shows_that_it_is_still_they(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.organiser()
    portal.clock.pass_by(sign_ins.FRESH)
    answer = visitor.get("/admin/me/app")
    assert answer.location == "/admin/me/confirm?next=/admin/me/app"
    page = visitor.get(answer.location)
    assert visitor.submit(page, {"current": "not this one"}).status == 422
    assert visitor.submit(page, {"current": PASSWORD}).location == "/admin/me/app"
    assert visitor.get("/admin/me/app").status == 200


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"id": "x", "response": {"clientDataJSON": "e30"}},
        {
            "id": "x",
            "response": {
                "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiYWJjZCIsIm9yaWdpbiI6IngifQ"
            },
        },
    ],
)
@ONLY_SQLITE
def test_a_made_up_passkey_opens_nothing(make_portal: MakePortal, answer: object) -> None:
    portal = make_portal()
    visitor = portal.organiser()
    token = str(visitor.get("/admin/me").form("#another")["csrf_token"])
    headers = {"X-CSRFToken": token}
    assert "challenge" in visitor.client.post("/admin/login/passkey/options", headers=headers).json
    for path in ("/admin/login/passkey", "/admin/me/passkeys"):
        sent = visitor.client.post(path, json=answer, headers=headers)
        assert (sent.status_code, list(sent.json)) == (422, ["wrong"])


@pytest.mark.parametrize("name", ["\ud800", "\x00", "é", "x" * 2_000, 7, None, []])
def test_a_passkey_whose_name_is_none_is_not_looked_up(make_portal: MakePortal, name: object) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    headers = {"X-CSRFToken": str(visitor.get("/admin/login").form()["csrf_token"])}
    asked = visitor.client.post("/admin/login/passkey/options", headers=headers).json
    data = json.dumps({"type": "webauthn.get", "challenge": asked["challenge"], "origin": "http://localhost"})
    told = urlsafe_b64encode(data.encode()).decode().rstrip("=")
    answer = {"id": name, "response": {"clientDataJSON": told}}
    sent = visitor.client.post("/admin/login/passkey", json=answer, headers=headers)
    assert (sent.status_code, list(sent.json)) == (422, ["wrong"])


DEEP = "[" * 200_000


@pytest.mark.parametrize(
    "sent", [DEEP, json.dumps({"response": {"clientDataJSON": urlsafe_b64encode(DEEP.encode()).decode()}})]
)
@ONLY_SQLITE
def test_brackets_without_end_are_no_passkey(make_portal: MakePortal, sent: str) -> None:
    portal = make_portal()
    visitor = portal.organiser()
    headers = {"X-CSRFToken": str(visitor.get("/admin/me").form("#another")["csrf_token"])}
    for path in ("/admin/login/passkey", "/admin/me/passkeys"):
        answer = visitor.client.post(path, data=sent, content_type="application/json", headers=headers)
        assert answer.status_code == 422


@ONLY_SQLITE
def test_no_passkey_is_offered_where_a_browser_would_refuse_it(make_portal: MakePortal) -> None:
    for address in ("http://127.0.0.1:8000", "http://events.example.org"):
        portal = make_portal(base_url=address)
        assert portal.visitor().get("/admin/login").find("[data-passkey]") == []
        portal.close()


# Sign-ins and what is written down


def test_sign_ins_are_listed_and_ended(make_portal: MakePortal) -> None:
    portal = make_portal()
    here = portal.organiser()
    there, third = portal.visitor(), portal.visitor()
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    page = there.get("/admin/login")
    there.post(
        "/admin/login", page.form() | {"email": AN, "password": PASSWORD}, headers={"User-Agent": firefox}
    )
    log_in(third, AN)
    page = here.get("/admin/me")
    listed = page.words('section[aria-labelledby="where"] li')
    assert len(listed) == 3
    assert sum("this one" in row for row in listed) == 1
    assert sum("Firefox, Linux" in row for row in listed) == 1
    with portal.session() as session:
        theirs = session.scalars(
            select(OrganiserSession.token_hash).where(OrganiserSession.device != "")
        ).one()
    form = {"csrf_token": page.form("#others")["csrf_token"]}
    assert here.post("/admin/me/sign-ins/end", form | {"sign_in": theirs}).status == 303
    assert (there.get("/admin/").status, third.get("/admin/").status) == (303, 200)
    assert here.submit(here.get("/admin/me"), form="#others").status == 303
    assert (third.get("/admin/").status, here.get("/admin/").status) == (303, 200)


@ONLY_SQLITE
def test_nobody_ends_the_sign_ins_of_another(make_portal: MakePortal) -> None:
    portal = make_portal()
    one, other = portal.organiser(), portal.organiser(BO)
    with portal.session() as session:
        theirs = session.scalars(
            select(OrganiserSession.token_hash).where(OrganiserSession.organiser_id == 2)
        ).one()
    form = {"csrf_token": one.get("/admin/me").form("#another")["csrf_token"], "sign_in": theirs}
    assert one.post("/admin/me/sign-ins/end", form).status == 303
    assert other.get("/admin/").status == 200


def test_the_history_of_sign_ins_tells_the_network_for_ninety_days(make_portal: MakePortal) -> None:
    portal = make_portal()
    for address, password in (("203.0.113.77", "wrong"), ("2001:db8:1:2:3::4", PASSWORD)):
        visitor = portal.visitor()
        if not portal.clock.now.second:
            portal.organiser().get("/admin/")
            portal.clock.pass_by(timedelta(seconds=1))
        page = visitor.get("/admin/login")
        form = page.form() | {"email": AN, "password": password}
        visitor.post("/admin/login", form, environ_base={"REMOTE_ADDR": address})
    told = visitor.get("/admin/me").words('section[aria-labelledby="tries"] li')
    assert len(told) == 3
    assert "2001:db8:1::/48" in told[0]
    assert "wrong password" in told[1]
    assert "203.0.113.0/24" in told[1]
    portal.clock.pass_by(sign_ins.HISTORY)
    log_in(portal.visitor(), "nobody@leraars.example", "guess")
    with portal.session() as session:
        (kept,) = session.scalars(select(Attempt))
        assert (kept.organiser_id, kept.device, kept.client) == (None, "", "")


def test_the_log_is_only_ever_added_to(make_portal: MakePortal) -> None:
    portal = make_portal()
    owner = portal.organiser()
    for statement in ("UPDATE audit_log SET note = 'x'", "DELETE FROM audit_log"):
        with portal.session() as session, pytest.raises(DBAPIError, match="only ever added to"):
            session.execute(text(statement))
    (line,) = owner.get("/admin/accounts/log").words("main li")
    assert AN in line
    assert "in the shell" in line


@ONLY_SQLITE
def test_the_log_says_roles_and_events_as_people_do(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(title="Robots bouwen")})
    owner = portal.organiser()
    invite(portal, owner, events=["nascholing"])
    owner.submit(owner.get("/admin/accounts/2"), {"role": "door", "events": []}, form="#change")
    changed, invited, _made = owner.get("/admin/accounts/log").words("main li")
    assert "(Robots bouwen)" in invited
    assert "nascholing" not in invited
    assert "organiser (Robots bouwen) → door (all events)" in changed


@ONLY_SQLITE
def test_several_failures_are_worth_a_line(make_portal: MakePortal) -> None:
    portal = make_portal()
    portal.organiser()
    visitor = portal.visitor()
    for _ in range(11):
        log_in(visitor, AN, "guess")
        log_in(visitor, "nobody@leraars.example", "guess")
    with portal.session() as session:
        failed = session.scalars(select(AuditEntry.note).where(AuditEntry.action == "failed"))
        assert list(failed) == ["5", "10"]


@ONLY_SQLITE
def test_an_event_that_is_over_stays_with_who_is_bound_to_it(make_portal: MakePortal) -> None:
    portal = make_portal({"nascholing": event_file(), "next": event_file(date="2027-05-05", end_date=None)})
    owner = portal.organiser()
    invite(portal, owner, events=["nascholing"])
    portal.clock.pass_by(timedelta(days=60))
    owner = portal.visitor()
    log_in(owner, AN)
    page = owner.get("/admin/accounts/2")
    assert page.form("#change")["events"] == "nascholing"
    assert owner.submit(page, {"events": ["next"]}, form="#change").status == 303
    with portal.session() as session:
        (account,) = session.scalars(select(Organiser).where(Organiser.id == 2))
        assert [event.event_slug for event in account.events] == ["next"]

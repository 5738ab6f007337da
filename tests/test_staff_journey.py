"""Accounts in a real browser: an invitation, an app with codes, a passkey."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pyotp
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import update
from sqlalchemy.orm import Session

from portal.storage.database import connect, transaction
from portal.storage.identity import Passkey
from tests.support.accessibility import check_in_every_way
from tests.support.browser import open_page
from tests.support.live import LivePortal
from tests.support.mail import PostOffice

LivePortals = Callable[..., LivePortal]
OWNER, PASSWORD = "an@leraars.example", "correct horse battery"
GUEST = "bo@leraars.example"


def sign_in(page: Page, portal: LivePortal, email: str = OWNER) -> None:
    page.goto(f"{portal.url}/admin/login")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Aanmelden", exact=True).or_(
        page.get_by_role("button", name="Sign in", exact=True)
    ).click()


def add_owner(portal: LivePortal) -> None:
    added = portal.run("user", "add", OWNER, "--role", "owner", "--password-stdin", typed=PASSWORD)
    assert added.returncode == 0, added.stderr


@contextmanager
def authenticator(page: Page) -> Iterator[None]:
    """A device with a fingerprint reader, of which the finger always fits."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": kind})
    yield


def test_from_the_invitation_to_signing_in_with_a_code(
    live_portal: LivePortals, smtp: PostOffice, browser: Browser
) -> None:
    portal = live_portal(smtp_url=smtp.url)
    add_owner(portal)
    with open_page(browser, viewport={"width": 1280, "height": 900}) as owner:
        sign_in(owner, portal)
        owner.goto(f"{portal.url}/admin/accounts")
        owner.locator("#email").fill(GUEST)
        owner.locator('[name=role][value="organiser"]').check()
        owner.locator("#invitation .send button").click()
        owner.wait_for_url("**/admin/accounts")
        expect(owner.locator("tbody tr")).to_have_count(3)  # with the first organiser's
        owner.locator("#everybody button").click()
        owner.wait_for_url("**/admin/me/app")

    smtp.wait_for(1)
    (link,) = re.findall(rf"{portal.url}/admin/link/\S+", smtp.letters[0].text)
    # Without scripts: a password and an app need none.
    with open_page(browser, java_script_enabled=False) as guest:
        guest.goto(link)
        guest.locator("#password").fill(PASSWORD)
        guest.locator("main form .send button").click()
        secret = guest.locator("ol code").inner_text()
        app = pyotp.TOTP(secret)
        guest.locator("#code").fill(app.now())
        guest.locator("main form .send button").click()
        assert guest.locator(".codes code").count() == 8
        recovery = guest.locator(".codes code").first.inner_text()
        guest.goto(f"{portal.url}/admin/")
        assert guest.url == f"{portal.url}/admin/"
        guest.locator("nav.account form button").click()
        sign_in(guest, portal, GUEST)
        assert "/admin/login/code" in guest.url
        guest.locator("#code").fill(recovery)
        guest.locator("main form .send button").click()
        assert guest.url == f"{portal.url}/admin/"
        guest.goto(link)
        assert guest.locator("main form").count() == 0


def test_a_passkey_is_all_that_is_needed(live_portal: LivePortals, page: Page) -> None:
    portal = live_portal(name="localhost")
    add_owner(portal)
    sign_in(page, portal)
    with authenticator(page):
        page.goto(f"{portal.url}/admin/me")
        page.locator("[data-passkey] button").click()
        page.wait_for_url("**/admin/me/recovery-codes")
        page.locator("main form button").click()
        expect(page.locator(".codes code")).to_have_count(8)
        page.locator("nav.account form button").click()

        page.goto(f"{portal.url}/admin/login?next=/admin/letters")
        with page.expect_request(lambda request: "/passkey?next=" in request.url) as sent:
            page.locator("[data-passkey] button").click()
        page.wait_for_url(f"{portal.url}/admin/letters")
        # The same once more opens nothing, also where the device does not count what it signs.
        with Session(connect(f"sqlite:///{portal.data_dir / 'portal.db'}")) as session, transaction(session):
            session.execute(update(Passkey).values(sign_count=0))
        token = page.locator("nav.account [name=csrf_token]").input_value()
        again = {"Content-Type": "application/json", "X-CSRFToken": token}
        answer = page.request.post(sent.value.url, data=sent.value.post_data or "", headers=again)
        assert answer.status == 422
        page.locator("nav.account form button").click()

        # With the password too, it is the second step.
        sign_in(page, portal)
        page.wait_for_url("**/admin/login/code")
        page.locator("[data-passkey] button").click()
        page.wait_for_url("**/admin/")

        page.goto(f"{portal.url}/admin/me")
        page.locator('form[action$="/remove"] button').click()
        expect(page.locator('form[action$="/remove"]')).to_have_count(0)
        page.locator("nav.account form button").click()
        sign_in(page, portal)
        page.wait_for_url("**/admin/")


def test_pages_of_accounts_can_be_used_by_everybody(live_portal: LivePortals, browser: Browser) -> None:
    portal = live_portal(name="localhost")
    add_owner(portal)
    with open_page(browser) as page:
        for path in ("/admin/login", "/admin/forgot", "/admin/forgot?asked=1", "/admin/link/x.y"):
            page.goto(portal.url + path)
            check_in_every_way(page)
        sign_in(page, portal)
        for path in (
            "/admin/accounts",
            "/admin/accounts/1",
            "/admin/accounts/log",
            "/admin/api",
            "/admin/me",
            "/admin/me/confirm",
        ):
            page.goto(portal.url + path)
            check_in_every_way(page)
        page.goto(f"{portal.url}/admin/api")
        page.locator("#token .send button").click()
        check_in_every_way(page)
        page.locator("#name").fill("the website")
        page.locator("#scopes").check()
        page.locator("#token .send button").click()
        check_in_every_way(page)
        page.goto(f"{portal.url}/admin/api")
        check_in_every_way(page)
        page.goto(f"{portal.url}/admin/me/app")
        check_in_every_way(page)
        page.locator("#code").fill("000000")
        page.locator("main form .send button").click()
        check_in_every_way(page)
        page.locator("#code").fill(pyotp.TOTP(page.locator("ol code").inner_text()).now())
        page.locator("main form .send button").click()
        expect(page.locator(".codes code")).to_have_count(8)
        check_in_every_way(page)
        page.locator("nav.account form button").click()
        sign_in(page, portal)
        page.wait_for_url("**/admin/login/code")
        check_in_every_way(page)

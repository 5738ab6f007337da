"""Every address of the portal, asked for by a stranger and by an owner: what a passive scanner would find."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from portal.domain import registration_link
from portal.storage.models import Registration
from tests.support.portal import SECRET, PortalUnderTest, event_file
from tests.support.visitor import Answer

MakePortal = Callable[..., PortalUnderTest]
ONLY_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HTTPS = "https://localhost"
EMMA = {"first_name": "Emma", "last_name": "Peeters", "email": "emma@school.example", "privacy": "y"}
TEXT = (
    "Kom mee leren.\n\n![x](https://elsewhere.example/x.png) <script>alert(1)</script>\n\n"
    "<iframe src=https://elsewhere.example></iframe> <a href=javascript:alert(1)>x</a> [y](http://elsewhere.example)"
)
FOR_OTHERS = ("/embed", "/api/")
"""What others may frame, load or ask for: their own tests say what these allow."""

TELL_TALE = re.compile(
    r"Traceback|File \"[^\"]*\.py|sqlalchemy|werkzeug|jinja2|\bSELECT \w|/site-packages/|" + re.escape(SECRET)
)
COMMENT = re.compile(r"<!--(?!\[if).*?-->", re.DOTALL)
LOADS = {"src", "srcset", "poster", "data", "background"}
DATA = ("application/json", "application/ld+json")
PRIVATE = ("/admin", "/registrations/")


@dataclass(frozen=True)
class Met:
    """An answer to a stranger, or to an owner."""

    who: str
    answer: Answer

    @property
    def is_private(self) -> bool:
        return self.answer.url.startswith(PRIVATE)

    def __str__(self) -> str:
        return f"{self.who} at {self.answer.url} ({self.answer.status})"


def addresses(portal: PortalUnderTest) -> Iterator[str]:
    """Each address that can be asked for with GET, its parts filled in with what is there."""
    with portal.session() as session:
        registration = session.scalars(select(Registration)).one()
        token = registration_link.token_of(SECRET, registration)
        parts = {"slug": "nascholing", "reference": registration.reference, "token": token, "what": "link"}
    with portal.app.test_request_context():
        adapter = portal.app.url_map.bind("localhost", url_scheme="https")
        for rule in portal.app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.rule.startswith(FOR_OTHERS):
                continue
            for given in (parts, {}):
                values = {name: given.get(name, 1) for name in rule.arguments}
                yield adapter.build(rule.endpoint, values)
    yield "/nothing/here"


def walked(portal: PortalUnderTest) -> list[Met]:
    visitor = portal.visitor()
    answer = visitor.submit(visitor.get("/events/nascholing/signup"), EMMA)
    assert answer.status == 303, answer.text
    owner = portal.organiser()
    found = []
    for address in dict.fromkeys(addresses(portal)):
        if "logout" not in address:
            found.append(Met("a stranger", portal.visitor().get(address)))
            found.append(Met("an owner", owner.get(address)))
    assert len(found) > 80
    assert {met.answer.status for met in found} >= {200, 303, 404}
    return found


def policy(answer: Answer) -> dict[str, list[str]]:
    parts = (part.split() for part in answer.headers["Content-Security-Policy"].split(";"))
    return {name: values for name, *values in parts}


def header_faults(met: Met) -> Iterator[str]:
    headers, csp = met.answer.headers, policy(met.answer)
    if csp.get("default-src") != ["'none'"] or csp.get("base-uri") != ["'none'"]:
        yield "its policy allows something by default"
    if csp.get("frame-ancestors") != ["'none'"]:
        yield "it may be framed"
    sources = {source for values in csp.values() for source in values} - {"'self'", "'none'"}
    if sources and not (met.answer.url.startswith("/images/") and "sandbox" in csp):
        yield f"its policy allows {sources}"
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "its type may be guessed"
    if headers.get("Referrer-Policy") not in ("same-origin", "no-referrer"):
        yield "others learn its address"
    if headers.get("Cross-Origin-Opener-Policy") != "same-origin":
        yield "who opened it can reach it"
    if headers.get("Cross-Origin-Resource-Policy") != "same-origin":
        yield "others can load it"
    if "camera=" not in headers.get("Permissions-Policy", ""):
        yield "it has no permissions policy"
    if int(headers.get("Strict-Transport-Security", "max-age=0").partition("max-age=")[2]) < 31_536_000:
        yield "it does not ask for TLS"
    if any(name in headers for name in ("X-Powered-By", "Access-Control-Allow-Origin", "Server")):
        yield "it has a header too much"
    kind = headers.get("Content-Type", "")
    if met.answer.body and kind.startswith(("text/", "application/xml")) and "charset=" not in kind:
        yield f"it does not say in what characters it is written: {kind}"
    if not kind and met.answer.body:
        yield "it does not say what it is"
    if met.is_private and headers.get("Cache-Control") != "no-store":
        yield f"it is kept: {headers.get('Cache-Control')}"
    for cookie in headers.getlist("Set-Cookie"):
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        if not cookie.startswith("__Host-") or not {"secure", "path=/", "httponly", "samesite=lax"} <= flags:
            yield f"a cookie is loose: {cookie}"
        if headers.get("Cache-Control") != "no-store":
            yield "a cookie is given on a page that is kept"


def page_faults(met: Met) -> Iterator[str]:
    text = met.answer.body.decode()
    if found := TELL_TALE.search(text):
        yield f"it tells of our inside: {found[0]}"
    if COMMENT.search(text):
        yield f"it has a comment: {COMMENT.search(text)}"
    for element in met.answer.find("*"):
        name, attributes = str(element.name), element.attrs
        loads = {attributes[key] or "" for key in LOADS & attributes.keys()}
        loads |= (
            {attributes.get("href") or ""}
            if name == "link" and attributes.get("rel") != "canonical"
            else set()
        )
        if any(
            address.startswith(("//", "http:", "https:")) and not address.startswith(HTTPS)
            for address in loads
        ):
            yield f"it loads from elsewhere: {loads}"
        if any(key.startswith("on") or key == "style" for key in attributes):
            yield f"it has inline code: {attributes}"
        if name == "script" and "src" not in attributes and attributes.get("type") not in DATA:
            yield "it has an inline script"
        if (attributes.get("href") or "").strip().lower().startswith(("javascript:", "data:", "vbscript:")):
            yield f"a link runs something: {attributes}"
        if attributes.get("target") == "_blank" and "noopener" not in (attributes.get("rel") or ""):
            yield f"a link lends our window: {attributes}"
        if attributes.get("type") == "password" and not attributes.get("autocomplete"):
            yield "a password is not told to those that keep passwords"
        if name == "form":
            yield from form_faults(element)


def form_faults(form: object) -> Iterator[str]:
    attributes = form.attrs  # type: ignore[attr-defined]
    action = attributes.get("action") or ""
    if action.startswith(("//", "http")):
        yield f"a form goes elsewhere: {action}"
    if (attributes.get("method") or "get").lower() == "post" and not action.startswith("/language/"):
        tokens = [field for field in form.query('input[name="csrf_token"]')]  # type: ignore[attr-defined]
        if len(tokens) != 1 or not tokens[0].attrs.get("value"):
            yield f"a form carries no token: {action}"


@ONLY_SQLITE
def test_no_address_gives_a_scanner_anything_to_report(make_portal: MakePortal) -> None:
    files = {"nascholing": event_file(TEXT, price=65, max_party=3), "draft": event_file(status="draft")}
    portal = make_portal(files, base_url=HTTPS)
    faults = []
    for met in walked(portal):
        if met.answer.status >= 500:
            faults.append(f"{met}: fails")
        faults += [f"{met}: {fault}" for fault in header_faults(met)]
        if met.answer.page is not None:
            faults += [f"{met}: {fault}" for fault in page_faults(met)]
    assert not faults, "\n".join(dict.fromkeys(faults))


@ONLY_SQLITE
def test_only_what_is_offered_can_be_done_with_an_address(make_portal: MakePortal) -> None:
    portal = make_portal()
    visitor = portal.visitor()
    for method in ("PUT", "PATCH", "DELETE", "TRACE"):
        answer = visitor.client.open("/events/nascholing", method=method)
        assert answer.status_code == 405, method
    # Nor by saying in another way what is meant.
    for sneaked in (
        {"headers": {"X-HTTP-Method-Override": "DELETE"}},
        {"query_string": {"_method": "POST"}},
        {"data": {"_method": "DELETE"}, "method": "POST"},
    ):
        answer = visitor.client.open("/events/nascholing", **{"method": "GET", **sneaked})
        assert answer.status_code == (405 if "data" in sneaked else 200)


@ONLY_SQLITE
def test_a_failure_of_ours_is_told_without_its_cause(
    make_portal: MakePortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal = make_portal()
    portal.app.config["PROPAGATE_EXCEPTIONS"] = False

    def broken() -> str:
        raise RuntimeError(f"the key is {SECRET}")

    portal.app.view_functions["events.agenda"] = broken
    answer = portal.visitor().get("/")
    assert answer.status == 500
    assert not TELL_TALE.search(answer.body.decode())
    assert "RuntimeError" not in answer.body.decode()

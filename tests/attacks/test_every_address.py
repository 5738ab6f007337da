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
        token = registration_link.token_of((SECRET,), registration)
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


SAME_ON_ALL = {
    "X-Content-Type-Options": ("nosniff",),
    "Referrer-Policy": ("same-origin", "no-referrer"),
    "Cross-Origin-Opener-Policy": ("same-origin",),
    "Cross-Origin-Resource-Policy": ("same-origin",),
    "X-Powered-By": (None,),
    "Server": (None,),
    "Access-Control-Allow-Origin": (None,),
}
HSTS = re.compile(r"max-age=(3[2-9]|[4-9]\d)\d{6}\b")
"""A year at least."""


def header_faults(met: Met) -> Iterator[str]:
    headers = met.answer.headers
    for name, allowed in SAME_ON_ALL.items():
        if headers.get(name) not in allowed:
            yield f"{name} is {headers.get(name)}"
    if "camera=" not in headers.get("Permissions-Policy", ""):
        yield "it has no permissions policy"
    if not HSTS.match(headers.get("Strict-Transport-Security", "")):
        yield "it does not ask for TLS"
    if met.is_private and headers.get("Cache-Control") != "no-store":
        yield f"it is kept: {headers.get('Cache-Control')}"
    kind = headers.get("Content-Type", "")
    is_text = kind.startswith(("text/", "application/xml", "application/atom"))
    if met.answer.body and (not kind or (is_text and "charset=" not in kind)):
        yield f"it does not say what it is: {kind}"


def policy_faults(met: Met) -> Iterator[str]:
    csp = policy(met.answer)
    if csp.get("default-src") != ["'none'"] or csp.get("base-uri") != ["'none'"]:
        yield "its policy allows something by default"
    if csp.get("frame-ancestors") != ["'none'"]:
        yield "it may be framed"
    sources = {source for values in csp.values() for source in values} - {"'self'", "'none'"}
    # A drawing has its own styles inside, and is shut up.
    if sources and not (met.answer.url.startswith("/images/") and "sandbox" in csp):
        yield f"its policy allows {sources}"


def cookie_faults(met: Met) -> Iterator[str]:
    for cookie in met.answer.headers.getlist("Set-Cookie"):
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        if not cookie.startswith("__Host-") or not {"secure", "path=/", "httponly", "samesite=lax"} <= flags:
            yield f"a cookie is loose: {cookie}"
        if met.answer.headers.get("Cache-Control") != "no-store":
            yield "a cookie is given on a page that is kept"


def page_faults(met: Met) -> Iterator[str]:
    text = met.answer.body.decode()
    if found := TELL_TALE.search(text) or COMMENT.search(text):
        yield f"it tells of our inside: {found[0]}"
    for element in met.answer.find("*"):
        yield from element_faults(str(element.name), element.attrs)
        if element.name == "form":
            yield from form_faults(element)


def element_faults(name: str, attributes: dict[str, str | None]) -> Iterator[str]:
    given = {key: (value or "").strip().lower() for key, value in attributes.items()}
    loads = {given[key] for key in LOADS & given.keys()}
    if name == "link" and given.get("rel") != "canonical":
        loads.add(given.get("href", ""))
    if any(":" in address.partition("/")[0] or address.startswith("//") for address in loads):
        yield f"it loads from elsewhere: {loads}"
    if any(key.startswith("on") or key == "style" for key in given):
        yield f"it has inline code: {given}"
    if name == "script" and "src" not in given and given.get("type") not in DATA:
        yield "it has an inline script"
    if given.get("href", "").startswith(("javascript:", "data:", "vbscript:")):
        yield f"a link runs something: {given}"
    if given.get("target") == "_blank" and "noopener" not in given.get("rel", ""):
        yield f"a link lends our window: {given}"
    if given.get("type") == "password" and not given.get("autocomplete"):
        yield "a password is not told to those that keep passwords"


def form_faults(form: object) -> Iterator[str]:
    attributes = form.attrs  # type: ignore[attr-defined]
    action = attributes.get("action") or ""
    if action.startswith(("//", "http")):
        yield f"a form goes elsewhere: {action}"
    if (attributes.get("method") or "get").lower() == "post" and not action.startswith("/language/"):
        tokens = list(form.query('input[name="csrf_token"]'))  # type: ignore[attr-defined]
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
        for faults_of in (header_faults, policy_faults, cookie_faults):
            faults += [f"{met}: {fault}" for fault in faults_of(met)]
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

"""Somebody who uses the portal without a browser: reads every page critically, and fills in the form that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urljoin

from flask import Flask
from justhtml import JustHTML
from werkzeug.datastructures import Headers

from tests.support.pages import ancestors, check_page, words

Values = dict[str, str | list[str]]


@dataclass(frozen=True)
class Answer:
    """What came back. ``page`` is None when it is not HTML."""

    url: str
    status: int
    headers: Headers
    body: bytes
    page: JustHTML | None

    @property
    def doc(self) -> JustHTML:
        """The page, which has to be one."""
        assert self.page is not None, f"{self.url} is not a page but {self.headers.get('Content-Type')}"
        return self.page

    @property
    def text(self) -> str:
        """What can be read: of a page the words, of anything else all of it."""
        return words(self.page.root) if self.page else self.body.decode()

    @property
    def location(self) -> str:
        return self.headers["Location"]

    def find(self, selector: str) -> list[Any]:
        """The elements that match."""
        return list(self.doc.query(selector))

    def words(self, selector: str) -> list[str]:
        """What can be read in each element that matches."""
        return [words(element) for element in self.find(selector)]

    def form(self, selector: str = "main form") -> Values:
        """What a browser would send if the form were sent as it stands, without any button's value.

        A name that is sent more than once has a list. Fails unless exactly one form matches.
        """
        values: Values = {}
        for name, value in _sent(self.controls(selector)):
            before = values.get(name)
            if before is None:
                values[name] = value
            else:
                values[name] = [*([before] if isinstance(before, str) else before), value]
        return values

    def form_element(self, selector: str = "main form") -> Any:
        forms = self.find(selector)
        assert len(forms) == 1, f"{len(forms)} forms match {selector!r} on {self.url}"
        return forms[0]

    def controls(self, selector: str) -> list[Any]:
        """The form's controls that are not disabled, also those elsewhere that name it."""
        form = self.form_element(selector)
        own = form.attrs.get("id")
        controls = [
            control
            for control in self.find("input, select, textarea, button")
            if (control.attrs["form"] == own if "form" in control.attrs else form in ancestors(control))
        ]
        return [control for control in controls if not _is_disabled(control)]


class Visitor:
    """A browser's memory (cookies) and manners; every page that is met must be without faults."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()
        portal = app.extensions.get("portal")
        self._address = portal.settings.base_url if portal else "http://localhost"

    def get(self, url: str, **options: Any) -> Answer:
        """``options`` are those of Flask's test client: ``headers``, ``query_string``, ``follow_redirects``."""
        return self._ask("GET", url, **options)

    def post(self, url: str, values: Mapping[str, Any] | None = None, **options: Any) -> Answer:
        return self._ask("POST", url, data=dict(values or {}), **options)

    def post_json(self, url: str, sent: object, **options: Any) -> Answer:
        """What a script on a page would send."""
        return self._ask("POST", url, json=sent, **options)

    def submit(
        self,
        answer: Answer,
        values: Mapping[str, str | list[str] | None] | None = None,
        *,
        form: str = "main form",
        press: str | None = None,
        **options: Any,
    ) -> Answer:
        """Fill in the form on the page and send it as a browser would.

        ``values`` replaces what stands there; None leaves the name out (an empty tick box). Only what
        the form offers can be given. ``press`` is the words on the button; else the first one is meant.
        """
        element, controls = answer.form_element(form), answer.controls(form)
        sent = answer.form(form)
        for name, value in (values or {}).items():
            _assert_offered(name, value, controls)
            if value is None:
                sent.pop(name, None)
            else:
                sent[name] = value
        button = _button(controls, press)
        if button.attrs.get("name"):
            sent[button.attrs["name"]] = button.attrs.get("value") or ""
        action = button.attrs.get("formaction") or element.attrs.get("action") or ""
        url = urldefrag(urljoin(answer.url, action)).url
        method = (button.attrs.get("formmethod") or element.attrs.get("method") or "get").upper()
        if method == "GET":
            return self.get(url.partition("?")[0], query_string=sent, **options)
        return self._ask(method, url, data=sent, **options)

    def follow(self, answer: Answer) -> Answer:
        """Go where a redirect leads."""
        assert 300 <= answer.status < 400, f"{answer.url} does not redirect: {answer.status}"
        return self.get(answer.location)

    def _ask(self, method: str, url: str, **options: Any) -> Answer:
        response = self.client.open(url, method=method, **{"base_url": self._address, **options})
        body = response.get_data()
        response.close()
        # A redirect's few words are Werkzeug's, and nobody reads them.
        readable = response.mimetype == "text/html" and body and not 300 <= response.status_code < 400
        page = check_page(body.decode()) if readable else None
        return Answer(
            response.request.full_path.rstrip("?"), response.status_code, response.headers, body, page
        )


def _is_disabled(control: Any) -> bool:
    around = (parent for parent in ancestors(control) if parent.name == "fieldset")
    return "disabled" in control.attrs or any("disabled" in fieldset.attrs for fieldset in around)


def _kind(control: Any) -> str:
    """``input`` types, or ``select``, ``textarea``, ``submit`` (which is what a button is unless it says else)."""
    if control.name == "input":
        return (control.attrs.get("type") or "text").lower()
    if control.name == "button":
        return (control.attrs.get("type") or "submit").lower()
    return str(control.name)


def _sent(controls: list[Any]) -> list[tuple[str, str]]:
    pairs = []
    for control in controls:
        name, kind = control.attrs.get("name"), _kind(control)
        if not name or kind in ("submit", "button", "reset", "image"):
            continue
        if kind == "select":
            pairs += [(name, _value(option)) for option in _chosen(control)]
        elif kind == "textarea":
            pairs.append((name, control.to_text(separator="", strip=False)))
        elif kind not in ("checkbox", "radio"):
            pairs.append((name, control.attrs.get("value") or ""))
        elif "checked" in control.attrs:
            pairs.append((name, _ticked(control)))
    return pairs


def _chosen(select: Any) -> list[Any]:
    options = list(select.query("option"))
    chosen = [option for option in options if "selected" in option.attrs]
    if "multiple" in select.attrs:
        return chosen
    # Of several the last one counts; of none, the first that can be chosen.
    return chosen[-1:] or [option for option in options if "disabled" not in option.attrs][:1]


def _value(option: Any) -> str:
    return option.attrs["value"] or "" if "value" in option.attrs else words(option)


def _ticked(control: Any) -> str:
    return control.attrs["value"] or "" if "value" in control.attrs else "on"


def _assert_offered(name: str, value: str | list[str] | None, controls: list[Any]) -> None:
    named = [control for control in controls if control.attrs.get("name") == name]
    assert named, f"the form has no {name!r}; it has {sorted({c.attrs.get('name') or '' for c in controls})}"
    offered: set[str] = set()
    for control in named:
        kind = _kind(control)
        if kind in ("checkbox", "radio"):
            offered.add(_ticked(control))
        elif kind == "select":
            offered |= {
                _value(option) for option in control.query("option") if "disabled" not in option.attrs
            }
        else:
            return  # anything can be typed
    for one in [value] if isinstance(value, str) else value or []:
        assert one in offered, f"{name!r} does not offer {one!r} but {sorted(offered)}"


def _button(controls: list[Any], press: str | None) -> Any:
    buttons = [control for control in controls if _kind(control) in ("submit", "image")]
    if press is not None:
        buttons = [button for button in buttons if (words(button) or button.attrs.get("value")) == press]
    assert buttons, f"the form has no button {press or 'at all'}"
    return buttons[0]

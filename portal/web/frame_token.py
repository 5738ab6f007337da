"""The proof that a sign-up form in a frame was given out by us and sent from there.

In a frame on another site there is no cookie to hold a session: browsers block it, and ours is ``SameSite=Lax``. What
a session's token protects is somebody who is signed in, whose browser others make act for them. Whoever signs up
for an event is not signed in anywhere: a forged form could only do what anybody can do by sending it themselves. What
is left is that another site makes its visitors' browsers send forms, so that the rate limit, which counts addresses on
the network, sees many. Against that:

- The browser says where a form comes from, and scripts cannot change it (``Sec-Fetch-Site``, or ``Origin`` in older
  ones and without TLS). A frame of ours sends from our own origin; a form on another page does not.
- The token is signed, holds for hours, and is bound to the form's number; one number makes one registration.
"""

from datetime import timedelta

from flask import request
from itsdangerous import BadData, URLSafeSerializer
from wtforms import Form, ValidationError
from wtforms.csrf.core import CSRF, CSRFTokenField

from portal.web.extensions import now, portal

HOLDS = timedelta(hours=12)
"""Who comes back to a form after that presses once more, and has lost nothing."""


class _Field(CSRFTokenField):  # type: ignore[misc]  # WTForms has no types
    def _value(self) -> str:
        return str(self.csrf_impl.written())


class FrameToken(CSRF):  # type: ignore[misc]
    """What WTForms asks for a form's token; its form has a ``form_id``."""

    field_class = _Field

    def setup_form(self, form: Form) -> list[tuple[str, object]]:
        self._form = form
        found: list[tuple[str, object]] = super().setup_form(form)
        return found

    def generate_csrf_token(self, _field: CSRFTokenField) -> str:
        return ""  # the form's number is not known yet; see _Field

    def validate_csrf_token(self, _form: Form, field: CSRFTokenField) -> None:
        if not (_sent_from_here() and self._holds(field.data or "")):
            raise ValidationError("no token of ours")

    def written(self) -> str:
        """The token for the form as it is shown now."""
        return str(_signer().dumps([self._form.form_id.data, int(now().timestamp())]))

    def _holds(self, token: str) -> bool:
        try:
            form_id, at = _signer().loads(token)
        except BadData:
            return False
        age = now().timestamp() - at
        return bool(form_id == self._form.form_id.data and age <= HOLDS.total_seconds())


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(portal().settings.secret_key, salt="framed sign-up")


def _sent_from_here() -> bool:
    """Whether the browser says so. One that says nothing at all is older than 2020, or no browser."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site:
        return site == "same-origin"
    return origin is None or origin.partition("://")[2] == request.host

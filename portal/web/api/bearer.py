"""Who asks: the token of a request (RFC 6750), and nothing else; a cookie that comes along is not looked at."""

from hashlib import sha256

from flask import abort, g, request
from werkzeug.wrappers import Response

from portal.domain import api_tokens
from portal.domain.api_tokens import Bearer
from portal.storage.database import transaction
from portal.web.extensions import db, now
from portal.web.problems import problem

REALM = 'Bearer realm="portal"'


def is_private() -> bool:
    """Whether the answer may be for one program alone: it came with a token, right or wrong."""
    return "Authorization" in request.headers


def presented() -> str:
    """What limits are counted for: the token that somebody shows, whatever it is worth."""
    return sha256(request.headers.get("Authorization", "").encode()).hexdigest()


def bearer() -> Bearer | None:
    """Whose token this request carries; None when it carries none. 401 for one that opens nothing."""
    if not is_private():
        return None
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        abort(refused(401, REALM, "The `Authorization` header is no `Bearer TOKEN`."))
    found = api_tokens.opened_with(db.session(), given.token, now())
    if found is None:
        detail = (
            "This token opens nothing: it is unknown, has ended or was revoked, or its account is closed."
        )
        abort(refused(401, f'{REALM}, error="invalid_token"', detail))
    reader, unnoted = found
    if unnoted:
        with transaction(db.session()):
            api_tokens.used(db.session(), reader.token_id, now())
    g.bearer = reader
    return reader


def require(scope: str) -> Bearer:
    """The token, which has to have this scope; 401 without a token, 403 with too little of one."""
    reader = bearer()
    if reader is None:
        abort(refused(401, REALM))
    if scope not in reader.scopes:
        detail = f"This token has not the scope `{scope}`."
        abort(refused(403, f'{REALM}, error="insufficient_scope", scope="{scope}"', detail))
    return reader


def reader() -> Bearer | None:
    """The token of this request, once it was looked at."""
    found: Bearer | None = g.get("bearer")
    return found


def refused(status: int, challenge: str, detail: str = "") -> Response:
    """What is not answered, and what would be."""
    answer = problem(status, detail)
    answer.headers["WWW-Authenticate"] = challenge
    return answer

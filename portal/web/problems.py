"""What goes wrong, told to a program: problem details (RFC 9457), with the way to mend it. In English: a developer
reads it, in a log."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

from flask import request
from werkzeug.wrappers import Response

API = "/api/"
CONTENT_TYPE = "application/problem+json"

WHY = {
    400: (
        "The request could not be read",
        "Something in it is not as this API expects.",
        "Compare it with /api/v1/openapi.json.",
    ),
    401: (
        "A token is needed",
        "This is only for whoever has a token.",
        "Send `Authorization: Bearer TOKEN`; an owner of the portal makes one at /admin/api.",
    ),
    403: (
        "The token may not do this",
        "It has not the scope that this takes.",
        "Ask an owner of the portal for a token that has it.",
    ),
    404: (
        "There is nothing here",
        "No such event, or no such address, or not for this token.",
        "GET /api/v1/events lists the events; /api/v1/openapi.json the addresses.",
    ),
    405: ("This address is only read", "The method cannot be used here.", "Use one that `Allow` names."),
    413: ("The request is too large", "More was sent than is accepted.", "Send no body: this API is read."),
    429: (
        "Too many requests",
        "To keep the portal quick for everybody only so many are answered.",
        "Wait as many seconds as `Retry-After` says; send `If-None-Match` and ask less often.",
    ),
    500: (
        "Something went wrong on our side",
        "It was written down and will be looked at.",
        "Try again in a moment.",
    ),
    503: (
        "The database does not answer",
        "It is busy, full or away.",
        "Try again after as many seconds as `Retry-After` says.",
    ),
}
"""For each status: what it is, what happened, and the mend, where nothing better is known."""


@dataclass(frozen=True)
class Problem:
    """What went wrong, and what to do about it."""

    type: Annotated[str, "A URI that names the kind; `about:blank`: the status says it all."]
    title: Annotated[str, "What it is, the same for every problem with this status."]
    status: Annotated[int, "The HTTP status."]
    detail: Annotated[str, "What happened this time."]
    mend: Annotated[str, "What to do about it."]


def asked_by_program() -> bool:
    """Whether this request is one of the API's, found or not."""
    return request.path.startswith(API)


def problem(status: int, detail: str = "", mend: str = "") -> Response:
    """The answer to a request that failed; what is not given is what the status always says."""
    status = status if status in WHY else 400 if status < 500 else 500
    title, always, usual = WHY[status]
    told = Problem("about:blank", title, status, detail or always, mend or usual)
    answer = Response(json.dumps(asdict(told), ensure_ascii=False) + "\n", status, content_type=CONTENT_TYPE)
    answer.cache_control.no_store = True
    return answer

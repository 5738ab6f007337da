"""The API described for programs (OpenAPI 3.1), made of the same declarations as its answers."""

import re
from typing import Any

from flask import Response

from portal.web.api import shapes
from portal.web.api.operations import OPERATIONS, Operation, answer, blueprint, limited
from portal.web.extensions import portal, site
from portal.web.problems import CONTENT_TYPE, WHY, Problem

CHALLENGE = {
    "description": "What kind of token is asked for (RFC 6750).",
    "schema": {"type": "string"},
}
RETRY = {"description": "After how many seconds to try again.", "schema": {"type": "integer", "minimum": 0}}
HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": CHALLENGE},
    403: {"WWW-Authenticate": CHALLENGE},
    429: {"Retry-After": RETRY},
    503: {"Retry-After": RETRY},
}


@blueprint.get("/openapi.json")
@limited
def openapi() -> Response:
    """The description."""
    return answer(description(site().name, portal().settings.base_url))


def description(organisation: str, base_url: str) -> dict[str, Any]:
    """All that can be asked at ``base_url``, and each answer."""
    schemas = shapes.components(Problem)
    for operation in OPERATIONS:
        schemas |= shapes.components(operation.answers)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{organisation}: events and who comes",
            "version": "1",
            "description": "Events are for anybody, and their scripts. "
            "Attendees take a token, made by an owner at /admin/api.",
        },
        "servers": [{"url": base_url + (blueprint.url_prefix or "")}],
        "paths": {_template(one.path): {"get": _described(one)} for one in OPERATIONS},
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {str(status): _problem(status) for status in WHY},
        },
    }


def _described(operation: Operation) -> dict[str, Any]:
    summary, more = operation.about
    listed = operation.query is not None and operation.media == "application/json"
    return {
        "operationId": operation.view.__name__,
        "summary": summary,
        "description": more or summary,
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation)],
        "security": [{"token": [operation.scope]}] if operation.scope else [{}, {"token": []}],
        "responses": {
            "200": {
                "description": summary,
                "content": {operation.media: {"schema": shapes.schema(operation.answers)}},
                "headers": {"Link": {"description": "RFC 8288.", "schema": {"type": "string"}}}
                if listed
                else {},
            },
            **(
                {"304": {"description": "What `If-None-Match` names is still so."}}
                if "json" in operation.media
                else {}
            ),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in operation.errors},
        },
    }


def _problem(status: int) -> dict[str, Any]:
    title, always, _mend = WHY[status]
    return {
        "description": f"{title}. {always}",
        "headers": HEADERS.get(status, {}),
        "content": {CONTENT_TYPE: {"schema": shapes.schema(Problem)}},
    }


def _template(path: str) -> str:
    return re.sub(r"<(\w+)>", r"{\1}", path)


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": "The event's permanent name.",
         "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"<(\w+)>", path)
    ]  # fmt: skip


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    return shapes.parameters(operation.query) if operation.query else []

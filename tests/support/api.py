"""Programs that read the API, without a browser and without a cookie."""

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.domain import accounts, api_tokens
from portal.domain.accounts import Office
from portal.domain.api_tokens import SCOPES
from portal.storage.database import transaction
from portal.storage.models import Organiser
from tests.support.portal import PASSWORD, PortalUnderTest

API = "/api/v1"
DESCRIPTION = f"{API}/openapi.json"
PROBLEM = "application/problem+json"


def make_token(
    portal: PortalUnderTest,
    *,
    of: str = "an@leraars.example",
    role: str = "owner",
    bound_to: tuple[str, ...] = (),
    scopes: Iterable[str] = SCOPES,
    events: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> str:
    """A token of an account, which is made when there is none."""
    with portal.session() as session, transaction(session):
        account = session.scalars(select(Organiser).where(Organiser.email == of)).one_or_none()
        if account is None:
            account = accounts.add(session, of, role, PASSWORD, events=bound_to, now=portal.clock.now)
        office = Office(session, portal.clock.now)
        return api_tokens.make(office, account.id, "the website", tuple(scopes), events, expires_at)


@dataclass
class Program:
    """A program that reads; every answer has to be as the description says."""

    portal: PortalUnderTest
    token: str = ""

    def ask(self, path: str, method: str = "GET", **headers: str) -> TestResponse:
        """``path`` is what comes after ``/api/v1``; ``headers`` with ``_`` for ``-``."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        answer = self.portal.app.test_client().open(API + path, method=method, headers=sent)
        if method == "GET" and answer.status_code != 304:
            held_against(self.description(), path, answer)
        return answer

    def get(self, path: str) -> Any:
        """What is answered, which has to be well."""
        answer = self.ask(path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def problem(self, path: str, status: int) -> dict[str, Any]:
        """What is said of an answer that is none."""
        answer = self.ask(path)
        assert (answer.status_code, answer.content_type) == (status, PROBLEM), answer.text
        told: dict[str, Any] = json.loads(answer.text)
        return told

    def description(self) -> dict[str, Any]:
        described: dict[str, Any] = json.loads(self.portal.app.test_client().get(DESCRIPTION).text)
        return described


def held_against(description: dict[str, Any], path: str, answer: TestResponse) -> None:
    """Fails when the answer is not of the kind, or not of the shape, that the description gives for its status."""
    asked = urlsplit(path).path.strip("/").split("/")
    for template, operations in description["paths"].items():
        parts = template.strip("/").split("/")
        if len(parts) == len(asked) and all(
            mine == its or (its.startswith("{") and "." not in mine)
            for mine, its in zip(asked, parts, strict=True)
        ):
            told = operations["get"]["responses"][str(answer.status_code)]
            break
    else:
        assert answer.status_code in (200, 404, 405), path
        return
    if "$ref" in told:
        told = description["components"]["responses"][told["$ref"].rpartition("/")[2]]
    kind = answer.mimetype or ""
    assert kind in told["content"], f"{path}: {kind}"
    if "json" in kind:
        shape = told["content"][kind]["schema"] | {"components": description["components"]}
        Draft202012Validator(shape, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
            json.loads(answer.text)
        )


def run_curl(program: Program, command: str, base: str) -> TestResponse:
    """What a ``curl`` of the documentation would get; only the options that stand there are known."""
    words = iter(shlex.split(command.replace("$TOKEN", program.token))[1:])
    headers: dict[str, str] = {}
    address = ""
    for word in words:
        match word:
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-o" | "--etag-save" | "--etag-compare":
                next(words)
            case _:
                assert word.startswith(f"{base}/"), f"curl has no option {word}"
                address = word.removeprefix(base)
    return program.portal.app.test_client().get(address, headers=headers)

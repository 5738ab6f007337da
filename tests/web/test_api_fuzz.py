"""Whatever is sent to the API, it answers as it describes itself, and never fails."""

from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis import GenerationMode

from tests.support.api import DESCRIPTION, make_token
from tests.support.portal import PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
BUDGET = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_request_that_can_be_thought_of_is_answered_as_described(
    make_portal: MakePortal, mode: GenerationMode
) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, price=65), "x": event_file(status="draft")})
    for name in ("emma", "noor"):
        sent = {"first_name": name, "last_name": "M", "email": f"{name}@school.example", "privacy": "y"}
        visitor = portal.visitor()
        assert visitor.submit(visitor.get("/events/nascholing/signup"), sent).status == 303
    token = make_token(portal)
    described = schemathesis.openapi.from_wsgi(DESCRIPTION, portal.app)
    for found in described.get_all_operations():
        operation = found.ok()
        if mode == GenerationMode.NEGATIVE and not operation.query:
            continue  # any text is the name of an event, if only of one that is not there

        @BUDGET
        @given(case=operation.as_strategy(generation_mode=mode), known=booleans(), has_token=booleans())
        def ask(case: schemathesis.Case, known: bool, has_token: bool) -> None:
            if known and "slug" in case.path_parameters and mode == GenerationMode.POSITIVE:
                case.path_parameters["slug"] = "nascholing"
            headers = {"Authorization": f"Bearer {token}"} if has_token else {}
            case.call_and_validate(headers=headers)

        ask()

"""Whatever is sent to the API, it answers as it describes itself, and never fails."""

from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.support.api import DESCRIPTION, Program, make_token
from tests.support.portal import PortalUnderTest, event_file

MakePortal = Callable[..., PortalUnderTest]
BUDGET = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("with_token", [False, True])
def test_every_request_that_can_be_thought_of_is_answered_as_described(
    make_portal: MakePortal, mode: GenerationMode, with_token: bool
) -> None:
    portal = make_portal({"nascholing": event_file(capacity=1, price=65), "x": event_file(status="draft")})
    visitor = portal.visitor()
    for name in ("emma", "noor"):
        sent = {"first_name": name, "last_name": "M", "email": f"{name}@school.example", "privacy": "y"}
        assert visitor.submit(visitor.get("/events/nascholing/signup"), sent).status == 303
    token = make_token(portal)
    headers = {"Authorization": f"Bearer {token}"} if with_token else {}
    assert Program(portal, token).get("/events")
    described = schemathesis.openapi.from_wsgi(DESCRIPTION, portal.app)
    for found in described.get_all_operations():
        operation = found.ok()

        @BUDGET
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            if "slug" in case.path_parameters:
                case.path_parameters["slug"] = "nascholing"
            answer = case.call(headers=headers)
            case.validate_response(answer, headers=headers)

        ask()

"""What an organiser is told to look at."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from portal.content.event import Ticket
from portal.domain import attention, changes
from portal.storage.database import connect
from tests.domain.test_desk import Office
from tests.support.events import make_event


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_came_from_the_waiting_list_has_as_long_to_pay_as_who_signed_up(database_url: str) -> None:
    engine = connect(database_url)
    with Session(engine) as session:
        office = Office(session, make_event(capacity=1, tickets=(Ticket("full", "Hele dag", 6500),)))
        first, _waiting = office.sign_up("full"), office.sign_up("full")
        office.now += timedelta(days=20)
        assert attention.unpaid(session, office.now) == {office.event.slug: 1}
        with office.desk() as at:
            changes.cancel(at, first)
        assert attention.unpaid(session, office.now + attention.TERM) == {}
        late = office.now + attention.TERM + timedelta(minutes=1)
        assert attention.unpaid(session, late) == {office.event.slug: 1}
    engine.dispose()

"""A sign-up costs the same however many came before: nothing that it asks reads a large table from end to end."""

from collections.abc import Callable

from sqlalchemy import text

from tests.support.many import LARGE, plans_of, plans_of_a_visit, scans, sign_up_many
from tests.support.portal import NOW, PortalUnderTest, event_file

CONFIRMED, WAITING = 3_000, 1_000


def test_nothing_that_a_sign_up_asks_reads_all_registrations(
    make_portal: Callable[..., PortalUnderTest],
) -> None:
    # One place is free, and the parties that wait are too large for it: the first who comes passes them.
    portal = make_portal({"large": event_file(capacity=CONFIRMED + 1)})
    sign_up_many(portal.engine, "large", confirmed=CONFIRMED, waiting=WAITING, at=NOW)
    plans = plans_of_a_visit(portal, "large")
    assert {table for statement, _plan in plans for table in LARGE if table in statement} == set(LARGE)
    reading = [f"{statement}\n{plan}" for statement, plan in plans if scans(plan)]
    assert not reading, "\n\n".join(reading)


def test_a_statement_that_does_read_all_is_noticed(make_portal: Callable[..., PortalUnderTest]) -> None:
    engine = make_portal().engine
    with plans_of(engine) as plans, engine.connect() as connection:
        connection.execute(text("SELECT 1 FROM registrations WHERE remarks = 'x'"))
        connection.execute(text("SELECT 1 FROM registrations WHERE id = 1"))
    assert [bool(scans(plan)) for _statement, plan in plans] == [True, False]

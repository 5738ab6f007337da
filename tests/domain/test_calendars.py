"""Which change of an event calendars are told of, for all events at once and on either database."""

from concurrent.futures import ThreadPoolExecutor

from sqlalchemy.orm import Session

from portal.content.event import Event
from portal.domain import calendars
from portal.storage.database import connect, transaction
from tests.support.events import make_event


def note(database_url: str, events: list[Event]) -> dict[str, int]:
    engine = connect(database_url)
    try:
        with Session(engine) as session, transaction(session):
            return dict(calendars.note_changes(session, events))
    finally:
        engine.dispose()


def test_a_change_counts_for_the_event_that_changed_alone(database_url: str) -> None:
    first, second = make_event(slug="a"), make_event(slug="b")
    assert note(database_url, [first, second]) == {"a": 0, "b": 0}
    moved = make_event(slug="b", location="Elders")
    engine = connect(database_url)
    with Session(engine) as session:
        assert calendars.revisions(session, [first, moved, make_event(slug="c")]) == {"a": 0}
    engine.dispose()
    assert note(database_url, [first, moved]) == {"a": 0, "b": 1}


def test_who_asks_at_once_for_events_in_another_order_gets_one_answer(database_url: str) -> None:
    events = [make_event(slug=f"e{number}") for number in range(12)]
    orders = [events, events[::-1], events[6:] + events[:6], events[::2]]
    with ThreadPoolExecutor(len(orders)) as pool:
        answers = list(pool.map(lambda order: note(database_url, order), orders))
    assert all(set(answer.values()) == {0} for answer in answers)
    assert [len(answer) for answer in answers] == [12, 12, 12, 6]

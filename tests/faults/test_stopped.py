"""A server that is told to stop: whoever waits for an answer gets it, and every letter is accounted for."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.storage.models import Letter
from tests.faults.rush import Rush, wait_until
from tests.faults.test_out_of_reach import somebody_writes
from tests.support.live import PATIENCE
from tests.support.mail import PostOffice


@pytest.fixture
def mailing_rush(make_rush: Callable[..., Rush], database_url: str, smtp: PostOffice) -> Iterator[Rush]:
    """The event, on a server that sends letters to ``smtp``."""
    yield make_rush(database_url, smtp.url)
    smtp.accept()


def states(engine: Engine) -> Counter[str]:
    with Session(engine) as session:
        return Counter(session.scalars(select(Letter.state)))


def test_who_waits_for_an_answer_gets_it_before_the_server_ends(rush: Rush) -> None:
    first, form = rush.form(0), rush.form(1)
    assert first.send().status == 303
    server = rush.portal.server[0]
    with ThreadPoolExecutor() as pool, somebody_writes(rush.engine, "rush"):
        answer = pool.submit(form.send)
        with pytest.raises(TimeoutError):
            answer.result(timeout=1)
        server.terminate()
        with pytest.raises(TimeoutError):
            answer.result(timeout=1)
        assert server.poll() is None
    assert answer.result().status == 303
    assert server.wait(PATIENCE) == 0
    assert "ERROR" not in rush.portal.output
    rush.assert_each_once([first, form])


def test_a_letter_in_hand_is_finished_and_recorded_and_the_others_wait(
    mailing_rush: Rush, smtp: PostOffice
) -> None:
    smtp.hold()
    for number in range(6):
        assert mailing_rush.form(number).send().status == 303
    wait_until(lambda: smtp.in_hand)
    wait_until(lambda: states(mailing_rush.engine)["sending"])
    with ThreadPoolExecutor() as pool:
        ended = pool.submit(mailing_rush.portal.stop)
        with pytest.raises(TimeoutError):
            ended.result(timeout=2)
        smtp.accept()
        assert ended.result() == 0
    assert set(states(mailing_rush.engine)) <= {"sent", "waiting"}
    assert states(mailing_rush.engine)["sent"] == len(smtp.letters) > 0
    assert len({letter.message["Message-ID"] for letter in smtp.letters}) == len(smtp.letters)


def test_letters_leave_and_pages_are_served_when_every_process_was_killed(
    mailing_rush: Rush, smtp: PostOffice
) -> None:
    wait_until(lambda: len(mailing_rush.workers()) == 2)
    before = mailing_rush.workers()
    for worker in before:
        worker.kill()
    psutil.wait_procs(before, PATIENCE)
    wait_until(lambda: len(mailing_rush.workers()) == 2)
    assert mailing_rush.form(1).send().status == 303
    smtp.wait_for(1)
    wait_until(lambda: states(mailing_rush.engine) == Counter(sent=1))

"""Processes that are killed in the middle of a rush: nothing is lost, and nothing is there twice."""

from collections.abc import Callable

from portal.storage.migrate import upgrade
from tests.faults.rush import Rush, sending, wait_until
from tests.support.durable import start_durable_postgres

SIGN_UPS = 60


def test_a_worker_that_is_killed_takes_no_registration_with_it_and_makes_none_twice(rush: Rush) -> None:
    forms = [rush.form(number, party=1 + number % 4) for number in range(SIGN_UPS)]
    before = {worker.pid for worker in rush.workers()}
    with sending(forms) as run:
        for answered in range(4, SIGN_UPS - 10, 4):
            run.wait_for(answered)
            for worker in rush.workers()[:1]:
                worker.kill()
    assert run.faults, "nobody noticed"
    assert {answer.status for answer in run.answers.values()} == {303}
    assert before - {worker.pid for worker in rush.workers()}
    rush.assert_each_once(forms)
    assert [form.send() for form in forms] == [run.answers[form] for form in forms]
    rush.assert_each_once(forms)


def test_a_postgresql_that_is_killed_takes_no_registration_with_it_and_makes_none_twice(
    make_rush: Callable[[str], Rush],
) -> None:
    with start_durable_postgres() as server:
        upgrade(server.url)
        rush = make_rush(server.url)
        forms = [rush.form(number, party=1 + number % 4) for number in range(SIGN_UPS)]
        with sending(forms) as run:
            run.wait_for(15)
            server.kill()
            wait_until(lambda: any(answer.status == 503 and answer.retry_after for answer in run.faults))
            server.start()
        assert {answer.status for answer in run.answers.values()} == {303}
        rush.assert_each_once(forms)
        assert [form.send() for form in forms] == [run.answers[form] for form in forms]
        rush.assert_each_once(forms)

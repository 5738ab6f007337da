"""One form that arrives more than once, because a connection broke or a finger was fast."""

import socket
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.storage.models import Registration
from tests.faults.rush import Rush, wait_until
from tests.support.clients import FilledForm

TIMES = 50


def send_and_hang_up(form: FilledForm) -> None:
    """Send the form, and be gone before the answer comes."""
    address = urlsplit(form.client.url)
    body = urlencode(form.values)
    headers = form.client.headers() | {"Host": address.netloc, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((address.hostname or "", address.port or 0)) as connection:
        connection.sendall(f"POST {form.path} HTTP/1.1\r\n{head}\r\n{body}".encode())


def test_who_never_got_the_answer_sends_the_form_again_and_finds_the_one_registration(rush: Rush) -> None:
    forms = [rush.form(number, party=1 + number) for number in range(4)]
    for form in forms:
        send_and_hang_up(form)
    with Session(rush.engine) as session:
        count = select(func.count()).select_from(Registration)
        wait_until(lambda: session.rollback() or session.scalar(count) == len(forms))
    rush.assert_each_once(forms)
    for form in forms:
        answer = form.send()
        assert answer.status == 303
        assert form.client.get(answer.location).status == 200
    rush.assert_each_once(forms)


def test_one_form_sent_fifty_times_at_once_is_one_registration_and_fifty_equal_answers(rush: Rush) -> None:
    form = rush.form(1, party=3)
    together = Barrier(TIMES)

    def send(_number: int) -> tuple[int, str]:
        together.wait()
        answer = form.send()
        return answer.status, answer.location

    with ThreadPoolExecutor(TIMES) as pool:
        answers = set(pool.map(send, range(TIMES)))
    assert [status for status, _location in answers] == [303]
    rush.assert_each_once([form])

"""A served event with a rush before it, people who do not give up, and the count afterwards."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

import psutil
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.storage.models import Attendee, HistoryEntry, Letter, Registration, TicketCount
from tests.support.clients import Answer, FilledForm, fill_in
from tests.support.live import LivePortal

PLACES = 20
FIRST = ("confirmed", "waitlisted")
"""The letters of which every registration has one."""
PATIENCE = 30  # seconds


@dataclass
class Rush:
    """A portal of two processes that serves the event ``rush``, and its database."""

    portal: LivePortal
    engine: Engine

    def form(self, number: int, party: int = 1) -> FilledForm:
        return fill_in(self.portal.url, "rush", number, party)

    def workers(self) -> list[psutil.Process]:
        """The server's processes that answer; the one that watches over them is not among them."""
        port = self.portal.url.rpartition(":")[2]
        mine = psutil.Process(os.getpid()).children()
        return [worker for server in mine if port in server.cmdline() for worker in server.children()]

    def assert_each_once(self, forms: Iterable[FilledForm]) -> None:
        """Each of these forms, and nothing else, made one registration with its people, history and letter."""
        forms = list(forms)
        with Session(self.engine) as session:
            addresses = Counter(session.scalars(select(Registration.email)))
            people = session.scalars(select(Attendee.status)).all()
            letters = session.scalars(select(Letter.registration_id).where(Letter.kind.in_(FIRST))).all()
            history = session.scalars(select(HistoryEntry.registration_id)).all()
            counts = session.scalars(select(TicketCount)).one()
        assert addresses == Counter(form.values["email"] for form in forms)
        assert len(people) == sum(1 + sum("first_name" in n for n in form.values) - 1 for form in forms)
        for written in (letters, history):
            assert len(set(written)) == len(written) == len(forms)
        assert Counter(people) == +Counter(confirmed=counts.confirmed, waitlisted=counts.waitlisted)
        assert counts.confirmed <= PLACES


@dataclass
class Sending:
    """A run of forms through whatever happens: each is sent until it has an answer that stands."""

    answers: dict[FilledForm, Answer] = field(default_factory=dict)
    faults: list[Answer] = field(default_factory=list)
    """What came instead: nothing, or a page that asks to send it again."""
    _lock: Lock = field(default_factory=Lock)

    def send(self, form: FilledForm) -> None:
        deadline = time.monotonic() + PATIENCE
        while (answer := form.send()).status in (0, 503):
            with self._lock:
                self.faults.append(answer)
            assert time.monotonic() < deadline, answer
            time.sleep(0.05)
        with self._lock:
            self.answers[form] = answer

    def wait_for(self, number: int) -> None:
        """Until so many have their answer."""
        wait_until(lambda: len(self.answers) >= number)


@contextmanager
def sending(forms: list[FilledForm], clients: int = 12) -> Iterator[Sending]:
    """Send the forms, many at once, while the block runs; at its end all are answered."""
    run = Sending()
    with ThreadPoolExecutor(clients) as pool:
        sent = [pool.submit(run.send, form) for form in forms]
        yield run
    for each in sent:
        each.result()


def wait_until(condition: Callable[[], object]) -> None:
    """Look until it is so, or fail."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)

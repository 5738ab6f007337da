"""The worker itself: who is at work in one process, and when."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from threading import Event, Thread

from portal.worker.clerk import Clerk, LineKeeper
from portal.worker.messenger import Messenger
from portal.worker.outbox import CLAIM
from portal.worker.postman import Postman

log = logging.getLogger(__name__)

POLL_SECONDS = 2.0
ROUND_EVERY = timedelta(minutes=1)
STUCK = 2 * CLAIM


class Worker:
    """Threads that keep the outbox empty, the lines moving and programs told, until they are told to stop.

    Messages to programs have a thread of their own: a letter does not wait for somebody else's server.
    """

    def __init__(
        self,
        postman: Postman,
        keeper: LineKeeper | None = None,
        clerk: Clerk | None = None,
        messenger: Messenger | None = None,
    ) -> None:
        self._postman, self._keeper, self._clerk, self._messenger = postman, keeper, clerk, messenger
        self._round_at: datetime | None = None
        self._forgot_on: date | None = None
        self._stop = Event()
        self._seen = time.monotonic()
        self._thread = Thread(target=self.run, name="letters", daemon=True)
        self._messages = Thread(target=self._keep_on, args=[self._deliver], name="webhooks", daemon=True)

    def start(self) -> None:
        """Begin in the background."""
        self._thread.start()

    def is_alive(self) -> bool:
        """Whether it works, and has not been at one thing for longer than sending takes at most."""
        return self._thread.is_alive() and time.monotonic() - self._seen < STUCK.total_seconds()

    def stop(self, timeout: float = 10) -> None:
        """Finish the letter and the message in hand and end."""
        self._stop.set()
        for thread in (self._thread, self._messages):
            if thread.is_alive():
                thread.join(timeout)

    def run(self) -> None:
        """Work until stopped; an error is logged and the next pass tries again."""
        if self._messenger:
            self._messages.start()
        self._keep_on(self._pass)

    def _keep_on(self, one_pass: Callable[[datetime], None]) -> None:
        while not self._stop.wait(POLL_SECONDS):
            try:
                one_pass(datetime.now(UTC))
            except Exception:
                log.exception("a pass of the worker failed")

    def _pass(self, now: datetime) -> None:
        """Whatever goes wrong, the next is done: letters that are ready leave. Raises the first error, at the end, for
        where the database is away all fail alike."""
        failed: Exception | None = None
        for step in self._steps(now):
            self._seen = time.monotonic()
            try:
                step(now)
            except Exception as error:
                failed = failed or error
        if failed:
            raise failed

    def _steps(self, now: datetime) -> list[Callable[[datetime], object]]:
        steps: list[Callable[[datetime], object]] = []
        if self._keeper:
            steps.append(self._keeper.move_up)
        if self._clerk:
            steps.append(self._clerk.answer_asked)
            if self._round_at is None or now >= self._round_at:
                self._round_at = now + ROUND_EVERY
                steps.append(self._clerk.write_due)
                if self._forgot_on != now.date():
                    steps.append(self._forget)
        return [*steps, self._send]

    def _forget(self, now: datetime) -> None:
        assert self._clerk is not None, "_steps() asked"  # noqa: S101
        self._clerk.forget(now)
        self._forgot_on = now.date()

    def _send(self, _now: datetime) -> None:
        # A thousand letters do not wait two seconds after each fifty.
        while self._postman.send_due(datetime.now(UTC), self._stop.is_set):
            self._seen = time.monotonic()

    def _deliver(self, _now: datetime) -> None:
        assert self._messenger is not None, "run() asked"  # noqa: S101
        while self._messenger.deliver_due(datetime.now(UTC), self._stop.is_set):
            pass

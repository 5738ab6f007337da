"""A queue for the writers of an SQLite file: whoever came first writes first.

SQLite's own way of waiting is to sleep and try again, which lets a busy process write thousands of
times while another starves. Here each writer stands in line with two locks, as at a turnstile: who
holds the gate is next, and waits there for the writer before. Whoever has just written finds the gate
taken, so nobody writes twice while another waits. ``flock`` belongs to an open file, not to a process, so
the same two files serve threads and processes alike, and the system lets go of them when one is killed.

One that is stopped, or hangs, lets go of nothing, and ``flock`` knows no deadline. So threads of their own stand in
line for who waits: who gives up leaves theirs standing there, and the next to come takes it over.
"""

import fcntl
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock, Thread
from typing import IO

from sqlalchemy.exc import OperationalError


@contextmanager
def writers_queue(database: str, timeout: float | None = None) -> Iterator[None]:
    """Wait for one's turn to write to the SQLite file ``database``; the locks are two files beside it.

    Raises OperationalError, as a locked database does, when that takes more than ``timeout`` seconds; without one it
    waits as long as it takes.
    """
    with _line(database).turn(timeout):
        yield


class _Line:
    """Those of this process who wait for one database. Never more stand in line than once waited at a time."""

    def __init__(self, database: str) -> None:
        self._gate, self._turn = (Path(f"{database}-{name}") for name in ("gate", "turn"))
        self._mutex = Lock()
        self._waiting: deque[Future[IO[str]]] = deque()
        self._standing = 0

    def turn(self, timeout: float | None) -> IO[str]:
        """An open file: until it is closed, it is our turn."""
        try:
            return self._through(fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        mine: Future[IO[str]] = Future()
        with self._mutex:
            self._waiting.append(mine)
            enough = self._standing >= len(self._waiting)
            self._standing += not enough
        if not enough:
            Thread(target=self._stand, name="writers' queue", daemon=True).start()
        try:
            return mine.result(timeout)
        except BaseException as error:
            with self._mutex:
                given_up = mine in self._waiting
                if given_up:
                    self._waiting.remove(mine)
            if not isinstance(error, TimeoutError):
                if not given_up and not mine.exception():
                    mine.result().close()
                raise
            if not given_up:
                return mine.result()  # it came in the last moment
            waited = TimeoutError(f"another writer has not let go for {timeout:g} s")
            raise OperationalError("BEGIN IMMEDIATE", None, waited) from None

    def _through(self, how: int) -> IO[str]:
        turn = self._turn.open("a")
        try:
            with self._gate.open("a") as gate:
                fcntl.flock(gate, how)
                fcntl.flock(turn, how)
        except BaseException:
            turn.close()
            raise
        return turn

    def _stand(self) -> None:
        """Stand in line, and give the turn to who has waited longest; when nobody does any more, to nobody."""
        turn, fault = None, None
        try:
            turn = self._through(fcntl.LOCK_EX)
        except OSError as error:
            fault = error
        with self._mutex:
            self._standing -= 1
            first = self._waiting.popleft() if self._waiting else None
        if first is None:
            if turn:
                turn.close()
        elif turn:
            first.set_result(turn)
        else:
            first.set_exception(fault)


@cache
def _line(database: str) -> _Line:
    return _Line(database)


# Nobody stands in line for a process that was just made.
os.register_at_fork(after_in_child=_line.cache_clear)

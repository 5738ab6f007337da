"""A queue for the writers of an SQLite file: whoever came first writes first.

SQLite's own way of waiting is to sleep and try again, which lets a busy process write thousands of
times while another starves. Here each writer stands in line with two locks, as at a turnstile: who
holds the gate is next, and waits there for the writer before. Whoever has just written finds the gate
taken, so nobody writes twice while another waits. ``flock`` belongs to an open file, not to a process, so
the same two files serve threads and processes alike, and the system lets go of them when one is killed.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writers_queue(database: str) -> Iterator[None]:
    """Wait for one's turn to write to the SQLite file ``database``; the locks are two files beside it."""
    gate, turn = (Path(f"{database}-{name}") for name in ("gate", "turn"))
    with turn.open("a") as turn_file:
        with gate.open("a") as gate_file:
            fcntl.flock(gate_file, fcntl.LOCK_EX)
            fcntl.flock(turn_file, fcntl.LOCK_EX)
        yield

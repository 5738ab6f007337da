"""An ordinary busy day: visitors look and some sign up, at 70 % of what the machine can.

Promised: no answer fails, nine of ten that are due come, and memory stays flat: in the last third of the time it is at
most a tenth above the first.
"""

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from statistics import mean
from typing import Any

from scripts.bench.databases import Fresh
from scripts.bench.load import Load
from scripts.bench.memory import portals_memory
from scripts.bench.served import serve
from tests.support.clients import Client, fill_in

CLIENTS, EVENTS = 8, 20
PART_OF_LIMIT = 0.7
LEAST_PACE = 0.9
LIMIT_SECONDS = 15.0
MOST_GROWTH = 1.1


class Day:
    """What people do, and what came of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: Counter[int] = Counter()
        self.waits: list[float] = []
        self._lock = threading.Lock()
        self._numbers = count()

    def act(self) -> None:
        """One thing that somebody does."""
        number = next(self._numbers)
        event = f"event-{number % EVENTS}"
        what: Callable[[], list[int]] = random.choices(  # noqa: S311  # no secret
            [
                lambda: [Client(self.url).get(f"/events/{event}").status],
                lambda: [Client(self.url).get("/").status],
                lambda: [Client(self.url).get(f"/events/{event}/signup").status],
                lambda: self._sign_up(event, number),
            ],
            weights=[60, 20, 10, 10],
        )[0]
        begun = time.monotonic()
        found = what()
        took = time.monotonic() - begun
        with self._lock:
            self.statuses.update(found)
            self.waits.append(took)

    def _sign_up(self, event: str, number: int) -> list[int]:
        try:
            form = fill_in(self.url, event, number)
        except AssertionError:  # there came no form
            return [0]
        answer = form.send()
        if answer.status != 303:
            return [answer.status]
        return [answer.status, form.client.get(answer.location).status]


def soak(fresh: Fresh, minutes: float) -> list[str]:
    """Print the figures for this kind of database; return the promises that were broken."""
    events: dict[str, dict[str, Any]] = {f"event-{n}": {"capacity": 100_000} for n in range(EVENTS)}
    with fresh() as database, serve(database, events) as url:
        limit = _run(Day(url), LIMIT_SECONDS, None, [])
        day, memory = Day(url), list[float]()
        pace = PART_OF_LIMIT * limit
        load = Load(_run(day, minutes * 60, pace, memory), day.waits)
    print(f"  limit {limit:.0f}/s, then for {minutes:g} minutes: {dict(day.statuses)}\n  {load}", flush=True)
    broken = [
        f"{number} answers {status}" for status, number in day.statuses.items() if status not in (200, 303)
    ]
    if load.rate < LEAST_PACE * pace:
        broken.append(f"{load.rate:.0f} things were done a second, and {pace:.0f} were to be")
    return broken + _growth(memory)


def _growth(memory: list[float]) -> list[str]:
    if not memory:
        return ["how much memory it took was not to be seen"]
    third = max(1, len(memory) // 3)
    first, last = mean(memory[:third]), mean(memory[-third:])
    print(f"  memory {first:.0f} MiB at first, {last:.0f} MiB at last", flush=True)
    return [f"memory grew to {last / first:.2f} times"] if last > MOST_GROWTH * first else []


def _run(day: Day, seconds: float, pace: float | None, memory: list[float]) -> float:
    """Act for so long, so often a second (as often as can be when ``pace`` is None); returns how often it was."""
    begun = time.monotonic()
    turns = count()

    def client(which: int) -> int:
        done = 0
        while (passed := time.monotonic() - begun) < seconds:
            if pace is not None:
                due = next(turns) / pace
                if due >= seconds:
                    break
                if due > passed:
                    time.sleep(due - passed)
            day.act()
            done += 1
            if which == 0 and time.monotonic() - begun > len(memory) * 10:
                with suppress(RuntimeError):  # it is gone, which its answers tell
                    memory.append(portals_memory(day.url))
        return done

    with ThreadPoolExecutor(CLIENTS) as threads:
        return sum(threads.map(client, range(CLIENTS))) / seconds

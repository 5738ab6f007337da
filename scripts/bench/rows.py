"""A sign-up where 100 registrations are, beside one where 100,000 are, in a database of its own each.

Measured: how long the answer to a sent form takes, by turns on the one and on the other, for an event with room and
for one with a waiting list. Only the ratio of the medians says something: it is to be about one. Promised: no
statement of a sign-up reads a table from end to end that grows with the registrations.
"""

import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from portal.storage.database import connect
from scripts.bench.databases import Fresh
from scripts.bench.served import serve
from tests.support.clients import fill_in
from tests.support.many import plans_of_a_visit, scans, sign_up_many
from tests.support.portal import PortalUnderTest, event_file

FEW, MANY, TURNS = 100, 100_000, 100
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def measure(fresh: Fresh) -> list[str]:
    """Print the ratios for this kind of database; return the promises that were broken."""
    with ExitStack() as stack:
        databases = {number: stack.enter_context(fresh()) for number in (FEW, MANY)}
        for number, url in databases.items():
            _fill(url, number)
        broken = _scans(databases[MANY])
        urls = {n: stack.enter_context(serve(url, _events(n))) for n, url in databases.items()}
        for slug in ("open", "full"):
            times: dict[int, list[float]] = {FEW: [], MANY: []}
            for turn in range(TURNS):
                for number in (FEW, MANY) if turn % 2 else (MANY, FEW):
                    form = fill_in(urls[number], slug, turn)
                    begun = time.monotonic()
                    answer = form.send()
                    times[number].append(time.monotonic() - begun)
                    if answer.status != 303:
                        broken.append(f"{answer.status} for a sign-up beside {number} others")
            few, many = median(times[FEW]), median(times[MANY])
            print(
                f"  an event that is {slug}: {many / few:.2f} (median {many * 1000:.1f} ms beside {MANY} "
                f"registrations, {few * 1000:.1f} ms beside {FEW})"
            )
    return broken


def _events(number: int) -> dict[str, dict[str, Any]]:
    """One that takes everybody, and one where half of the registrations wait."""
    return {"open": {}, "full": {"capacity": number // 4 + 1}}


def _fill(url: str, number: int) -> None:
    engine = connect(url)
    sign_up_many(engine, "open", confirmed=number // 2, at=LONG_AGO)
    sign_up_many(engine, "full", confirmed=number // 4, waiting=number // 4, at=LONG_AGO)
    engine.dispose()


def _scans(url: str) -> list[str]:
    """What reads a large table from end to end while somebody signs up and cancels."""
    with TemporaryDirectory() as folder:
        files = {slug: event_file(**keys) for slug, keys in _events(MANY).items()}
        portal = PortalUnderTest(Path(folder), url, files)
        plans = [plan for slug in files for plan in plans_of_a_visit(portal, slug)]
        portal.close()
    reading = {statement: plan for statement, plan in plans if scans(plan)}
    print(f"  {len(plans)} statements explained, {len(reading)} read a large table from end to end")
    return [f"this reads all: {statement}\n{plan}" for statement, plan in reading.items()]

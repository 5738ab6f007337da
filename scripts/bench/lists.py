"""The attendee list of 5,000 and of 50,000 people: its page, a search, the counts at its filters, and the downloads.

Measured: the time of each, as a ratio to ``csv.writer`` over the same columns read by one bare query in the same run,
and by how much the memory of this process grows while a list is downloaded. Promised: the CSV is made at 0.3 of the
speed of that at least, and its memory does not grow with the rows, for the download is streamed.
"""

import csv
import time
import tracemalloc
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from portal.domain import attendees
from portal.domain.filters import Filters, counts
from portal.formats.csv import DIALECTS
from portal.storage.database import connect
from portal.storage.models import Attendee, Registration
from scripts.bench.databases import Fresh
from tests.support.many import sign_up_many

FEW, MANY = 5_000, 50_000
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = ZoneInfo("Europe/Brussels")
LEAST_SPEED = 0.3
"""Of the CSV's, beside ``csv.writer``'s."""
MORE_MEMORY = 1.5
"""What counts as the same: the peak of the one beside that of the other."""


def measure(fresh: Fresh) -> list[str]:
    """Print the ratios for this kind of database; return the promises that were broken."""
    peaks, broken = {}, []
    for number in (FEW, MANY):
        with fresh() as url:
            engine = connect(url)
            sign_up_many(engine, "open", confirmed=number, at=LONG_AGO)
            speed = _measured(engine, number)
            if speed < LEAST_SPEED:
                broken.append(f"{number} people are downloaded at {speed:.2f} of the speed of csv.writer")
            peaks[number] = _peak(engine)
            engine.dispose()
    growth = peaks[MANY] / peaks[FEW]
    print(
        f"  memory of a download: {peaks[FEW] / 1e6:.1f} MB at most, and {growth:.2f} of that for ten times the rows"
    )
    if growth > MORE_MEMORY:
        broken.append(f"ten times the rows take {growth:.2f} of the memory")
    return broken


def _measured(engine: Engine, number: int) -> float:
    """Print the ratios for so many people; return the speed of a download beside that of ``csv.writer``."""
    told = {
        "bare": _time(lambda: _bare(engine)),
        "page": _time(lambda: _page(engine, Filters())),
        "last page by name": _time(lambda: _page(engine, Filters(sort="last_name"), 10**6)),
        "search": _time(lambda: _page(engine, Filters(q="emma1"))),
        "counts": _time(lambda: _counts(engine)),
        "download": _time(lambda: _read(_download(engine))),
        "workbook": _time(lambda: _read(attendees.workbook(engine, "open", None, Filters(), ZONE))),
    }
    # Once more, close to what it is compared with: a neighbour on the machine takes from both alike.
    bare = min(told.pop("bare"), _time(lambda: _bare(engine)))
    ratios = ", ".join(f"{name} {seconds / bare:.2f}" for name, seconds in told.items())
    print(f"  {number} people: {ratios} of csv.writer's {bare * 1000:.0f} ms", flush=True)
    return bare / told["download"]


def _time(what: Callable[[], object]) -> float:
    """The quickest of three runs, in seconds."""
    times = []
    for _ in range(3):
        begun = time.monotonic()
        what()
        times.append(time.monotonic() - begun)
    return min(times)


def _peak(engine: Engine) -> int:
    """The most memory that a download takes, in bytes."""
    tracemalloc.start()
    try:
        _read(_download(engine))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _bare(engine: Engine) -> None:
    """What a list costs at least: its rows, and a library that writes them."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(Attendee.__table__, Registration.__table__).join_from(
                Attendee.__table__, Registration.__table__
            )
        )
        csv.writer(StringIO()).writerows(rows)


def _page(engine: Engine, filters: Filters, number: int = 1) -> None:
    with Session(engine) as session:
        attendees.page(session, "open", attendees.columns(session, "open", None), filters, number)


def _counts(engine: Engine) -> None:
    with Session(engine) as session:
        counts(session, "open", None, Filters())


def _download(engine: Engine) -> Iterable[bytes]:
    return attendees.export(engine, "open", None, Filters(), DIALECTS["rfc4180"], ZONE)


def _read(parts: Iterable[bytes]) -> None:
    for _part in parts:
        pass

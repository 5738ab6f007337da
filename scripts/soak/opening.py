"""A thousand people who wait for the sign-up to open, and 50 places.

All ask for the form in the same second, fill it in as fast as a program can, and send it. Promised: every answer comes
within five seconds, exactly 50 have a place, everybody else was told that there was none, and nothing fails.
"""

import asyncio
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select

from portal.storage.database import connect
from portal.storage.models import CONFIRMED, Attendee
from scripts.bench.databases import Fresh
from scripts.bench.served import percentile, serve
from tests.support.clients import HIDDEN, PATIENCE

PEOPLE, PLACES = 1000, 50
LONGEST = 5.0
"""Seconds within which everybody is to be answered."""
OPENS_AFTER = timedelta(seconds=8)
FORM = "/events/opening/signup"


@dataclass
class Told:
    """What all of them were answered: each status with its wait in seconds, by step."""

    opened: list[tuple[int, float]] = field(default_factory=list)
    sent: list[tuple[int, float]] = field(default_factory=list)


def soak(fresh: Fresh) -> list[str]:
    """Print the figures for this kind of database; return the promises that were broken."""
    opens = datetime.now(UTC) + OPENS_AFTER
    keys = {"capacity": PLACES, "waitlist": "off", "signup_opens": opens.isoformat(timespec="seconds")}
    with fresh() as database, serve(database, {"opening": keys}) as url:
        told = asyncio.run(_everybody(url, opens))
        engine = connect(database)
        with engine.connect() as connection:
            having = select(func.count()).where(Attendee.status == CONFIRMED)
            confirmed = connection.scalar(having)
        engine.dispose()
    broken = [] if confirmed == PLACES else [f"{confirmed} have one of the {PLACES} places"]
    return broken + compare(told)


def compare(told: Told) -> list[str]:
    """Print how long it took, step by step; return the promises that were broken."""
    broken = [
        *_step("form", told.opened, {200, 409}),
        *_step("answer", told.sent, {303, 409}),
    ]
    got = sum(status == 303 for status, _wait in told.sent)
    if got != PLACES:
        broken.append(f"{got} were told that they have a place")
    return broken


def _step(step: str, answers: list[tuple[int, float]], right: set[int]) -> Iterator[str]:
    waits = [wait for _status, wait in answers]
    if not waits:
        yield f"{step}: nobody came so far"
        return
    statuses = Counter(status for status, _wait in answers)
    print(
        f"  {step:7} p50 {percentile(waits, 50):.2f} s   p99 {percentile(waits, 99):.2f} s   "
        f"longest {max(waits):.2f} s   {dict(statuses)}",
        flush=True,
    )
    if strange := statuses.keys() - right:
        yield f"{step}: answers {sorted(strange)}"
    if max(waits) > LONGEST:
        yield f"{step}: somebody waited {max(waits):.1f} s"


async def _everybody(url: str, opens: datetime) -> Told:
    told = Told()
    at = opens + timedelta(seconds=1)  # the file tells whole seconds
    await asyncio.sleep((at - datetime.now(UTC)).total_seconds())
    await asyncio.gather(*(_somebody(url, number, told) for number in range(PEOPLE)))
    return told


async def _somebody(url: str, number: int, told: Told) -> None:
    begun = time.monotonic()
    status, cookies, page = await _ask(url, "GET", "", "")
    told.opened.append((status, time.monotonic() - begun))
    if status != 200:
        return
    values = {name: unescape(value) for name, value in HIDDEN.findall(page)}
    values |= {
        "first_name": "Emma",
        "last_name": "Peeters",
        "email": f"emma{number}@school.example",
        "privacy": "y",
    }
    begun = time.monotonic()
    status, _cookies, _page = await _ask(url, "POST", urlencode(values), cookies)
    told.sent.append((status, time.monotonic() - begun))


async def _ask(url: str, method: str, body: str, cookies: str) -> tuple[int, str, str]:
    """Status, cookies to send back, page; 0 for a connection that broke, or had no end."""
    address = urlsplit(url)
    request = (
        f"{method} {FORM} HTTP/1.1\r\nHost: {address.netloc}\r\nConnection: close\r\nCookie: {cookies}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    )
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address.hostname, address.port)
            with closing(writer):
                writer.write(request.encode())
                answer = (await reader.read()).decode(errors="replace")
    except OSError:
        return 0, "", ""
    head, end, page = answer.partition("\r\n\r\n")
    if not end:
        return 0, "", ""
    kept = "; ".join(re.findall(r"^set-cookie: ([^;]+)", head, re.IGNORECASE | re.MULTILINE))
    return int(head.split(" ", 2)[1]), kept, page

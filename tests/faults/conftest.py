"""The fixtures of the faults."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from portal.storage.database import connect
from tests.faults.rush import PLACES, Rush
from tests.support.live import LivePortal
from tests.support.portal import SITE, event_file


@pytest.fixture
def make_rush(live_portal: Callable[..., LivePortal], tmp_path: Path) -> Iterator[Callable[..., Rush]]:
    """``make_rush(database_url, smtp_url)`` serves the event on that database."""
    engines = []

    def make(database_url: str, smtp_url: str = "") -> Rush:
        events = tmp_path / "content" / "events"
        events.mkdir(parents=True)
        (events.parent / "site.yaml").write_text(SITE)
        event = event_file(date="2040-01-01T10:00:00", end_date=None, language="en", capacity=PLACES)
        (events / "rush.md").write_text(event)
        portal = live_portal(
            content=events.parent,
            database_url=database_url,
            smtp_url=smtp_url,
            arguments=("--workers", "2"),
            PORTAL_RATE_LIMITS="off",
        )
        engines.append(connect(database_url))
        return Rush(portal, engines[-1])

    yield make
    for engine in engines:
        engine.dispose()


@pytest.fixture
def rush(make_rush: Callable[..., Rush], database_url: str) -> Rush:
    return make_rush(database_url)

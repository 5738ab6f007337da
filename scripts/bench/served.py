"""The portal that is measured: the real server, two processes, without limits for each client."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.live import serve_portal
from tests.support.portal import SITE, event_file


@contextmanager
def serve(database_url: str, events: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """The address of a portal on the database, with these events: slug, and what its front matter has besides."""
    with TemporaryDirectory() as folder:
        content = Path(folder) / "content"
        (content / "events").mkdir(parents=True)
        (content / "site.yaml").write_text(SITE, encoding="utf-8")
        for slug, keys in events.items():
            text = event_file(date="2040-01-01T10:00:00", end_date=None, language="en", **keys)
            (content / "events" / f"{slug}.md").write_text(text, encoding="utf-8")
        with serve_portal(
            Path(folder) / "portal",
            content=content,
            database_url=database_url,
            arguments=("--workers", "2"),
            PORTAL_RATE_LIMITS="off",
        ) as portal:
            yield portal.url


def percentile(times: Sequence[float], part: int) -> float:
    """The time within which ``part`` of a hundred were done."""
    if len(times) == 1:
        return times[0]
    return statistics.quantiles(times, n=100, method="inclusive")[part - 1]

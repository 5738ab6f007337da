"""What monitoring asks: what the processes of this machine counted together, and what the database says now.

A server has several processes, and a scrape reaches any of them. So what is counted lives in files, one for each
process, that any of them adds up (the multiprocess mode of prometheus_client); all else is asked of the database.
"""

import hashlib
import logging
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from flask import Flask
from sqlalchemy.orm import Session

from portal import __version__
from portal.content.event import Event
from portal.domain import machine, taken
from portal.settings import SettingError

METHODS = {"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"}
"""Those that are counted by name: a stranger may think up others without end."""
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own variable; who has set it has a folder of their own in mind."""


@dataclass(frozen=True)
class Meters:
    """What this process counts; there is one, for two would write over one another's file."""

    requests: Any
    sign_ups: Any
    errors: Any


_meters: Meters | None = None
_making = Lock()


def init_app(app: Flask) -> None:
    """Say where the counts of ``app`` are, and count its errors: whatever part of it logs one."""
    os.environ.setdefault(FOLDER, str(folder_of(app.extensions["portal"].settings.data_dir)))
    ours = logging.getLogger("portal")
    if not any(isinstance(handler, _ErrorCounter) for handler in ours.handlers):
        ours.addHandler(_ErrorCounter(logging.ERROR))


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered."""
    known = method if method in METHODS else "other"
    _counting().requests.labels(route, known, str(status)).observe(seconds)


def signed_up(outcome: str) -> None:
    """A form was sent: ``confirmed``, ``waitlisted``, ``repeated``, ``known_address``, or the kind of SignupRefused."""
    _counting().sign_ups.labels(outcome).inc()


def exposition(session: Session, events: Mapping[str, Event], now: datetime) -> bytes:
    """Everything in Prometheus' text format (version 0.0.4)."""
    _counting()
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_Asked(session, events, now))
    return generate_latest(registry)


def folder_of(data_dir: Path) -> Path:
    """Where the processes on one data folder count: a temporary place, for counts begin again with the server."""
    name = hashlib.sha256(str(data_dir.absolute()).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"portal-metrics-{os.getuid()}-{name}"


def forget(data_dir: Path) -> None:
    """Away with the counts, for the one that starts and ends the processes; not with a folder that others chose."""
    folder = folder_of(data_dir)
    if os.environ.get(FOLDER, str(folder)) == str(folder):
        shutil.rmtree(folder, ignore_errors=True)


def _counting() -> Meters:
    global _meters  # noqa: PLW0603
    with _making:
        if _meters is None:
            _meters = _make()
    return _meters


def _make() -> Meters:
    # The library looks at the folder's variable when it is imported.
    from prometheus_client import CollectorRegistry, Counter, Histogram

    folder = Path(os.environ[FOLDER])
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise SettingError(FOLDER, f"takes a folder of one's own; {folder} is somebody else's")
    own = CollectorRegistry()
    return Meters(
        requests=Histogram(
            "portal_request_seconds",
            "Requests answered, and how long it took.",
            ("route", "method", "status"),
            buckets=SECONDS,
            registry=own,
        ),
        sign_ups=Counter(
            "portal_sign_ups", "Sign-up forms sent, by what became of them.", ("outcome",), registry=own
        ),
        errors=Counter(
            "portal_errors", "Lines of level error in the log, by who wrote them.", ("logger",), registry=own
        ),
    )


class _ErrorCounter(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        _counting().errors.labels(record.name).inc()


class _Asked:
    """What the version is, and what the database knows."""

    def __init__(self, session: Session, events: Mapping[str, Event], now: datetime) -> None:
        self._session, self._events, self._now = session, events, now

    def collect(self) -> Iterator[Any]:
        yield _gauge(
            "build_info", "What runs.", {(__version__, platform.python_version()): 1}, "version", "python"
        )
        outbox = machine.outbox(self._session, self._now)
        yield _gauge("letters_waiting", "Letters in the outbox.", {(): outbox.waiting})
        yield _gauge(
            "letters_oldest_seconds",
            "How long the oldest of them has been waiting.",
            {(): outbox.oldest.total_seconds()},
        )
        yield _gauge("letters_failed", "Letters that are tried no more.", {(): outbox.failed})
        yield from self._places()

    def _places(self) -> Iterator[Any]:
        counted = taken.of_all(self._session)
        coming = {
            slug: event
            for slug, event in sorted(self._events.items())
            if event.over_at > self._now and event.status != "draft"
        }
        capacities = {(slug,): event.capacity for slug, event in coming.items() if event.capacity is not None}
        yield _gauge("event_capacity", "Places of an event to come.", capacities, "event")
        confirmed = {(slug,): counted[slug].people for slug in coming}
        yield _gauge("event_confirmed", "People who have a place.", confirmed, "event")
        waiting = {(slug,): counted[slug].waiting for slug in coming}
        yield _gauge("event_waiting", "People who wait for one.", waiting, "event")


def _gauge(name: str, words: str, values: Mapping[Any, float], *labels: str) -> Any:
    from prometheus_client.metrics_core import GaugeMetricFamily

    gauge = GaugeMetricFamily(f"portal_{name}", words, labels=labels)
    for of, value in values.items():
        gauge.add_metric(of, value)
    return gauge

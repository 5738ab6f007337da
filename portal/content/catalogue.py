"""The content folder as a running portal knows it: always whole, always the last good version of each file."""

import logging
import os
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from portal.content.event import Event
from portal.content.folder import NO_EVENTS, EventFolder, events_folder
from portal.content.images import Images, Signature, signature
from portal.content.problems import Problem
from portal.content.site import FILE_NAME, Site, site_in

log = logging.getLogger(__name__)

INTERVAL = 1.0
"""Seconds between two looks at the folder."""


class SiteError(Exception):
    """There is no site to serve: ``site.yaml`` or the folder itself cannot be read, and never could be."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True)
class Snapshot:
    """All content at one moment. A new one takes its place whole; ``version`` counts them from 1.

    ``events`` are by slug, ordered by path. ``problems`` are ordered by path and line.
    """

    site: Site
    events: Mapping[str, Event]
    problems: tuple[Problem, ...]
    version: int


class Catalogue:
    """A content folder, watched. ``snapshot`` costs a request nothing.

    The watch begins with the first ``snapshot`` in each process, so that a server may fork at any time.
    """

    def __init__(self, folder: Path, interval: float = INTERVAL) -> None:
        self.folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow the links
        self._interval = interval
        self._images = Images(self.folder)
        self._folder: EventFolder | None = None
        self._events: Mapping[str, Event] = MappingProxyType({})
        self._found: tuple[Problem, ...] = ()
        self._site: Site | None = None
        self._site_signature: Signature | None = None
        self._site_problems: tuple[Problem, ...] = ()
        self._snapshot: Snapshot | None = None
        self.begin_anew()
        here = weakref.ref(self)

        def in_child() -> None:
            if catalogue := here():
                catalogue.begin_anew()

        os.register_at_fork(after_in_child=in_child)

    def begin_anew(self) -> None:
        """For a process that was just forked: locks and threads do not come along, what was read does."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def snapshot(self) -> Snapshot:
        """What is served now. Raises ``SiteError`` when there never was a site to serve."""
        snapshot = self._snapshot if self._snapshot is not None else self.refresh()
        if self._watcher is None:
            self._watch()
        return snapshot

    def refresh(self) -> Snapshot:
        """Looks at the folder now. Raises ``SiteError`` as ``snapshot`` does."""
        with self._lock:
            self._read_site()
            if self._site is None:
                raise SiteError(self._site_problems)
            problems = list(self._site_problems)
            folder = events_folder(self.folder)
            if folder is None:
                problems.append(NO_EVENTS)
            elif self._folder is None or self._folder.folder != folder:
                self._folder = EventFolder(self.folder, folder, self._images)
            if folder is not None and self._folder is not None and self._folder.scan(self._site):
                events, self._found = self._folder.settled()
                self._events = MappingProxyType(events)
            return self._swap(self._site, (*problems, *self._found))

    def _read_site(self) -> None:
        try:
            now = signature((self.folder / FILE_NAME).stat())
        except FileNotFoundError:
            now = None
        except OSError:
            now = (0, 0, 0, 0)
        # What was wrong may be mended elsewhere: the logo put there, the rights given.
        if self._site is not None and now == self._site_signature and not self._site_problems:
            return
        try:
            site, problems = site_in(self.folder, self._images)
        except FileNotFoundError:
            site, problems = self._without_site_file()
            now = None
        self._site = site or self._site
        self._site_problems, self._site_signature = problems, now

    def _without_site_file(self) -> tuple[Site | None, tuple[Problem, ...]]:
        if self._site is not None and (self._site_signature or self._site_problems):
            # Without its file a site gives forms by default, also to events that others organise.
            what, mend = "the file is gone", "put it back, or start the portal again"
            return None, (Problem(FILE_NAME, 1, "error", what, mend),)
        if self.folder.is_dir():
            return Site(name=self.folder.name), ()
        what = f"there is no folder {self.folder}"
        mend = "make it, or point PORTAL_CONTENT_DIR to the right one"
        return None, (Problem(".", 1, "error", what, mend),)

    def _swap(self, site: Site, problems: tuple[Problem, ...]) -> Snapshot:
        """A new snapshot when anything differs, so that whoever keeps something with the old one may go on."""
        old = self._snapshot
        if old and old.site == site and old.events is self._events and old.problems == problems:
            return old
        new = Snapshot(site, self._events, problems, old.version + 1 if old else 1)
        self._snapshot = new
        return new

    def _watch(self) -> None:
        with self._lock:
            if self._watcher is not None or self._stop.is_set():
                return
            self._watcher = threading.Thread(target=self._look, name="content", daemon=True)
            self._watcher.start()

    def _look(self) -> None:
        stop = self._stop
        while not stop.wait(self._interval):
            try:
                self.refresh()
            except SiteError:
                continue
            except Exception:
                # Whatever happened to the folder, what was read is still good and the next look may succeed.
                log.exception("the content folder %s could not be read", self.folder)

    def close(self) -> None:
        """Stops the watch; the last snapshot stays."""
        self._stop.set()
        watcher = self._watcher
        if watcher is not None and watcher is not threading.current_thread():
            watcher.join()

    def changed_at(self, event: Event) -> datetime | None:
        """When its file was last written; None when it is not there any more."""
        try:
            return datetime.fromtimestamp((self.folder / event.path).stat().st_mtime, UTC)
        except OSError:
            return None

    def image_size(self, path: str) -> tuple[int, int] | None:
        """Width and height of the image at a path below ``images/``; None when it is not there, (0, 0) when
        they cannot be told."""
        return self._images.size(path)

    def image_file(self, path: str) -> Path | None:
        """The file to serve below ``/images/``; None when there is none, or when it lies outside."""
        return self._images.file(path)

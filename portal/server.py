"""`portal serve`: the production server, with a worker in each of its processes for what nobody waits for."""

import gc
import sys
from typing import Any

import click
from flask import Flask
from gunicorn import glogging
from gunicorn.app.base import BaseApplication

from portal.buffered import CONNECTIONS, BufferedWorker
from portal.settings import Settings
from portal.web import meters
from portal.web.extensions import db
from portal.worker import Worker, crew_of

THREADS = 4
"""In each process. They take turns anyway: with eight, whoever holds an event's lock waited for more of them."""
GRACE_SECONDS = 20
SWITCH_SECONDS = 0.0005
"""Who holds an event's lock waits for the database eight times, and then each time for the thread that makes a page
meanwhile: for a tenth as long as Python would let it."""


class Server(BaseApplication):  # type: ignore[misc]  # Gunicorn has no types
    """Gunicorn with the portal loaded once and shared by its processes."""

    def __init__(self, app: Flask, settings: Settings, *, host: str, port: int, workers: int) -> None:
        self._app = app
        self._portal_settings = settings
        bracketed = f"[{host}]" if ":" in host else host
        self._options = {
            "bind": f"{bracketed}:{port}",
            "workers": workers,
            "worker_class": BufferedWorker,
            "worker_connections": CONNECTIONS,
            "threads": THREADS,
            "graceful_timeout": GRACE_SECONDS,
            "preload_app": True,
            "control_socket_disable": True,  # nobody steers it from beside: another way in, left in somebody's home
            "loglevel": "warning",
            "logger_class": _Log,
            "when_ready": self._ready,
            "post_fork": self._forked,
            "worker_exit": self._exiting,
            "on_exit": self._ended,
        }
        self._worker: Worker | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def _ready(self, _arbiter: Any) -> None:
        # Said only now: the port is ours.
        name = self._app.extensions["portal"].catalogue.snapshot.site.name
        click.echo(f"{name}: {self._portal_settings.base_url}")
        self._app.extensions["portal"].catalogue.close()
        # What is loaded stays for good. Looked through by no collector, its pages stay shared among the processes.
        gc.freeze()

    def _forked(self, _arbiter: Any, process: BufferedWorker) -> None:
        gc.enable()
        sys.setswitchinterval(SWITCH_SECONDS)
        with self._app.app_context():
            engine = db.engine
        # Connections belong to the process that opened them.
        engine.dispose(close=False)
        catalogue = self._app.extensions["portal"].catalogue
        crew = crew_of(engine, self._portal_settings, catalogue, lambda: process.in_hand > 0)
        self._worker = crew.worker()
        self._app.extensions["worker"] = self._worker
        self._worker.start()

    def _exiting(self, _arbiter: Any, _process: Any) -> None:
        if self._worker:
            # Gunicorn ends a process that takes longer.
            self._worker.stop(GRACE_SECONDS)

    def _ended(self, _arbiter: Any) -> None:
        meters.forget(self._portal_settings.data_dir)


class _Log(glogging.Logger):  # type: ignore[misc]
    """What Gunicorn has to say goes into our log."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

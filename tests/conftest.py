"""The fixtures. Everything behind them is real: servers, databases, a browser, mail."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from playwright.sync_api import Browser, Page

from portal.web import meters
from tests.support.browser import open_page, start_browser
from tests.support.databases import PostgresDatabases, SqliteDatabases
from tests.support.live import LivePortal, serve_portal
from tests.support.mail import PostOffice, open_post_office
from tests.support.portal import PortalUnderTest
from tests.support.postgres import start_postgres
from tests.support.receiver import Receiver, open_receiver

# A machine that has more to do is no reason to fail: what has to be fast is measured elsewhere.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for a browser is marked as such."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a running PostgreSQL 18, with nothing in it."""
    with start_postgres() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    """``with sqlite_databases.fresh() as url`` for whoever needs a second database."""
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql_databases(postgres_url: str) -> PostgresDatabases:
    """``with postgresql_databases.fresh() as url``."""
    return PostgresDatabases(postgres_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with the portal's tables and no rows; the test runs once on each kind.

    For one kind only: ``@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)``.
    """
    with request.getfixturevalue(f"{request.param}_databases").fresh() as url:
        yield url


@pytest.fixture
def make_portal(tmp_path: Path, database_url: str) -> Iterator[Callable[..., PortalUnderTest]]:
    """Makes the test's portal, on either database: ``make_portal({"x": event_file(capacity=2)})``."""
    made: list[PortalUnderTest] = []

    def make(files: Mapping[str, str] | None = None, **options: Any) -> PortalUnderTest:
        made.append(PortalUnderTest(tmp_path / f"portal{len(made)}", database_url, files, **options))
        return made[-1]

    yield make
    for portal in made:
        portal.close()


@pytest.fixture
def smtp() -> Iterator[PostOffice]:
    """A mail server: ``smtp.url``, ``smtp.letters``, ``smtp.refuse("451 Later")``."""
    with open_post_office() as office:
        yield office


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Another program that waits for messages: ``receiver.url``, ``receiver.messages``, ``receiver.answering``."""
    with open_receiver() as listening:
        yield listening


@pytest.fixture
def live_portal(tmp_path: Path) -> Iterator[Callable[..., LivePortal]]:
    """Starts the real server: ``live_portal(smtp_url=smtp.url).url``; see serve_portal for what it takes."""
    with ExitStack() as running:

        def start(folder: str = "portal", **settings: object) -> LivePortal:
            return running.enter_context(serve_portal(tmp_path / folder, **settings))  # type: ignore[arg-type]

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    with start_browser() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page as on a phone; any fault that the browser meets on it fails the test."""
    with open_page(browser) as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def _counts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the portals of this process count, goes with the rest of what the tests leave."""
    os.environ[meters.FOLDER] = str(tmp_path_factory.mktemp("metrics"))

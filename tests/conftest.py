"""Fixtures shared by all tests."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

from scheduler.gc_control import freeze_gc
from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support import clocks, dates, seconds, servers
from tests.support.databases import Databases, owning

# No test depends on a time limit, as machines may be busy, or on chance: a commit that passes once always
# passes. `make fuzz` draws new examples instead.
hypothesis.settings.register_profile(
    "chainmeet",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile("fuzz", hypothesis.settings.get_profile("chainmeet"), derandomize=False)
hypothesis.settings.load_profile("chainmeet")

# As in our programs: the library's own tracebacks take a third of a second each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)

_configure = structlog.configure


def _configure_uncached(**options: Any) -> None:
    """Configure structlog, but cache no logger: once a test ran a command, none could capture lines."""
    _configure(**{**options, "cache_logger_on_first_use": False})


structlog.configure = _configure_uncached  # type: ignore[assignment]

MARKS = ("postgres", "broker", "smtp", "browser")


def skip_or_fail(reason: str) -> None:
    """Skip a test that cannot run here, with the reason; in CI, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade_schema(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the maintenance address of a PostgreSQL server."""
    try:
        with seconds.uncounted(servers.postgres()) as url:
            yield url
    except servers.ServerMissing as missing:
        skip_or_fail(str(missing))


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Databases:
    return Databases(postgres_server)


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """Return the address of a Redis-compatible server, shared by the session."""
    try:
        with seconds.uncounted(servers.valkey()) as url:
            yield url
    except servers.ServerMissing as missing:
        skip_or_fail(str(missing))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Return an empty, migrated database; its tests run on both SQLite and PostgreSQL.

    On PostgreSQL its role is the application's, which cannot alter tables.
    """
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = template.with_name("test.db")
        for left in template.parent.glob("test.db*"):
            left.unlink()
        shutil.copy(template, path)
        with _opened(f"sqlite:///{path}") as database:
            yield database
    else:
        databases: Databases = request.getfixturevalue("postgres_databases")
        with databases.one_opened() as database:
            yield database


@pytest.fixture
def owned_database(database: Database) -> Iterator[Database]:
    """Return the same database for the role that owns the tables, for upgrades and damage."""
    with owning(database) as owner:
        yield owner


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    """Open a database without connections of earlier tests, but with their compiled statements."""
    database = _kept(url)
    yield database
    database.dispose()


@cache
def _kept(url: str) -> Database:
    return Database(url)


def pytest_configure(config: pytest.Config) -> None:
    """Replace the machine's clock, before any module is imported."""
    only_sees_to_others = config.getoption("tx", []) and not hasattr(config, "workerinput")
    if not only_sees_to_others:
        clocks.start()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Set the clock to `NOW`, before any fixture is created.

    Time continues from one test to the next only if they share module fixtures, because tokens created in the
    future are invalid.
    """
    module = item.getparent(pytest.Module)
    if module is not item.config.stash.get(_MODULE, None) or not _shares(item):
        clocks.begin()
    item.config.stash[_MODULE] = module


_MODULE = pytest.StashKey[pytest.Module | None]()


def _shares(item: pytest.Item) -> bool:
    known = item.session._fixturemanager
    names = getattr(item, "fixturenames", ())
    return any(made.scope == "module" for name in names for made in known.getfixturedefs(name, item) or ())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--clock-bound", action="store_true", help="only what time can break (make test-dates)")


SERVED = {"broker_url": "broker", "postgres_server": "postgres", "chromium": "browser"}
"""Fixtures of real servers, and the mark of their tests."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests that use real servers, and run slow modules first."""
    if config.getoption("--clock-bound"):
        items[:] = dates.clock_bound(items)
    for item in items:
        for fixture in SERVED.keys() & getattr(item, "fixturenames", ()):
            item.add_marker(SERVED[fixture])
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)  # else one process waits at the end for another


def pytest_collection_finish(session: pytest.Session) -> None:
    """Exempt modules and tests from garbage collection, which took a tenth of the time."""
    freeze_gc()
    gc.set_threshold(50_000, 20, 20)
    session.config.stash[_CPU] = seconds.cpu()


_CPU = pytest.StashKey[float]()
"""Value of `seconds.cpu` at the last report."""


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Trace no line of a test with `no_cover`, which takes less than half of the time.

    pytest-cov alone does not hold it in processes of xdist, where an outer collector goes on.
    """
    if item.get_closest_marker("no_cover") is None:
        return (yield)
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)
        sys.settrace(tracer)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to each report the CPU seconds since the previous one."""
    report = yield
    stash, now = item.config.stash, seconds.cpu()
    vars(report)["cpu"], stash[_CPU] = now - stash.get(_CPU, now), now
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Report where the time went, and how many tests ran against each real server."""
    reports = (each for some in terminalreporter.stats.values() for each in some if hasattr(each, "cpu"))
    for line in seconds.lines(reports, seconds.budgets(seconds.BUDGET.read_text("utf-8"))):
        terminalreporter.write_line(line)
    ran: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            ran.update(mark for mark in MARKS if mark in report.keywords)
    counts = ", ".join(f"{mark} {ran[mark]}" for mark in MARKS)
    terminalreporter.write_line(f"Ran against real servers: {counts}")

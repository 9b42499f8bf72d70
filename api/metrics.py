"""Metrics for Prometheus at `/metrics`: counters of this web process, and the state of the installation.

Off (404) unless `CHAINMEET_METRICS_TOKEN` is set. A scrape must send it as a bearer token. A token needs no
second port or process, and works behind any reverse proxy.

**Requests** are counted in the process that handles them. With several gunicorn workers, a scrape reaches any
of them, and counters that belong to one would jump. So with `PROMETHEUS_MULTIPROC_DIR` (the image sets it, in
the container's own /tmp, empty at each start) all processes count in files of that folder, and each scrape
adds them. A label with the process would instead need a scrape that reaches each process. Without the
variable, the counters are those of one process, as in the embedded stack. None of them is a gauge, so files
of workers that have ended need no cleanup.

**The state** (emails, runs, workers, alerts, ...) is in rows, which any process reads in one transaction per
scrape, cached for KEPT_SECONDS. No label has an event, person or address. Routes are patterns. Each process
has at most MAX_COMBINATIONS of route, method and status; further ones count as the route "other".

The library is loaded only if metrics are on.
"""

from __future__ import annotations

import hmac
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from apiflask import APIBlueprint
from flask import Flask, Response, abort, current_app, request
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api import context
from scheduler.services.delivery import email_counts
from scheduler.services.operations import machine, site_pause, work_counts
from scheduler.storage import schema
from scheduler.storage.database import Database
from scheduler.version import installed_version
from workers import worker_registry

blueprint = APIBlueprint("metrics", __name__, enable_openapi=False)

KEPT_SECONDS = 5.0
TIMEOUT_MILLISECONDS = 2_000
"""A query of the state that takes longer counts as a database that is not available."""
MAX_COMBINATIONS = 500
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OTHER = "other"
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_KEY = "chainmeet-metrics"

Families = list[Any]


def init_app(app: Flask) -> None:
    """Count requests, if metrics are on."""
    app.extensions[_KEY] = _Metrics() if _token(app) else None


def count_request(response: Response, *, seconds: float, sql_seconds: float, octets: int | None) -> None:
    """Count a request that has been handled."""
    metrics: _Metrics | None = current_app.extensions.get(_KEY)
    if metrics is not None:
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.requests.count(
            route, _part(), request.method, response.status_code, seconds, sql_seconds, octets or 0
        )


@blueprint.get("/metrics")
def metrics() -> Response:
    """Metrics in the text format of Prometheus. 404 if they are off, and 401 without the token."""
    found: _Metrics | None = current_app.extensions.get(_KEY)
    if found is None:
        abort(404)
    given = request.headers.get("Authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {_token(current_app)}".encode()):
        return Response("The token is missing or wrong.\n", 401, {"WWW-Authenticate": "Bearer"})
    from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

    octets = generate_latest(found.registry()) + found.state_text()
    return Response(octets, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _token(app: Flask) -> str:
    return str(app.extensions[context.KEY]["settings"].metrics_token)


def _part() -> str:
    if request.endpoint == "static" or request.blueprint in ("health", "metrics", "feed"):
        return str(request.blueprint or "static")
    return "api" if (request.blueprint or "").startswith("v1") else "page"


class _Requests:
    """Counters of this process."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics

        disable_created_metrics()
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "chainmeet_http_requests",
            "Requests handled.",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._seconds = Counter(
            "chainmeet_http_request_seconds",
            "Time spent on requests, by route.",
            ("route",),
            registry=self.registry,
        )
        self._sql = Counter(
            "chainmeet_http_sql_seconds",
            "Time that requests waited for the database.",
            ("route",),
            registry=self.registry,
        )
        self._octets = Counter(
            "chainmeet_http_response_bytes", "Bytes of responses.", ("part",), registry=self.registry
        )
        self._durations = Histogram(
            "chainmeet_http_request_duration_seconds",
            "Duration of requests.",
            ("part",),
            buckets=BUCKETS,
            registry=self.registry,
        )
        self._lock = threading.Lock()
        self._known: set[tuple[str, str, str]] = set()

    def count(
        self, route: str, part: str, method: str, status: int, seconds: float, sql: float, octets: int
    ) -> None:
        series = (route, method if method in METHODS else OTHER, f"{status // 100}xx")
        with self._lock:
            if series not in self._known and len(self._known) >= MAX_COMBINATIONS:
                series = (OTHER, *series[1:])
            self._known.add(series)
        self._requests.labels(*series).inc()
        self._seconds.labels(series[0]).inc(seconds)
        self._sql.labels(series[0]).inc(sql)
        self._octets.labels(part).inc(octets)
        self._durations.labels(part).observe(seconds)


@dataclass(slots=True)
class _Metrics:
    """Counters of this process, and the cached state of the installation."""

    requests: _Requests = field(default_factory=_Requests)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _until: float = 0.0
    _text: bytes = b""

    def registry(self) -> Any:
        """Return the counters of all processes if they share a folder, else of this one."""
        if not os.environ.get(MULTIPROCESS):
            return self.requests.registry
        from prometheus_client import CollectorRegistry, multiprocess

        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
        return registry

    def state_text(self) -> bytes:
        """Return the state as text. However many scrape, it is read once per KEPT_SECONDS."""
        from prometheus_client import generate_latest

        with self._lock:
            if time.monotonic() >= self._until:
                self._text = generate_latest(cast(Any, _Given(list(_state()))))
                self._until = time.monotonic() + KEPT_SECONDS
            return self._text


@dataclass(frozen=True, slots=True)
class _Given:
    """A registry of families that were read before."""

    families: Families

    def collect(self) -> Iterable[Any]:
        return self.families


def _gauge(name: str, about: str, values: Iterable[tuple[tuple[str, ...], float]], *labels: str) -> Any:
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(f"chainmeet_{name}", about, labels=labels)
    for names, value in values:
        family.add_metric(names, value)
    return family


def _one(name: str, about: str, value: float) -> Any:
    return _gauge(name, about, [((), value)])


def _state() -> Iterator[Any]:
    began = time.perf_counter()
    database = context.shared_database()
    yield _gauge("build_info", "Version of Chainmeet.", [((installed_version(),), 1)], "version")
    yield from _of_database(database)
    yield from _of_broker()
    free = ((name, folder) for name, folder in machine.written_folders(database).items())
    yield _gauge(
        "disk_free_bytes",
        "Free space on the web's machine.",
        [((name,), shutil.disk_usage(folder).free) for name, folder in free],
        "folder",
    )
    yield _one("state_read_seconds", "Time to read the state.", time.perf_counter() - began)


def _of_database(database: Database) -> Iterator[Any]:
    state, families = schema.SchemaState(None), []
    try:
        with database.read() as session:
            if not database.is_sqlite:
                session.execute(text(f"SET LOCAL statement_timeout = {TIMEOUT_MILLISECONDS}"))
            state = schema.connection_state(session.connection())
            if state.is_usable:
                families = list(_of_rows(database, session))
        is_up = True
    except (SQLAlchemyError, schema.DatabaseUnavailable):
        is_up = False
    yield _one("database_up", "1 if the database answers in time.", is_up)
    yield _one("schema_current", "1 if this version works with the schema.", state.is_usable)
    if state.revision:
        yield _gauge("schema_info", "Revision of the schema.", [((state.revision,), 1)], "revision")
    yield from families


def _of_rows(database: Database, session: Session) -> Iterator[Any]:
    now = database.now_in(session)
    emails = email_counts.count_emails(session, now=now)
    work = work_counts.count_work(session, now=now)
    is_paused = site_pause.find_pause(session) is not None
    yield _one("site_paused", "1 while operators have paused the site.", is_paused)
    yield _gauge("emails", "Emails in the outbox that are not sent.", _by_name(emails.emails), "state")
    yield _one("emails_sent_last_5m", "Emails sent in the last 5 minutes.", emails.sent)
    yield _one("emails_oldest_due_seconds", "Age of the oldest email that is due.", emails.oldest_due)
    yield _one("email_routes_paused", "Providers that are paused after refusals.", emails.paused_routes)
    yield _gauge("runs", "Runs.", _by_name(work.runs), "state")
    yield _one("runs_oldest_waiting_seconds", "Age of the oldest waiting run.", work.oldest_run_waiting)
    yield _gauge("jobs", "Jobs that wait or run.", work.jobs.items(), "kind", "state")
    yield _one(
        "jobs_oldest_waiting_seconds", "Age of the oldest job that may start.", work.oldest_job_waiting
    )
    yield _one("inbound_emails_unread", "Incoming emails that are not processed yet.", work.inbound_unread)
    waiting = {"organisers": work.inbound_for_organisers, "operators": work.inbound_for_operators}
    yield _gauge("inbound_emails_waiting", "Replies that wait for a person.", _by_name(waiting), "reader")
    yield _one(
        "inbound_emails_oldest_waiting_seconds",
        "Age of the oldest reply that waits for a person.",
        work.oldest_inbound_waiting,
    )
    yield _gauge("alerts_open", "Open alerts.", _by_name(work.alerts), "kind")
    yield _gauge(
        "invariant_broken",
        "1 if the last check found stored data that break the invariant.",
        _by_name(work.broken_invariants),
        "invariant",
    )
    yield _gauge(
        "job_last_run_seconds", "Seconds since a scheduled job ran.", _by_name(work.last_runs), "job"
    )


def _of_broker() -> Iterator[Any]:
    counts: dict[str, int] = {}
    try:
        with worker_registry.connect(context.settings().redis_url) as broker:
            counts, is_full = worker_registry.count(broker), worker_registry.is_disk_full(broker)
            yield _one("database_disk_full", "1 if the database's disk was full lately.", is_full)
        is_up = True
    except RedisError:
        is_up = False
    yield _one("broker_up", "1 if the broker answers.", is_up)
    yield _gauge("workers", "Workers that are alive, by queue.", _by_name(counts), "queue")


def _by_name(values: Any) -> list[tuple[tuple[str, ...], float]]:
    return [((name,), value) for name, value in values.items()]

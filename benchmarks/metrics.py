"""A scrape of /metrics of an event of 3,000 firms and 72,000 emails: milliseconds, series and bytes.

    python -m benchmarks.metrics          # SQLite
    python -m benchmarks.metrics --full   # SQLite and PostgreSQL, into results/metrics.json

Each scrape reads the rows, as if the cached state had just expired. All routes have been counted, with the
number of combinations at its limit. `cached ms` is a scrape within the seconds that the state is cached.
`web ms` is the CPU time of this process, `database ms` that of PostgreSQL's backends, `p95 ms` of their sum.
Target: at most 100 ms and 2,000 series. PostgreSQL is started here, without fsync.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import insert, select

from api import metrics
from benchmarks.cpu_time import Backends
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain.entities import OutboxState, VersionState
from scheduler.services.delivery.email_counts import STOPPED
from scheduler.storage.database import Database
from scheduler.storage.models import Attendee, OutboxEmail
from scheduler.storage.schema import upgrade_schema
from tests.support import full_size
from tests.support.databases import Databases
from tests.support.factories import NOW
from tests.support.servers import postgres, valkey
from tests.support.web import web_app

EMAILS = 72_000
WAITING, FAILED = 20_000, 200
"""Of them: what a publication has just queued, and what needs a person."""
SEND_INTERVAL = timedelta(seconds=0.05)
"""Between two emails: 6,000 were sent in the last five minutes."""
ROUNDS, WARM_UP = 30, 3
TOKEN = "benchmark-" + "0" * 32
MAX_MS, MAX_SERIES = 100, metrics.MAX_COMBINATIONS * 4
HEADINGS = ("engine", "emails", "web ms", "database ms", "p95 ms", "wall ms", "cached ms", "series", "bytes")
WIDTHS = (-10, 8, 8, 12, 8, 8, 10, 8, 8)


def filled(database: Database) -> None:
    """Create an event of 3,000 firms with a published version and its emails."""
    upgrade_schema(database)
    event_id = full_size.fill(database)
    full_size.add_version(database, event_id, state=VersionState.PUBLISHED)
    now = database.now()
    with database.write() as session:
        people = session.execute(select(Attendee.id, Attendee.email).order_by(Attendee.id)).all()
        session.execute(
            insert(OutboxEmail),
            [_email(event_id, n, people[n % len(people)], now) for n in range(EMAILS)],
        )
    database.count_anew(["outbox_email"])


def _email(event_id: int, number: int, person: tuple[int, str], now: datetime) -> Json:
    state = OutboxState.SENT
    if number >= EMAILS - WAITING:
        state = OutboxState.QUEUED
    elif number < FAILED:
        state = OutboxState.FAILED
    return {
        "event_id": event_id, "kind": "invitation", "attendee_id": person[0], "to_address": person[1],
        "message_id": f"<{number}@x>", "uid": f"{number}@x", "sequence": 0, "payload": {"text": "x" * 900},
        "state": state, "created_at": NOW, "next_attempt_at": NOW,
        "sent_at": now - SEND_INTERVAL * (EMAILS - WAITING - number) if state is OutboxState.SENT else None,
    }  # fmt: skip


def counted(app: Flask) -> None:
    """Count every route in three statuses, as a web process after a day."""
    metrics.init_app(app)
    requests = app.extensions["chainmeet-metrics"].requests
    for status in (200, 303, 404):
        for rule in app.url_map.iter_rules():
            for method in rule.methods or ():
                requests.count(rule.rule, "page", method, status, 0.1, 0.1, 1)


def scrapes(app: Flask, database: Database, rounds: int) -> Iterator[tuple[float, float, float, bytes]]:
    """Yield the milliseconds of web, database and wall time, and the text, of each scrape."""
    client, backends = app.test_client(), Backends(database)
    for _ in range(rounds):
        began, worked, there = time.perf_counter(), time.thread_time(), backends.seconds()
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        web, wall = time.thread_time() - worked, time.perf_counter() - began
        yield 1000 * web, 1000 * (backends.seconds() - there), 1000 * wall, response.data


def measured(database: Database, engine: str, broker_url: str) -> Json:
    """Return the row of an engine."""
    app = web_app(database, broker_url, metrics_token=TOKEN)
    counted(app)
    kept, metrics.KEPT_SECONDS = metrics.KEPT_SECONDS, 0.0
    fresh = list(scrapes(app, database, ROUNDS + WARM_UP))[WARM_UP:]
    metrics.KEPT_SECONDS = kept
    cached = list(scrapes(app, database, ROUNDS))
    text = cached[-1][3]
    families = text_string_to_metric_families(text.decode())
    samples = [sample for family in families for sample in family.samples]
    states = {s.labels["state"]: s.value for s in samples if s.name == "chainmeet_emails"}
    assert states["queued"] == WAITING and states["failed"] == FAILED and states[STOPPED] == 0
    times = [each[:3] for each in fresh]
    web, base, wall = ([round(each[i], 1) for each in times] for i in range(3))
    both = sorted(map(sum, zip(web, base, strict=True)))
    return {
        "engine": engine,
        "emails": EMAILS,
        "web_ms": statistics.median(web),
        "database_ms": statistics.median(base),
        "p95_ms": round(both[round(0.95 * (len(both) - 1))], 1),
        "wall_ms": round(statistics.median(wall), 1),
        "cached_ms": round(statistics.median(each[0] for each in cached), 1),
        "series": len(samples),
        "bytes": len(text),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a scrape of /metrics at 3,000 firms.")
    parser.add_argument("--full", action="store_true", help="SQLite and PostgreSQL")
    full = parser.parse_args().full
    print(line(HEADINGS, WIDTHS))
    rows: list[Json] = []
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="chainmeet-metrics-")))
        broker_url = running.enter_context(valkey())
        addresses = {"SQLite": f"sqlite:///{folder / 'site.db'}"}
        if full:
            server = Databases(running.enter_context(postgres()))
            addresses["PostgreSQL"] = server.create("metrics", "template1")
        for engine, address in addresses.items():
            database = Database(address)
            filled(database)
            rows.append(measured(database, engine, broker_url))
            print(line(list(rows[-1].values()), WIDTHS))
            database.dispose()
    write_json(RESULTS / f"{stem('metrics', full)}.json", {"machine": machine(), "rows": rows})
    missed = [row["engine"] for row in rows if row["p95_ms"] > MAX_MS or row["series"] >= MAX_SERIES]
    if missed:
        raise SystemExit(f"Above {MAX_MS} ms or {MAX_SERIES:,} series: {', '.join(missed)}")


if __name__ == "__main__":
    main()

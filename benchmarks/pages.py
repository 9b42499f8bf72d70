"""All pages: bytes, requests, queries, times and first paint, for a small and a very large expo.

    python -m benchmarks.pages            # 620 firms on SQLite
    python -m benchmarks.pages --full     # 620 and 3,000 firms, on SQLite and PostgreSQL
    python -m benchmarks.pages --full --firms 3000 --rounds 9

Each page is requested in this process repeatedly (for at most half a minute), then opened once in Chromium,
which requires Playwright. PostgreSQL is started here (without fsync). Missed goals are reported.

`web ms` is the CPU time of this process, `database ms` that of PostgreSQL's backends, both as medians; SQLite
runs in this process. `p95 ms` is of their sum, the server's time for a page. Unlike `wall ms`, it excludes
the
time of other processes on a busy machine. Nothing waits for a disk here.
"""

from __future__ import annotations

import argparse
import logging
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import BrowserContext, sync_playwright
from sqlalchemy import event as events
from sqlalchemy import make_url, select
from werkzeug.test import TestResponse

from api.context import KEY
from benchmarks.cpu_time import Backends
from benchmarks.machine import RESULTS, machine
from benchmarks.page_list import PAGES
from benchmarks.report import Json, line, shown, stem, write_json
from scheduler import logs
from scheduler.domain.entities import VersionState
from scheduler.gc_control import freeze_gc, set_gc_thresholds
from scheduler.services.publishing import job_execution
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Attendee, Event, TeamMember, VersionJob
from scheduler.storage.schema import upgrade_schema
from tests.e2e.conftest import CHROMIUM_OPTIONS
from tests.support import full_size
from tests.support.databases import Databases
from tests.support.everything import serving
from tests.support.servers import postgres, valkey
from tests.support.web import Browser, web_app

SIZES = {620: 7_300, 3_000: 35_000}
"""Scheduled meetings by number of firms."""
ROUNDS, WARM_UP = 21, 3
LEAST, LONGEST = 5, 30.0
"""Minimum number of rounds, and seconds after which no more begin."""
MOST_BYTES, MOST_MS = 150_000, 100
HEADINGS = (
    "engine",
    "firms",
    "page",
    "bytes",
    "sent",
    "queries",
    "web ms",
    "database ms",
    "p95 ms",
    "wall ms",
    "requests",
    "paint ms",
)
WIDTHS = (-10, 6, -34, 8, 7, 8, 7, 12, 7, 8, 9, 9)


class Queries:
    """Counts the statements sent to a database."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        events.listen(database.engine, "before_cursor_execute", self._note)

    def _note(self, *_: object) -> None:
        self.count += 1


def filled(database: Database, firms: int) -> tuple[str, dict[str, Account]]:
    """Create an event with a published version and a draft that moves 10 % of it. Return its readers."""
    now = database.now()
    event_id = full_size.fill(
        database,
        firms=firms,
        meetings=SIZES[firms],
        now=now,
        first_day=(now + timedelta(days=20)).date(),
    )
    full_size.add_version(database, event_id, state=VersionState.PUBLISHED)
    full_size.add_version(database, event_id, moved=SIZES[firms] // 10)
    with database.read() as session:
        people = select(Account).join(Attendee, Attendee.account_id == Account.id)
        organisers = select(Account).join(TeamMember, TeamMember.account_id == Account.id)
        readers = {
            "exhibitor": session.scalars(people.where(Attendee.key == "f0-p0")).one(),
            "attendee": session.scalars(people.where(Attendee.key == "f0-p1")).one(),
            "organiser": session.scalars(organisers.where(TeamMember.event_id == event_id)).one(),
        }
        return session.get_one(Event, event_id).key, readers


def asked(reader: Browser, database: Database, path: str, queries: Queries, rounds: int) -> Json:
    """Request a page repeatedly and return its server statistics."""

    def look() -> TestResponse:
        answer = reader.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}: {answer.text[:300]}")
        return answer

    for _ in range(WARM_UP):
        look()
    backends, until = Backends(database), time.perf_counter() + LONGEST
    wall: list[float] = []
    web: list[float] = []
    base: list[float] = []
    while len(wall) < rounds and (len(wall) < LEAST or time.perf_counter() < until):
        count, began, worked, there = (
            queries.count,
            time.perf_counter(),
            time.thread_time(),
            backends.seconds(),
        )
        answer = look()
        web.append(1000 * (time.thread_time() - worked))
        wall.append(1000 * (time.perf_counter() - began))
        base.append(1000 * (backends.seconds() - there))
        sent = queries.count - count
    packed = reader.client.get(path, headers={"Accept-Encoding": "gzip"})
    both = sorted(map(sum, zip(web, base, strict=True)))
    return {
        "bytes": len(answer.data),
        "sent": len(packed.data),
        "queries": sent,
        "web_ms": round(statistics.median(web), 1),
        "database_ms": round(statistics.median(base), 1),
        "p95_ms": round(both[round(0.95 * (len(both) - 1))], 1),
        "wall_ms": round(statistics.median(wall), 1),
        "rounds": len(wall),
    }


def opened(context: BrowserContext, address: str) -> Json:
    """Return the requests and first contentful paint of a page in a browser with an empty cache."""
    page = context.new_page()
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    page.goto(address, wait_until="load")
    paint = page.evaluate(
        "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null"
    )
    page.close()
    return {"requests": len(seen), "paint_ms": None if paint is None else round(paint)}


@contextmanager
def browsers(app: Flask) -> Iterator[tuple[str, BrowserContext]]:
    """Serve the application, and start a browser with the width of a phone."""
    with ExitStack() as running:
        site = running.enter_context(serving(app))
        playwright = running.enter_context(sync_playwright())
        chromium = running.enter_context(
            playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM_OPTIONS))
        )
        yield site, chromium.new_context(viewport={"width": 390, "height": 844})


def measured(database: Database, engine: str, firms: int, only: Sequence[str], rounds: int) -> Iterator[Json]:
    """Yield a row per page."""
    key, accounts = filled(database, firms)
    freeze_gc()  # as a web process does after start
    set_gc_thresholds()
    with valkey() as broker:
        app = web_app(database, broker)
        compare(app, database, Browser(app, accounts["organiser"]), key)
        queries = Queries(database)
        with browsers(app) as (site, context):
            for role, pages in PAGES.items():
                reader = Browser(app, accounts[role])
                sign_in(context, reader, site)
                for name, path in pages.items():
                    if not only or any(word in name for word in only):
                        where = f"/events/{key}/{path}" if path else f"/events/{key}"
                        row = {"engine": engine, "firms": firms, "page": f"{role}: {name}"}
                        yield (
                            row
                            | asked(reader, database, where, queries, rounds)
                            | opened(context, site + where)
                        )


def compare(app: Flask, database: Database, organiser: Browser, key: str) -> None:
    """Compare both versions, as a worker does once, so that their pages are complete."""
    for number in (1, 2):
        organiser.get(f"/events/{key}/versions/{number}")
    with database.read() as session:
        jobs = session.scalars(select(VersionJob.id)).all()
    for job in jobs:
        job_execution.execute_job(database, job, worker="benchmark", settings=app.extensions[KEY]["settings"])


def sign_in(context: BrowserContext, reader: Browser, site: str) -> None:
    """Copy the reader's session to Chromium."""
    context.clear_cookies()
    cookie = reader.client.get_cookie("chainmeet")
    if cookie is None:
        raise RuntimeError("the reader is not signed in")
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": site}])


def misses(row: Json) -> list[str]:
    """Return sentences about the goals that a page misses."""
    found = []
    if row["bytes"] > MOST_BYTES:
        found.append(f"{row['page']} has {row['bytes']:,} bytes, more than {MOST_BYTES:,}")
    if row["p95_ms"] > MOST_MS:
        found.append(f"{row['page']} takes {row['p95_ms']} ms on {row['engine']}, more than {MOST_MS}")
    return found


def grown(rows: Sequence[Json]) -> list[str]:
    """Return the pages whose number of queries grows with the number of firms."""
    known: dict[tuple[str, str], set[int]] = {}
    for row in rows:
        known.setdefault((row["engine"], row["page"]), set()).add(row["queries"])
    return [
        f"{page} sends {', '.join(map(str, sorted(counts)))} queries on {engine}"
        for (engine, page), counts in known.items()
        if len(counts) > 1
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Every page: bytes, requests, queries, times.")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--firms", type=int, choices=list(SIZES), help="of these sizes this one alone")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", nargs="*", default=[], metavar="WORD", help="pages with these in the name")
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args()
    logs.configure("json", level=logging.ERROR)  # access lines would stand between the rows
    rows: list[Json] = []
    print(line(HEADINGS, WIDTHS))
    for engine, firms, url in _databases(full=given.full, firms=given.firms):
        database = Database(url)
        upgrade_schema(database)
        for row in measured(database, engine, firms, given.only, given.rounds):
            rows.append(row)
            print(line([row[name.replace(" ", "_")] for name in HEADINGS], WIDTHS), flush=True)
        database.dispose()
    document = {"machine": machine(), "rows": rows}
    write_json(given.out / f"{stem('pages', given.full)}.json", document)
    for word in [miss for row in rows for miss in misses(row)] + grown(rows):
        print("missed:", word)
    print("pages:", shown(len({row["page"] for row in rows})))


def _databases(*, full: bool, firms: int | None) -> Iterator[tuple[str, int, str]]:
    """Yield empty databases: engine, number of firms, URL."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        server = Databases(running.enter_context(postgres())) if full else None
        for size in [firms] if firms else SIZES if full else [min(SIZES)]:
            yield "sqlite", size, f"sqlite:///{folder}/{size}.sqlite"
            if server is not None:
                yield "postgresql", size, _alone(running.enter_context(server.one()))


def _alone(url: str) -> str:
    """Return the URL with parallel query disabled, because time of parallel workers would not be counted."""
    options = {"options": "-c max_parallel_workers_per_gather=0"}
    return make_url(url).update_query_dict(options).render_as_string(hide_password=False)


if __name__ == "__main__":
    main()

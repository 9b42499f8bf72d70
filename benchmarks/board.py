"""Board and change review benchmark: server milliseconds, queries and response sizes.

    python -m benchmarks.board [--full] [--views 100] [--out benchmarks/results]

The event has 60 firms and 700 meetings, or 3,000 and 35,000 with --full, on PostgreSQL after ANALYZE. Version
1
is published, 2 is a manual draft of it, and 3 moves nine of ten meetings and is compared. Views are random:
any day, half, hall and page, by place or by person; with a selected meeting; polling for changes of others;
any page of the changes, filtered, or between two versions. The application runs in this process. `cpu` is the
processor time of the application and the database, `ms` the wall time. Selecting a meeting asks the board
worker, here in the same process: its time is included in that of the page, and listed in a row of its own.
Beginning a draft and loading a plan are done once by workers. A first view fills caches for later ones.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, event, select

from api.pages.board import board
from benchmarks.cpu_time import Backends
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, stem, write_json
from scheduler.domain.entities import VersionState
from scheduler.gc_control import freeze_gc, set_gc_thresholds
from scheduler.services.board import board_view, manual_drafts
from scheduler.services.board.board_view import BoardQuery, BoardView
from scheduler.services.board.placement_search import PlacementSearch
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Role
from scheduler.services.publishing import comparisons
from scheduler.services.schedule import versions
from scheduler.storage.database import Database
from scheduler.storage.models import Account, Event
from scheduler.storage.schema import upgrade_schema
from tests.support import servers
from tests.support.full_size import add_version, fill
from tests.support.publishing import SETTINGS
from tests.support.web import Browser, web_app

FULL, QUICK = (3_000, 35_000), (60, 700)
HEADINGS = ("what", "views", "p50 ms", "p95 ms", "p95 cpu ms", "queries", "octets")
WIDTHS = (-22, 6, 8, 8, 10, 9, 9)


@dataclass
class Views:
    """Measurements of all views of a kind."""

    ms: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    octets: list[int] = field(default_factory=list)

    def row(self, what: str) -> Json:
        p50, p95 = np.quantile(self.ms, [0.5, 0.95])
        counts = f"{min(self.queries)}-{max(self.queries)}" if self.queries else None
        return {
            "what": what, "views": len(self.ms), "p50 ms": round(float(p50), 1),
            "p95 ms": round(float(p95), 1), "p95 cpu ms": round(float(np.quantile(self.cpu, 0.95)), 1),
            "queries": counts, "octets": max(self.octets, default=None),
        }  # fmt: skip


class Desk:
    """An event of a given size, its organiser's browser, and the board worker."""

    def __init__(self, database: Database, firms: int, meetings: int) -> None:
        self.database = database
        self.event_id = fill(database, firms=firms, meetings=meetings)
        add_version(database, self.event_id, state=VersionState.PUBLISHED)
        with database.write() as session:
            self.key = session.get_one(Event, self.event_id).key
            self.actor = Actor(None, self.event_id, self.key, team_role=Role.OWNER)
            account = session.scalars(select(Account).order_by(Account.id)).first()
        assert account is not None
        self.browser = Browser(web_app(database, "redis://127.0.0.1:1"), account)
        self.views: dict[str, Views] = {}
        self.queries = 0
        event.listen(Engine, "before_cursor_execute", self._count)
        self.desk = PlacementSearch(database)
        board.board_queries.ask = self._ask  # type: ignore[attr-defined]

    def _count(self, *_: Any) -> None:
        self.queries += 1

    def _ask(self, event_id: int, number: int, question: Any, **_: Any) -> Json:
        """Return the worker's answer, without counting its queries for the page."""
        queries = self.queries
        answer: Json = self.timed("the worker's answer", lambda: self.desk.answer(event_id, number, question))
        self.queries = queries
        return answer

    def timed(self, what: str, do: Callable[[], Any]) -> Any:
        views = self.views.setdefault(what, Views())
        queries = self.queries
        backends = Backends(self.database)
        self.queries = queries
        began, cpu = time.perf_counter(), time.thread_time() + backends.seconds()
        done = do()
        views.ms.append(1000 * (time.perf_counter() - began))
        views.cpu.append(1000 * (time.thread_time() + backends.seconds() - cpu))
        return done

    def look(self, what: str, rest: str) -> None:
        """Request one page, including the worker's time."""
        self.queries = 0
        page = self.timed(what, lambda: self.browser.client.get(f"/events/{self.key}/{rest}"))
        if page.status_code not in (200, 204):
            raise SystemExit(f"{rest} gives {page.status_code}")
        views = self.views[what]
        views.queries.append(self.queries)
        views.octets.append(len(page.data))

    def drafts(self, meetings: int) -> None:
        """Begin the manual draft, and compare a version that changes nearly all meetings."""

        def begin() -> int:
            with self.database.write() as session:
                return manual_drafts.start_draft(session, self.actor, 1, now=self.database.now_in(session))

        self.timed("a draft begun", begin)
        add_version(self.database, self.event_id, moved=meetings * 9 // 10)
        with self.database.write() as session:
            version = versions.get_version(session, self.event_id, 3)
            now = self.database.now_in(session)
            comparisons.store_comparison(
                session, comparisons.compute_comparison(session, version, SETTINGS, now=now)
            )
        PlacementSearch(self.database).answer(self.event_id, 2, {})  # compiles the search
        self.timed("a plan read", lambda: self.desk.answer(self.event_id, 2, {}))


def part(seen: BoardView, draws: random.Random) -> str:
    """Return the query string of a random part of the board."""
    rows = draws.choice(("place", "person"))
    half = draws.choice(("morning", "afternoon"))
    hall = draws.choice(list(seen.halls))
    return f"day={draws.choice(seen.days).isoformat()}&half={half}&hall={hall}&rows={rows}"


def look_around(desk: Desk, count: int, seed: int = 1) -> None:
    draws = random.Random(seed)
    with desk.database.read() as session:
        seen = board_view.get_board(session, desk.actor, 2, BoardQuery())
        held = versions.list_meetings(session, versions.get_version(session, desk.event_id, 2).id)
    for warm in ("board", f"board?draft=2&pick={held[0].request}", "versions/3/changes"):
        desk.browser.client.get(f"/events/{desk.key}/{warm}")
    for kept in ("board", "picked up", "the worker's answer"):
        desk.views.pop(kept, None)
    desk.look("people, first look", "versions/3/changes?text=a")
    desk.look("two, first look", "versions/3/changes?against=2")
    for n in range(count):
        there = part(seen, draws)
        desk.look("board", f"board?draft=2&{there}&page={draws.randint(1, 8)}")
        desk.look("picked up", f"board?draft=2&{there}&pick={draws.choice(held).request}")
        desk.look("news of others", "board/2/updates?seen=0")
        desk.look("changes", f"versions/3/changes?page={draws.randint(1, 20)}")
        if n % 4 == 0:
            desk.look("changes, narrowed", f"versions/3/changes?show=choice&text={draws.choice('abcdef')}")
            desk.look("two versions", f"versions/3/changes?against=2&page={draws.randint(1, 20)}")


def rows(firms: int, meetings: int, count: int) -> Iterator[Json]:
    with servers.postgres() as url:
        database = Database(url)
        try:
            upgrade_schema(database)
            desk = Desk(database, firms, meetings)
            desk.drafts(meetings)
            freeze_gc()  # as a web process does after start
            set_gc_thresholds()
            look_around(desk, count)
            for what, views in desk.views.items():
                yield views.row(what)
        finally:
            database.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", action="store_true", help="3,000 firms, about three minutes")
    parser.add_argument("--views", type=int, default=100)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    firms, meetings = FULL if options.full else QUICK
    print(f"{firms:,} firms, {meetings:,} meetings\n{line(HEADINGS, WIDTHS)}", flush=True)
    found: list[Json] = []
    for row in rows(firms, meetings, options.views):
        found.append(row)
        print(line([row[key] for key in HEADINGS], WIDTHS))
    how = {"firms": firms, "meetings": meetings, **machine()}
    write_json(options.out / f"{stem('board', options.full)}.json", {"how": how, "rows": found})


if __name__ == "__main__":
    main()

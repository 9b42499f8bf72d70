"""Client-side cost of a small query: statements built each time or once, with or without ORM objects.

    python -m benchmarks.statements [--times 2000] [--out DIR]

CPU microseconds of this process, the best of nine batches, for the open requests of a firm with three others.
The result is empty, so what remains is the overhead of SQLAlchemy and psycopg.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.orm import Session

from benchmarks.machine import RESULTS, machine
from benchmarks.report import line, write_json
from scheduler.domain.entities import OPEN_REQUESTS, RequestState
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import MeetingRequest
from scheduler.storage.rows import rows_of
from scheduler.storage.schema import upgrade_schema
from tests.support import servers

PARTS = 9
VALUES = {"own": 3, "firms": [1, 2, 4]}
HEADINGS, WIDTHS = ("a query", "us"), (-46, 6)


def made(own: Any, firms: Any) -> Select[str, RequestState, int, int]:
    """Return the query, for bind parameters or values."""
    by, to = MeetingRequest.from_firm_id, MeetingRequest.to_firm_id
    both = or_((by == own) & in_chunks(to, firms), (to == own) & in_chunks(by, firms))
    query = select(MeetingRequest.key, MeetingRequest.state, by, to)
    return query.where(MeetingRequest.state.in_(OPEN_REQUESTS), both).order_by(MeetingRequest.id)


def steps(session: Session) -> dict[str, Callable[[], object]]:
    once = made(bindparam("own"), bindparam("firms"))
    return {
        "put together only": lambda: made(**VALUES),
        "made anew, by the session": lambda: session.execute(made(**VALUES)).all(),
        "made once, by the session": lambda: session.execute(once, VALUES).all(),
        "made once, rows of columns (rows_of)": lambda: rows_of(session, once, **VALUES).all(),
    }


def measured(step: Callable[[], object], times: int) -> float:
    """Return CPU microseconds per call."""
    each = max(1, times // PARTS)
    found = []
    for _ in range(PARTS + 1):  # the first is a warm-up
        began = time.thread_time()
        for _ in range(each):
            step()
        found.append((time.thread_time() - began) / each)
    return round(1e6 * min(found[1:]), 1)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    print(line(HEADINGS, WIDTHS))
    rows = []
    with servers.postgres() as url:
        database = Database(url)
        upgrade_schema(database)
        with database.read() as session:
            for name, step in steps(session).items():
                microseconds = measured(step, options.times)
                rows.append({"query": name, "us": microseconds})
                print(line((name, microseconds), WIDTHS))
        database.dispose()
    write_json(options.out / "statements.json", {"how": machine(), "rows": rows})


if __name__ == "__main__":
    main()

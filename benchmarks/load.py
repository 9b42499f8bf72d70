"""Web load test: 200 concurrent exhibitors, latency by route, CPU time per page, and memory.

    python -m benchmarks.load [--full] [--users N] [--seconds S] [--firms 620] [--requests 11000] [--out DIR]

Starts its own stack: PostgreSQL (without fsync), valkey, gunicorn with 2 workers of 8 threads. An expo is
generated, planned (first fit) and published. By default 20 users for 30 seconds, with --full 200 users for
ten minutes. Each user signs in and repeats a journey with pauses of 1 to 3 s. Then one user alone repeats it,
to measure CPU time by route. CPU time is roughly valid on a busy machine too; latency is not.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from benchmarks.load_stack import Stack, stack
from benchmarks.load_users import Answer, User, alone, at_once
from benchmarks.machine import RESULTS, machine
from benchmarks.peers import first_fit
from benchmarks.report import Json, line, stem, write_json
from chainmeet.demo import load_sample
from chainmeet.demo.event import first_day
from scheduler.domain.entities import RequestState, VersionState
from scheduler.samples.event import SampleEvent
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem
from scheduler.services.identity import sign_in
from scheduler.services.schedule import versions
from scheduler.storage.models import Attendee, Event, ScheduleVersion

QUICK, FULL = (20, 30.0), (200, 600.0)
"""Users, and seconds."""
THINK = (1.0, 3.0)
"""Range of pauses between two steps of a user, in seconds."""
ROUNDS = 25
"""Rounds of the single user."""
WARM_UP = 5
"""Warm-up rounds, which compile templates and prepare statements."""
HEADINGS = ("route", "requests", "errors", "p50 ms", "p95 ms", "p99 ms", "web CPU ms", "database CPU ms")
WIDTHS = (-18, 8, 6, 7, 7, 7, 10, 15)


def load_event(made: Stack, firms: int, requests: int) -> str:
    """Create the expo with a published plan. Return its key."""
    now = made.database.now()
    expo = make_expo(firms=firms, requests=requests, seed=1, start=first_day(now.date()))
    with made.database.write() as session:
        event = load_sample.load(
            session, expo, organiser_email="o@expo.example", secret_key=made.settings.secret_key, now=now
        )
        event.publish_hold = 0
        _publish(session, event, expo, now)
        key = event.key
    with made.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))  # as autovacuum does in a long-lived database
    return key


def _publish(session: Session, event: Event, expo: SampleEvent, now: datetime) -> None:
    """Insert the rows of a published version, without its emails."""
    accepted = {request.key for request in expo.requests if request.state is RequestState.ACCEPTED}
    meetings = [one for one in first_fit.plan(to_problem(expo), 60.0) if one.request in accepted]
    version = ScheduleVersion(
        event_id=event.id,
        number=1,
        state=VersionState.PUBLISHED,
        status="feasible",
        score=0.0,
        terms={},
        unscheduled=[],
        created_at=now,
        published_at=now,
    )
    session.add(version)
    session.flush()
    versions.store_meetings(session, version, meetings)


async def signed_in(made: Stack, event: str, count: int) -> list[User]:
    """Return exhibitors with a session each. Sign-in is not measured."""
    with made.database.write() as session:
        exhibitors = (
            select(Attendee.account_id)
            .join(Event, Event.id == Attendee.event_id)
            .where(Event.key == event, Attendee.is_exhibitor)
            .order_by(Attendee.id)
            .limit(count)
        )
        now, key = made.database.now(), made.settings.secret_key
        links = [
            sign_in.make_sign_in_link(session, account, secret_key=key, now=now)
            for account in session.scalars(exhibitors).all()
        ]
    users = []
    for number, link in enumerate(links):
        user = User(made.port, event, f"10.1.{number // 250}.{number % 250 + 1}", random.Random(number))
        await user.sign_in(link)
        users.append(user)
    return users


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that is not exceeded by `share` of the values, in ms."""
    ordered = sorted(values)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def row(route: str, answers: Sequence[Answer], cpu: Sequence[dict[str, int]]) -> Json:
    """Return the statistics of a route's requests, with the median CPU time of one."""
    seconds = [answer.seconds for answer in answers]
    costs = {
        f"{name}_cpu_ms": round(statistics.median(each[name] for each in cpu) / 1e6, 2) if cpu else None
        for name in ("web", "database")
    }
    return {
        "route": route,
        "requests": len(answers),
        "errors": sum(answer.is_error for answer in answers),
        **{f"p{share}_ms": percentile(seconds, share / 100) for share in (50, 95, 99)},
        **costs,
    }


async def measure(made: Stack, event: str, users: int, seconds: float) -> Json:
    """Return the whole document except the machine."""
    visitors = await signed_in(made, event, users)
    await alone(visitors[0], WARM_UP, made.nanoseconds)
    before = made.seconds()
    answers = await at_once(visitors, seconds, THINK)
    spent = {name: value - before[name] for name, value in made.seconds().items()}
    costs = await alone(visitors[0], ROUNDS, made.nanoseconds)
    by_route: dict[str, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_route[answer.route].append(answer)
    each = {name: round(1000 * value / len(answers), 2) for name, value in spent.items()}
    return {
        "total": {
            "users": len(visitors),
            "seconds": seconds,
            "requests": len(answers),
            "errors": sum(answer.is_error for answer in answers),
            "cpu_ms_a_request": each,
            "pages_a_cpu_second": round(len(answers) / (spent["web"] + spent["database"]), 1),
            "web_mb": max(made.peaks()["web"]),
        },
        "rows": [row(route, found, costs.get(route, ())) for route, found in sorted(by_route.items())],
    }


def shown(document: Json) -> str:
    """Return the table and the totals below it."""
    lines = [line(HEADINGS, WIDTHS)]
    lines += [line(tuple(each.values()), WIDTHS) for each in document["rows"]]
    total = document["total"]
    each = " + ".join(f"{name} {value}" for name, value in total["cpu_ms_a_request"].items())
    lines.append(
        f"{total['requests']:,} requests, {total['errors']} errors; CPU ms a request: {each}; "
        f"pages a CPU second of web and database: {total['pages_a_cpu_second']}; "
        f"a web worker: {total['web_mb']} MB"
    )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="200 users for ten minutes")
    parser.add_argument("--users", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--firms", type=int, default=620)
    parser.add_argument("--requests", type=int, default=11_000)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    users, seconds = FULL if options.full else QUICK
    users, seconds = options.users or users, options.seconds or seconds
    how = {"firms": options.firms, "asked": options.requests, **machine()}
    with stack() as made:
        event = load_event(made, options.firms, options.requests)
        document = {"how": how, **asyncio.run(measure(made, event, users, seconds))}
        print(shown(document))
        broken = made.log.read_text("utf-8", "replace").count("Traceback")
        if broken:
            print(f"{broken} tracebacks in the log of the web")
    write_json(options.out / f"{stem('load', options.full)}.json", document)


if __name__ == "__main__":
    main()

"""Many events in one night: overnight runs that publish, all due at once, with few solve workers.

    python -m benchmarks.overnight_queue [--full] [--workers 2] [--seconds 5] [--out benchmarks/results]

Starts its own stack with the clock, solve workers of one thread each, and the jobs worker. By default 10
events of 30 firms, with --full 100 events of 600 firms with 9,000 requests each. No event has a published
schedule before. Measured are the time that each run waits, the order in which runs start, and whether each
event is published, or has a reason why not. Searches are short: how long the night would last with searches
of 60 s is calculated from the time that a run takes besides its search.

Targets: each run ends, none starts later than its turn by more than the number of workers, and each event is
published or has a reason.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import func, select, update

from benchmarks.load_stack import CLOCK, Stack, stack
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, stem, write_json
from chainmeet.demo import load_sample
from chainmeet.demo.event import first_day
from scheduler.domain.entities import AfterRun, JobKind, VersionState
from scheduler.samples.expo import make_expo
from scheduler.services.planning.runs.runs import OPEN_STATES
from scheduler.services.publishing.version_jobs import OPEN
from scheduler.solver.annealing.warmup import warm_up
from scheduler.storage.models import Event, Run, RunSchedule, ScheduleVersion, VersionJob

QUICK, FULL = (10, 30, 150), (100, 600, 9_000)
"""Events, firms and requests."""
USUAL_SECONDS = 60
"""Search time of an overnight run by default."""
WORKERS = (1, 2, 4, 8, 16)
"""Numbers of solve workers for which the length of a night is calculated."""
LOOK = 1.0
"""Seconds between two looks at the night."""
PATIENCE = 4 * 3600.0


@dataclass(frozen=True, slots=True)
class EventNight:
    """An event's overnight run. Times are in seconds since the runs were due, None if it did not happen."""

    turn: int
    started: float | None
    finished: float | None
    published: float | None
    reason: str

    @property
    def is_settled(self) -> bool:
        """True if the schedule is published, or the organisers have a reason why not."""
        return self.published is not None or bool(self.reason)


def make_events(made: Stack, count: int, firms: int, requests: int, seconds: int) -> None:
    """Create events of the same size, with an overnight run each that publishes."""
    now = made.database.now()
    sample = make_expo(firms=firms, requests=requests, seed=1, start=first_day(now.date()))
    for number in range(count):
        with made.database.write() as session:
            event = load_sample.load(
                session,
                replace(sample, key=f"expo-{number}"),
                organiser_email="o@expo.example",
                secret_key=made.settings.secret_key,
                now=now,
            )
            event.solve_seconds, event.publish_hold = seconds, 0
    made.database.count_anew(("event", "firm", "attendee", "meeting_request", "slot", "place"))


def begin_night(made: Stack) -> datetime:
    """Make the overnight runs of all events due. Return the time."""
    with made.database.write() as session:
        now = made.database.now_in(session)
        session.execute(update(RunSchedule).values(then=AfterRun.PUBLISH, next_at=now))
    return now


def await_end(made: Stack, events: int) -> None:
    """Wait until every event's run and its publication have ended. Raises TimeoutError."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        with made.database.read() as session:
            runs = select(func.count()).select_from(Run)
            ended = session.scalars(runs.where(Run.state.not_in(OPEN_STATES))).one()
            jobs = select(func.count()).select_from(VersionJob).where(VersionJob.state.in_(OPEN))
            if ended >= events and not session.scalars(jobs).one():
                return
        time.sleep(LOOK)
    raise TimeoutError(f"only {ended} of {events} runs have ended")


def list_nights(made: Stack, due: datetime) -> list[EventNight]:
    """Return the nights of all events by turn, which is the order in which their runs were queued."""
    job = (VersionJob.version_id == ScheduleVersion.id) & (VersionJob.kind == JobKind.PUBLISH)
    query = (
        select(
            Run.started_at,
            Run.finished_at,
            ScheduleVersion.state,
            ScheduleVersion.published_at,
            func.coalesce(Run.error, VersionJob.error, ""),
        )
        .join(Event, Event.id == Run.event_id)
        .outerjoin(ScheduleVersion, ScheduleVersion.run_id == Run.id)
        .outerjoin(VersionJob, job)
        .order_by(Run.id)
    )

    def since(moment: datetime | None) -> float | None:
        return None if moment is None else round((moment - due) / timedelta(seconds=1), 1)

    with made.database.read() as session:
        return [
            EventNight(
                turn,
                since(started),
                since(finished),
                since(published) if state is VersionState.PUBLISHED else None,
                reason,
            )
            for turn, (started, finished, state, published, reason) in enumerate(session.execute(query))
        ]


def figures(nights: Sequence[EventNight], workers: int, seconds: int) -> Json:
    """Return the statistics of a night."""
    began = sorted((night.started, night.turn) for night in nights if night.started is not None)
    turns_late = [position - turn for position, (_, turn) in enumerate(began)]
    took = [
        night.finished - night.started for night in nights if night.finished and night.started is not None
    ]
    around = max(0.0, statistics.mean(took) - seconds)
    each = USUAL_SECONDS + around
    return {
        "events": len(nights),
        "ended": len(took),
        "published": sum(night.published is not None for night in nights),
        "not_published": dict(Counter(n.reason for n in nights if n.published is None)),
        "unexplained": sum(not night.is_settled for night in nights),
        "most_turns_late": max(turns_late),
        "wait_s": spread([started for started, _ in began]),
        "run_s": spread(took),
        "published_s": spread([night.published for night in nights if night.published is not None]),
        "run_s_besides_search": round(around, 1),
        f"minutes_with_{USUAL_SECONDS}_s": {n: round(len(nights) * each / n / 60) for n in WORKERS},
        "starts_within_an_hour": {n: min(len(nights), n * int(3600 / each + 1)) for n in WORKERS},
        "missed": missed(nights, len(took), max(turns_late), workers),
    }


def spread(values: Sequence[float]) -> Json:
    """Return the median and the longest of times in seconds."""
    return {"median": round(statistics.median(values), 1), "longest": round(max(values), 1)} if values else {}


def missed(nights: Sequence[EventNight], ended: int, turns_late: int, workers: int) -> list[str]:
    """Return sentences about the missed targets."""
    unexplained = sum(not night.is_settled for night in nights)
    found = {
        f"{len(nights) - ended} runs have not ended": len(nights) > ended,
        f"a run started {turns_late} turns late": turns_late > workers,
        f"{unexplained} events are not published, without a reason": unexplained > 0,
    }
    return [sentence for sentence, is_missed in found.items() if is_missed]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--workers", type=int, default=2, help="runs at the same time")
    parser.add_argument("--seconds", type=int, default=5, help="search time of a run")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    events, firms, requests = FULL if options.full else QUICK
    warm_up()  # compiles the kernels into the cache of all processes, or the first run would
    how = {"firms": firms, "requests": requests, "workers": options.workers, "seconds": options.seconds}
    with stack("solve", "jobs", CLOCK, processes=options.workers, solve_workers=1, tick_seconds=2) as made:
        make_events(made, events, firms, requests, options.seconds)
        due = begin_night(made)
        await_end(made, events)
        total = figures(list_nights(made, due), options.workers, options.seconds)
    for name, value in total.items():
        print(f"{name.replace('_', ' ')}: {value}")
    write_json(
        options.out / f"{stem('overnight-queue', options.full)}.json",
        {"machine": machine(), "how": how, "total": total},
    )


if __name__ == "__main__":
    main()

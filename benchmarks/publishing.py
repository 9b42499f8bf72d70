"""Publication at full size under load: latency of users, and resources.

    python -m benchmarks.publishing [--firms 3000] [--meetings 35000] [--people-browsing 50] [--out DIR]

Starts its own stack: PostgreSQL (without fsync), valkey, gunicorn with 2 workers of 8 threads, and the jobs
worker. A draft moves every meeting of the published version. It is compared and published as by an organiser
in a browser, while simulated users browse. The same load before that is the baseline.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import select, text

from benchmarks.load import THINK, percentile, signed_in
from benchmarks.load_stack import Stack, stack
from benchmarks.load_users import Answer, User, alone, at_once, cost, until
from benchmarks.machine import RESULTS, machine
from benchmarks.report import Json, line, write_json
from chainmeet.demo.event import first_day
from scheduler.domain.entities import JobKind, JobState, VersionState
from scheduler.services.identity import sign_in
from scheduler.services.publishing import version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.models import Account, Event
from tests.support.full_size import add_version, fill

BEFORE = 30.0
"""Seconds of the same load without a publication."""
LOOKS = 10
"""Requests of the draft's page after its comparison."""
DRAFT = 2
PATIENCE = 900.0
"""Timeout of a job in seconds."""
GOALS = {"waits_longer_ms": 500.0, "web_mb": 400.0, "job_mb": 300.0, "page_web_cpu_ms": 100.0}
"""Upper limits of the totals by name."""
HEADINGS = ("while", "requests", "errors", "p50 ms", "p99 ms", "longest ms", "its route")
WIDTHS = (-10, 8, 6, 7, 7, 10, -18)


@dataclass(frozen=True, slots=True)
class Organiser:
    """An organiser's browser, and the event that it shows."""

    made: Stack
    event: Event
    browser: User

    async def look(self, path: str = "") -> Answer:
        return await self.browser.ask("draft", "GET", self._path(path))

    async def press(self, path: str, form: dict[str, str]) -> Answer:
        return await self.browser.ask("draft", "POST", self._path(path), form)

    def _path(self, path: str) -> str:
        return f"/events/{self.event.key}/versions/{DRAFT}{path}"

    async def follow(self, kind: JobKind) -> Json:
        """Poll until the job has ended. Return the job, with the longest wait for a lock."""
        longest = 0.0
        for second in range(int(PATIENCE * 10)):
            await asyncio.sleep(0.1)
            longest = max(longest, await asyncio.to_thread(_longest_lock_wait, self.made))
            job = await asyncio.to_thread(self._job, kind)
            if job["state"] not in version_jobs.OPEN:
                return job | {"longest_lock_wait_ms": round(1000 * longest, 1)}
            if second % 10 == 0:
                await self.look("/panel")
        raise TimeoutError(f"{kind} is not done")

    def _job(self, kind: JobKind) -> Json:
        with self.made.database.read() as session:
            version = versions.get_version(session, self.event.id, DRAFT)
            job = version_jobs.find_latest_job(session, version, kind)
            if job is None:
                raise RuntimeError(f"nobody has asked to {kind}: {self.browser.page[:500]}")
            began, ended = job.started_at, job.finished_at
            seconds = (ended - began).total_seconds() if began and ended else None
            return {"state": job.state, "error": job.error, "seconds": seconds, "mails": job.mails}


def _longest_lock_wait(made: Stack) -> float:
    """Return the longest present wait of a database session for a lock, in seconds."""
    longest = "SELECT extract(epoch FROM max(clock_timestamp() - waitstart)) FROM pg_locks WHERE NOT granted"
    with made.database.read() as session:
        return float(session.scalar(text(longest)) or 0)


async def meanwhile(
    users: list[User], work: Callable[[], Awaitable[Json]], *, think: tuple[float, float] = THINK
) -> tuple[Json, list[Answer]]:
    """Run `work` under the load of the users. Return the results of both."""
    task = asyncio.ensure_future(work())
    answers = await until(users, task.done, think)
    return await task, answers


def figures(name: str, answers: list[Answer]) -> Json:
    """Return latency statistics of a phase."""
    seconds = [answer.seconds for answer in answers]
    longest = max(answers, key=lambda answer: answer.seconds)
    return {
        "while": name,
        "requests": len(answers),
        "errors": sum(answer.is_error for answer in answers),
        "p50_ms": percentile(seconds, 0.5),
        "p99_ms": percentile(seconds, 0.99),
        "longest_ms": round(1000 * longest.seconds, 1),
        "longest_route": longest.route,
    }


def missed(totals: Json) -> list[str]:
    """Return sentences about the missed goals."""
    return [
        f"{name} is {totals[name]:,}, at most {most:,} is wanted"
        for name, most in GOALS.items()
        if totals[name] > most
    ]


async def measure(made: Stack, event_id: int, count: int) -> Json:
    """Return the whole document except the machine."""
    with made.database.read() as session:
        event = session.get_one(Event, event_id)
    users = await signed_in(made, event.key, count)
    organiser = await organiser_of(made, event)
    await alone(users[0], 2, made.nanoseconds)
    rows = [figures("before", await at_once(users, BEFORE, THINK))]
    await organiser.look()  # requests the comparison
    compared, answers = await meanwhile(users, partial(organiser.follow, JobKind.COMPARE))
    rows.append(figures("comparing", answers))
    page = await _cost_of_page(organiser)
    form = {"compared_with": str(DRAFT - 1)}
    await organiser.press("/publish", form)
    published, answers = await meanwhile(users, partial(organiser.follow, JobKind.PUBLISH))
    rows.append(figures("publishing", answers))
    if {compared["state"], published["state"]} != {JobState.DONE}:
        raise RuntimeError(f"not published: {compared}, {published}")
    peaks = made.peaks()
    totals = {
        "users": count,
        "mails": published["mails"],
        "compare_seconds": compared["seconds"],
        "publish_seconds": published["seconds"],
        "waits_longer_ms": round(max(row["longest_ms"] for row in rows[1:]) - rows[0]["longest_ms"], 1),
        "longest_lock_wait_ms": max(job["longest_lock_wait_ms"] for job in (compared, published)),
        "web_mb": max(peaks["web"]),
        "job_mb": max(peaks["jobs"]),
        **{f"page_{name}_cpu_ms": round(value / 1e6, 1) for name, value in page.items()},
    }
    return {"total": totals, "rows": rows, "peaks_mb": {name: peaks[name] for name in ("web", "jobs")}}


async def _cost_of_page(organiser: Organiser) -> dict[str, float]:
    """Return median CPU nanoseconds of the draft's page, in web server and database."""
    looks = [await cost(organiser.look, organiser.made.nanoseconds) for _ in range(LOOKS)]
    return {name: statistics.median(each[name] for each in looks) for name in ("web", "database")}


async def publish(organiser: Organiser) -> Json:
    """Compare the draft and publish it. Return the job of the publication. Raises RuntimeError."""
    await organiser.look()  # requests the comparison
    await organiser.follow(JobKind.COMPARE)
    await organiser.press("/publish", {"compared_with": str(DRAFT - 1)})
    published = await organiser.follow(JobKind.PUBLISH)
    if published["state"] != JobState.DONE:
        raise RuntimeError(f"not published: {published}")
    return published


async def organiser_of(made: Stack, event: Event) -> Organiser:
    """Return the event's organiser, signed in."""
    with made.database.write() as session:
        account = session.scalars(
            select(Account.id).where(Account.email == f"organiser@{event.key}.example")
        ).one()
        now, key = made.database.now_in(session), made.settings.secret_key
        link = sign_in.make_sign_in_link(session, account, secret_key=key, now=now)
    browser = User(made.port, event.key, "10.2.0.1", random.Random(0))
    await browser.sign_in(link)
    return Organiser(made, event, browser)


def full_event(made: Stack, firms: int, meetings: int) -> int:
    """Create a published version, and a draft that moves all of it. Return the event's id."""
    now = made.database.now()
    event_id = fill(made.database, firms=firms, meetings=meetings, now=now, first_day=first_day(now.date()))
    add_version(made.database, event_id, state=VersionState.PUBLISHED)
    add_version(made.database, event_id, moved=meetings)
    with made.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return event_id


def shown(document: Json) -> str:
    """Return the table, the totals below it, and the missed goals."""
    lines = [line(HEADINGS, WIDTHS)]
    lines += [line(tuple(row.values()), WIDTHS) for row in document["rows"]]
    lines += [f"{name.replace('_', ' ')}: {value:,}" for name, value in document["total"].items()]
    lines += [f"MISSED: {goal}" for goal in document["missed"]]
    return "\n".join(lines)


def run(firms: int, meetings: int, people: int) -> Json:
    """Start the stack and measure."""
    how = {"firms": firms, "meetings": meetings, **machine()}
    with stack("jobs") as made:
        event_id = full_event(made, firms, meetings)
        document = asyncio.run(measure(made, event_id, people))
        broken = made.log.read_text("utf-8", "replace").count("Traceback")
    return {"how": how, **document, "tracebacks": broken, "missed": missed(document["total"])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--firms", type=int, default=3000)
    parser.add_argument("--meetings", type=int, default=35_000)
    parser.add_argument("--people-browsing", type=int, default=50)
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    document = run(options.firms, options.meetings, options.people_browsing)
    print(shown(document))
    write_json(options.out / "publishing.json", document)


if __name__ == "__main__":
    main()

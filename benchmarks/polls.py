"""Calendar feeds under load: polls with If-None-Match, before, while and after a large event is published.

    python -m benchmarks.polls [--full] [--rate 100] [--out benchmarks/results]

Starts its own stack, as `benchmarks.publishing`. A schedule is published and its emails count as sent, so
that feeds have meetings. Calendars then poll their feeds in random order, at a steady rate and over one
connection a poll. A draft that moves every meeting is published in the middle. By default 200 feeds of 300
firms and 2,000 polls, with --full 5,000 feeds of 3,000 firms with 35,000 meetings, and 50,000 polls.

Targets: no errors, and at most 2 ms of CPU of web, database and broker for an unchanged feed. It is measured
at the steady rate, and when polls arrive as fast as they are answered: one costs less then, because threads
don't sleep in between. What a response that asks no other program costs is measured as well: where system
calls are slow, that takes most of it.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path

from sqlalchemy import select, update

from benchmarks.load import percentile
from benchmarks.load_stack import Stack, stack
from benchmarks.machine import RESULTS, machine
from benchmarks.publishing import organiser_of, publish
from benchmarks.report import Json, line, stem, write_json
from chainmeet import publish_draft
from chainmeet.demo.event import first_day
from scheduler.domain.entities import OutboxState
from scheduler.services.delivery import claims
from scheduler.services.identity import tokens
from scheduler.storage.models import Attendee, Event, OutboxEmail
from tests.support.full_size import add_version, fill

QUICK, FULL = (200, 300, 2_000, 2_000), (5_000, 3_000, 35_000, 50_000)
"""Feeds, firms, meetings and polls."""
SAME, CHANGED = 304, 200
AT_ONCE = 64
"""Most polls that wait for a response at a time."""
PARTS = ("web", "database", "broker")
EMPTY, EMPTY_RESPONSES = "/healthz", 500
"""A page that asks no other program, and how often it is requested: what any response costs on a machine."""
CLAIMED = 1_000
"""Emails that count as sent per transaction."""
GOAL = {"errors": 0, "unchanged_cpu_ms": 2.0, "unchanged_at_full_load_cpu_ms": 2.0}
"""Upper limits of the totals by name."""
HEADINGS = (
    "while",
    "polls",
    "errors",
    "unchanged",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "web CPU ms",
    "database CPU ms",
)
WIDTHS = (-24, 8, 6, 9, 7, 7, 7, 10, 15)


@dataclass(frozen=True, slots=True)
class Poll:
    """The result of one poll. `status` is 0 if the connection failed."""

    status: int
    seconds: float

    @property
    def is_error(self) -> bool:
        return self.status not in (SAME, CHANGED)


@dataclass(slots=True)
class Subscription:
    """A subscribed calendar, which sends the last entity tag of its feed."""

    port: int
    path: str
    etag: str = ""

    async def poll(self) -> Poll:
        began = time.perf_counter()
        try:
            status, headers = await self._fetch()
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError):
            return Poll(0, time.perf_counter() - began)
        if status == CHANGED:
            self.etag = headers.get("etag", "")
        return Poll(status, time.perf_counter() - began)

    async def _fetch(self) -> tuple[int, dict[str, str]]:
        lines = [
            f"GET {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "User-Agent: Google-Calendar-Importer",
            "Connection: close",
            *([f"If-None-Match: {self.etag}"] if self.etag else []),
        ]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
            await writer.drain()
            response = await reader.read()
        finally:
            writer.close()
        first, *rest = response.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        headers = (each.partition(":") for each in rest)
        return int(first.split()[1]), {name.lower(): value.strip() for name, _, value in headers}


@dataclass(slots=True)
class Polling:
    """Subscriptions that poll in random order, each once a round, at `rate` polls a second."""

    subscriptions: Sequence[Subscription]
    rate: float
    dice: random.Random = field(default_factory=lambda: random.Random(1))

    def order(self) -> Iterator[Subscription]:
        """Yield subscriptions without end, each once a round."""
        while True:
            yield from self.dice.sample(self.subscriptions, len(self.subscriptions))

    async def until(self, is_over: Callable[[int], bool]) -> list[Poll]:
        """Poll until `is_over` of the number of polls. Return the results."""
        found: list[Poll] = []
        room = asyncio.Semaphore(AT_ONCE)

        async def poll(subscription: Subscription) -> None:
            async with room:
                found.append(await subscription.poll())

        async with asyncio.TaskGroup() as polls:
            async for subscription in self._paced(is_over):
                polls.create_task(poll(subscription))
        return found

    async def _paced(self, is_over: Callable[[int], bool]) -> AsyncIterator[Subscription]:
        began, order = time.monotonic(), self.order()
        for number in count():
            if is_over(number):
                return
            await asyncio.sleep(max(0.0, began + number / self.rate - time.monotonic()))
            yield next(order)


def published_event(made: Stack, firms: int, meetings: int) -> int:
    """Create an event with a published schedule that was sent, and a draft that moves it. Return the id."""
    now = made.database.now()
    event_id = fill(made.database, firms=firms, meetings=meetings, now=now, first_day=first_day(now.date()))
    number = add_version(made.database, event_id)
    with made.database.write() as session:
        event = session.get_one(Event, event_id)
        event.live_at, event.publish_hold = now, 0
        key = event.key
    publish_draft.publish(made.database, made.settings, key, number, compared_with=None)
    mark_all_sent(made)
    add_version(made.database, event_id, moved=meetings)
    made.database.count_anew(("invitation", "outbox_email", "meeting_request", "attendee"))
    return event_id


def mark_all_sent(made: Stack) -> None:
    """Record all queued emails as sent, a second apart by the event's rate, without a mail server."""
    began, secret_key = made.database.now(), made.settings.secret_key
    for second in count():
        with made.database.write() as session:
            now = began + timedelta(seconds=second)
            rows = claims.claim_emails(session, worker="w", limit=CLAIMED, secret_key=secret_key, now=now)
            sent = update(OutboxEmail).where(OutboxEmail.state == OutboxState.SENDING)
            session.execute(sent.values(state=OutboxState.SENT, sent_at=now))
        if not rows:
            return


def subscribe(made: Stack, event_id: int, feeds: int) -> list[Subscription]:
    """Give people of the event a feed each, and return their subscriptions."""
    secret_key = made.settings.secret_key
    subscriptions = []
    with made.database.write() as session:
        people = session.scalars(
            select(Attendee.id).where(Attendee.event_id == event_id).order_by(Attendee.id).limit(feeds)
        ).all()
        rows = []
        for person in people:
            seed, hashed = tokens.new_feed(secret_key)
            rows.append({"id": person, "feed_seed": seed, "feed_hash": hashed})
            token = tokens.derive_token(secret_key, tokens.FEED, seed)
            subscriptions.append(Subscription(made.port, f"/calendar/{token}.ics"))
        session.execute(update(Attendee), rows)
    return subscriptions


async def measure(
    made: Stack, event_id: int, subscriptions: Sequence[Subscription], polls: int, rate: float
) -> Json:
    """Return the whole document except the machine."""
    with made.database.read() as session:
        event = session.get_one(Event, event_id)
    polling, rows = Polling(subscriptions, rate), []

    async def phase(name: str, is_over: Callable[[int], bool], *, is_alone: bool = True) -> None:
        before = made.seconds()
        found = await polling.until(is_over)
        spent = {part: value - before[part] for part, value in made.seconds().items()}
        rows.append(figures(name, found, spent if is_alone else {}))

    first, half = len(subscriptions), (polls - len(subscriptions)) // 2
    await phase("first", partial(is_reached, first))
    await phase("unchanged", partial(is_reached, half))
    polling.rate = math.inf
    await phase("unchanged, at full load", partial(is_reached, first))
    polling.rate = rate
    job = asyncio.ensure_future(publish(await organiser_of(made, event)))
    await phase("publishing", lambda _: job.done(), is_alone=False)
    rest = polls - sum(row["polls"] for row in rows)
    await phase("afterwards", partial(is_reached, max(rest, len(subscriptions))))
    published = await job
    polling.subscriptions = [Subscription(made.port, EMPTY)]
    await phase("empty response", partial(is_reached, EMPTY_RESPONSES))
    cost, busy, least = (cpu_ms(row) for row in (rows[1], rows[2], rows.pop()))
    totals = {
        "feeds": len(subscriptions),
        "polls": sum(row["polls"] for row in rows),
        "errors": sum(row["errors"] for row in rows),
        "emails": published["mails"],
        "unchanged_cpu_ms": cost,
        "unchanged_at_full_load_cpu_ms": busy,
        "empty_response_cpu_ms": least,
        "web_mb": max(made.peaks()["web"]),
    }
    return {"total": totals, "rows": rows, "missed": missed(totals)}


def cpu_ms(row: Json) -> float:
    """Return the CPU time of a poll in all parts."""
    total: float = sum(row[f"{part}_cpu_ms"] for part in PARTS)
    return round(total, 2)


def is_reached(most: int, number: int) -> bool:
    return number >= most


def figures(name: str, polls: Sequence[Poll], spent: dict[str, float]) -> Json:
    """Return the statistics of a phase. `spent` are CPU seconds by part, empty if other work ran as well."""
    seconds = [poll.seconds for poll in polls]
    cpu = {part: round(1000 * spent[part] / len(polls), 2) if spent else None for part in PARTS}
    return {
        "while": name,
        "polls": len(polls),
        "errors": sum(poll.is_error for poll in polls),
        "unchanged": sum(poll.status == SAME for poll in polls),
        **{f"p{share}_ms": percentile(seconds, share / 100) for share in (50, 95, 99)},
        **{f"{part}_cpu_ms": value for part, value in cpu.items()},
    }


def missed(totals: Json) -> list[str]:
    """Return sentences about the missed targets."""
    return [
        f"{name} is {totals[name]:,}, at most {most:,} is wanted"
        for name, most in GOAL.items()
        if totals[name] > most
    ]


def shown(document: Json) -> str:
    """Return the table, the totals below it, and the missed targets."""
    lines = [line(HEADINGS, WIDTHS)]
    lines += [line(tuple(islice(row.values(), len(WIDTHS))), WIDTHS) for row in document["rows"]]
    lines += [f"{name.replace('_', ' ')}: {value:,}" for name, value in document["total"].items()]
    lines += [f"MISSED: {target}" for target in document["missed"]]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--rate", type=float, default=100.0, help="polls a second")
    parser.add_argument("--out", type=Path, default=RESULTS)
    options = parser.parse_args()
    feeds, firms, meetings, polls = FULL if options.full else QUICK
    how = {"firms": firms, "meetings": meetings, "polls_a_second": options.rate, **machine()}
    with stack("jobs") as made:
        event_id = published_event(made, firms, meetings)
        subscriptions = subscribe(made, event_id, feeds)
        document = {"how": how, **asyncio.run(measure(made, event_id, subscriptions, polls, options.rate))}
        document["tracebacks"] = made.log.read_text("utf-8", "replace").count("Traceback")
    print(shown(document))
    write_json(options.out / f"{stem('polls', options.full)}.json", document)


if __name__ == "__main__":
    main()

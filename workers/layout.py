"""Worker layout: queues, processes and priorities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SOLVE, HELP, URGENT, MAIL, JOBS, UNTRUSTED = "solve", "help", "urgent", "mail", "jobs", "untrusted"
BOARD = "board"
QUEUES = (SOLVE, HELP, URGENT, MAIL, JOBS, UNTRUSTED, BOARD)


@dataclass(frozen=True, slots=True)
class Layout:
    """A worker's queues. A `solo` worker runs tasks itself, one at a time; others have pool processes."""

    queues: tuple[str, ...]
    about: str
    solo: bool = False
    child_megabytes: int = 0
    """A pool process above this size is replaced after its task. Less than the container's limit."""
    nice: int = 0
    """Niceness. Above 0 for long work that no page waits for."""


WORKERS = {
    "solve": Layout((SOLVE, HELP), "runs, and parts of other workers' runs", child_megabytes=2000),
    "urgent": Layout((URGENT,), "emails that people wait for: sign-in links, alerts", solo=True),
    "mail": Layout((MAIL,), "all other emails", child_megabytes=400),
    "jobs": Layout((JOBS,), "publishing, comparing drafts, and large imports", child_megabytes=700, nice=10),
    "board": Layout((BOARD,), "possible locations for meetings on the board", child_megabytes=1500),
    "untrusted": Layout(
        (UNTRUSTED,), "emails and calendars from strangers; plugin input; webhooks", child_megabytes=300
    ),
}


def niceness(names: Sequence[str]) -> int:
    """Return the niceness of a worker for these layouts: the least, so that urgent work is not slowed."""
    return min(WORKERS[name].nice for name in names)


def options(names: Sequence[str], *, processes: int = 1, child_megabytes: int | None = None) -> list[str]:
    """Return Celery's command line arguments for a worker for these layouts.

    `child_megabytes` replaces the layouts' own size, on machines with little memory.
    """
    layouts = [WORKERS[name] for name in names]
    pool = ["--pool", "solo"] if all(layout.solo for layout in layouts) else ["--pool", "prefork"]
    most = child_megabytes or max(layout.child_megabytes for layout in layouts)
    # Our workers do not communicate, so they need no gossip and mingle. Gossip does not always
    # recover after a loss of the broker. Without --quiet, a banner is between the lines of the log.
    return [
        "--quiet", "worker", "-Q", ",".join(queue for layout in layouts for queue in layout.queues),
        "-n", f"{names[0]}@%h", *pool, "--concurrency", str(processes),
        *(["--max-memory-per-child", str(most * 1000)] if most else []),
        "--loglevel", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip

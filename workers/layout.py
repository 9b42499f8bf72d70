"""Worker layout: queues, processes and priorities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SOLVE, HELP, URGENT, MAIL, JOBS, UNTRUSTED = "solve", "help", "urgent", "mail", "jobs", "untrusted"
BOARD = "board"
QUEUES = (SOLVE, HELP, URGENT, MAIL, JOBS, UNTRUSTED, BOARD)


@dataclass(frozen=True, slots=True)
class Layout:
    """A worker's queues. One that is `solo` does its tasks itself, one by one. Others have pool processes."""

    queues: tuple[str, ...]
    about: str
    solo: bool = False
    child_megabytes: int = 0
    """A pool process that is larger is replaced after its task. It is below the container's limit."""
    nice: int = 0
    """How far it gives way where processors are few: its work is long, and nobody waits at a page for it."""


WORKERS = {
    "solve": Layout((SOLVE, HELP), "solves, and parts of other workers' solves", child_megabytes=2000),
    "urgent": Layout((URGENT,), "mails that a person waits for: sign-in links, alerts", solo=True),
    "mail": Layout((MAIL,), "all other mails", child_megabytes=400),
    "jobs": Layout((JOBS,), "publishing, comparing drafts, and large imports", child_megabytes=700, nice=10),
    "board": Layout((BOARD,), "places for meetings that are moved by hand", child_megabytes=1500),
    "untrusted": Layout(
        (UNTRUSTED,), "mails and calendars of strangers; what plugins are given", child_megabytes=300
    ),
}


def niceness(names: Sequence[str]) -> int:
    """Of one worker that does the work of these: what somebody waits for is not slowed by the rest."""
    return min(WORKERS[name].nice for name in names)


def options(names: Sequence[str], *, processes: int = 1) -> list[str]:
    """Celery's arguments for one worker that does the work of these."""
    layouts = [WORKERS[name] for name in names]
    pool = ["--pool", "solo"] if all(layout.solo for layout in layouts) else ["--pool", "prefork"]
    most = max(layout.child_megabytes for layout in layouts)
    # Gossip and mingle are for workers that talk to each other; ours do not, and gossip does not always
    # come back after a loss of the broker.
    return [
        "worker", "-Q", ",".join(queue for layout in layouts for queue in layout.queues),
        "-n", f"{names[0]}@%h", *pool, "--concurrency", str(processes),
        *(["--max-memory-per-child", str(most * 1000)] if most else []),
        "--loglevel", "INFO", "--without-gossip", "--without-mingle",
    ]  # fmt: skip

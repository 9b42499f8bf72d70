"""A worker with a task that fails, as a bug would let it."""

from __future__ import annotations

from workers.celery_app import app
from workers.layout import MAIL

__all__ = ["app"]


def fail(address: str) -> None:
    raise LookupError(f"no mailbox of {address}")


app.task(name="tests.fail", queue=MAIL)(fail)

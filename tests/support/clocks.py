"""The test clock: tests never see the machine's date.

Each test begins at `NOW`, and time advances from there: for this process with its libraries (time_machine),
for child processes (`programs/sitecustomize.py`), for PostgreSQL (`databases`) and for browser pages
(`tests.e2e.conftest`). A test that needs another time freezes the database's clock (`hold`) or skews this
machine's clock (`set_wrong`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import ColumnElement, literal

from scheduler.storage.base import UtcDateTime
from scheduler.storage.database import Database
from tests.support.factories import NOW

BY = "TESTS_CLOCK_BY"
"""Environment variable of child processes: the offset of their clock from the machine's, in seconds."""
PROGRAMS = str(Path(__file__).with_name("programs"))
OURS = ("scheduler.", "workers.", "api.", "chainmeet.")


def start() -> None:
    """Set the time to `NOW` before test collection, for the life of this process."""
    paths = [PROGRAMS, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
    _travellers.append(time_machine.travel(NOW).start())
    begin()


def begin() -> None:
    """Set the time to `NOW` again."""
    _travellers[-1].move_to(NOW)
    os.environ[BY] = repr(ahead())


def go_on(by: timedelta) -> None:
    """Advance the time by `by`, for this process and its later child processes, until the next test."""
    _travellers[-1].move_to(now() + by)
    os.environ[BY] = repr(ahead())


def now() -> datetime:
    """Return the time by this process's clock."""
    return datetime.now(UTC)


def ahead() -> float:
    """Return the offset of this process's clock from the machine's, in seconds."""
    return max(_ahead() for _ in range(5))


def _ahead() -> float:
    """Return one reading of the offset, too low by the time between both readings."""
    held = time.time()
    return held - time_machine.escape_hatch.time.time()


_travellers: list[time_machine.Traveller] = []


def set_wrong(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Skew this process's clock by `by`. Monotonic time is unaffected."""

    class OfAnyKind(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, datetime)

    class Wrong(datetime, metaclass=OfAnyKind):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) + by

    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + by.total_seconds())
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS) and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Wrong)


def at(moment: datetime) -> ColumnElement[datetime]:
    """Return the expression that `Database.clock` gives at a moment."""
    return literal(moment, UtcDateTime())


def hold(monkeypatch: pytest.MonkeyPatch, moment: Callable[[], datetime] | datetime) -> None:
    """Freeze the database's clock at a moment, or let a function determine it."""
    said = moment if callable(moment) else lambda: moment
    monkeypatch.setattr(Database, "now", lambda _self: said())
    monkeypatch.setattr(Database, "now_in", lambda _self, _session: said())
    monkeypatch.setattr(Database, "clock", lambda _self: at(said()))

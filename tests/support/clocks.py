"""The clock of the tests: no test knows what day it is.

Each begins at `NOW`, and from there time goes on: for this process with its libraries (time_machine), for the
programs that it starts (`programs/sitecustomize.py`), for PostgreSQL (`databases`) and for the pages of a
browser (`tests.e2e.conftest`). A test that wants another moment holds the database's clock there (`hold`), or
has a machine whose clock is wrong (`set_wrong`).
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
"""In the environment of a test's programs: the seconds by which their clock is ahead of the machine's."""
PROGRAMS = str(Path(__file__).with_name("programs"))
OURS = ("scheduler.", "workers.", "api.", "chainmeet.")


def start() -> None:
    """Before the first test is read: it is `NOW`, for as long as this process lives."""
    paths = [PROGRAMS, *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    os.environ["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
    _travellers.append(time_machine.travel(NOW).start())
    begin()


def begin() -> None:
    """It is `NOW` again."""
    _travellers[-1].move_to(NOW)
    os.environ[BY] = repr(ahead())


def go_on(by: timedelta) -> None:
    """It is later, for this process and for what it starts and makes from now on, until the next test."""
    _travellers[-1].move_to(now() + by)
    os.environ[BY] = repr(ahead())


def now() -> datetime:
    """What this process's clock says."""
    return datetime.now(UTC)


def ahead() -> float:
    """The seconds by which this process's clock is ahead of the machine's."""
    return max(_ahead() for _ in range(5))


def _ahead() -> float:
    """Too little by the time that went by between the two clocks."""
    held = time.time()
    return held - time_machine.escape_hatch.time.time()


_travellers: list[time_machine.Traveller] = []


def set_wrong(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Have this process's clock ahead of the true one by `by`; monotonic time is as ever."""

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
    """What `Database.clock` gives at a moment."""
    return literal(moment, UtcDateTime())


def hold(monkeypatch: pytest.MonkeyPatch, moment: Callable[[], datetime] | datetime) -> None:
    """Have the database's clock say this, however it is asked."""
    said = moment if callable(moment) else lambda: moment
    monkeypatch.setattr(Database, "now", lambda _self: said())
    monkeypatch.setattr(Database, "now_in", lambda _self, _session: said())
    monkeypatch.setattr(Database, "clock", lambda _self: at(said()))

"""A machine whose clock is wrong, so that every module of ours which asks for its time gets it so; and the
database's clock, held at a moment.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, literal

from scheduler.storage.base import UtcDateTime
from scheduler.storage.database import Database

OURS = ("scheduler.", "workers.", "api.", "chainmeet.")


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

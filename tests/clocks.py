"""A machine whose clock is wrong: every module of ours that asks for its time gets it so."""

from __future__ import annotations

import sys
import time
from datetime import datetime, timedelta
from typing import Any

import pytest

OURS = ("scheduler.", "workers.", "api.", "chainmeet.")


def set_wrong(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    """Have this process's clock ahead of the true one by `by`; monotonic time is as ever."""

    class OfAnyKind(type):
        def __instancecheck__(cls, instance: Any) -> bool:
            return isinstance(instance, datetime)

    class Wrong(datetime, metaclass=OfAnyKind):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + by

    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() + by.total_seconds())
    for name, module in list(sys.modules.items()):
        if name.startswith(OURS) and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Wrong)

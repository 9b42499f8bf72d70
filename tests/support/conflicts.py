"""A transaction that the database aborts once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$"


def end_once(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[int]:
    """Make PostgreSQL report a deadlock at the first call of a session function. Return the list of calls."""
    whole: Callable[..., Any] = getattr(module, name)
    calls: list[int] = []

    def first_ended(session: Session, *args: Any, **keys: Any) -> Any:
        done = whole(session, *args, **keys)
        calls.append(len(calls))
        if len(calls) == 1:
            session.execute(text(DEADLOCK))
        return done

    monkeypatch.setattr(module, name, first_ended)
    return calls

"""A transaction that the database ends once, so that another one can go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

DEADLOCK = "DO $$ BEGIN RAISE EXCEPTION 'deadlock detected' USING ERRCODE = '40P01'; END $$"


def end_once(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[int]:
    """Have PostgreSQL say so at the first call of a function that takes a session; its calls, to count."""
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

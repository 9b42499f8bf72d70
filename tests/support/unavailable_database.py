"""Temporarily unavailable database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Self

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from scheduler.services.operations import database_retries
from scheduler.storage.database import Database


class Away:
    """Refuses the next `left` transactions, then calls `back` and accepts them."""

    def __init__(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        self.engine, self.refused, self.left = database.engine, 0, 0
        self.back: Callable[[], object] = lambda: None
        monkeypatch.setattr(database_retries, "time", self)
        event.listen(self.engine, "begin", self._refuse)

    @classmethod
    @contextmanager
    def of(cls, database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Self]:
        away = cls(database, monkeypatch)
        yield away
        event.remove(database.engine, "begin", away._refuse)

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, _seconds: float) -> None:
        if self.left == 0:
            self.back()

    def _refuse(self, _connection: object) -> None:
        if self.left:
            self.left, self.refused = self.left - 1, self.refused + 1
            raise OperationalError("BEGIN", {}, Exception("the server is starting"))

"""A clock that a test sets, and people who sign in by it."""

from __future__ import annotations

from datetime import timedelta

from scheduler.storage.database import Database
from scheduler.storage.models import (
    Account,
)
from tests.support.factories import NOW, Expo

NOWHERE = "redis://127.0.0.1:1"


HOUR = timedelta(hours=1)


class Clock:
    def __init__(self) -> None:
        self.now = NOW


def person(database: Database, expo: Expo, firm: int = 0) -> Account:
    with database.read() as session:
        return session.get_one(Account, expo.people[firm][0].account_id)

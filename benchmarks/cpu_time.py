"""CPU time of a database server, which is invisible to its client process."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from scheduler.storage.database import Database

_BACKENDS = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
)


class Backends:
    """PostgreSQL's backends of this process, and their CPU time by Linux's accounting."""

    def __init__(self, database: Database) -> None:
        self._files: list[Path] = []
        if not database.is_sqlite:
            with database.read() as session:
                pids = session.execute(text(_BACKENDS)).scalars()
                self._files = [Path(f"/proc/{pid}/schedstat") for pid in pids]

    def seconds(self) -> float:
        return sum(int(file.read_text().split()[0]) for file in self._files) / 1e9

"""Persistent cache of version statistics, valid while their inputs are unchanged.

Statistics of 35,000 meetings took 0.1 to 1.2 s per page. The first reader computes one and stores it after
its session, with a digest of the rows it depends on. A different digest means recomputing.

Rejected alternatives: The next writing module would forget counters. With triggers, writers would contend for
one row. Different sets of ids can share sum and sum of squares. Memory alone serves only one process.

Small data that changes often (names, walking times, availability) is not cached. The cost: a few milliseconds
per page for digests, and a read-only page writes a row at its end. A failure of that write is only logged.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from scheduler.storage.database import after_session, once_per_session
from scheduler.storage.models import CachedStatistic, ManualDraft, PlannedMeeting, ScheduleVersion

FORMAT_VERSION = 1
"""Increment when the meaning of any cached statistic changes, to invalidate all stored values."""


def cached_statistic(
    session: Session, version: ScheduleVersion, name: str, follows: Iterable[str], work_out: Callable[[], Any]
) -> Any:
    """Return a JSON statistic of a version, from the cache or computed by `work_out`.

    It is valid while the version has the same meetings and the cache keys `follows` of its other inputs are
    unchanged (`cache_keys.py`). A reading session stores it after it ends.
    """
    mark = blake2b(
        repr((FORMAT_VERSION, _meetings(session, version), *follows)).encode(), digest_size=20
    ).hexdigest()
    row = session.execute(
        select(CachedStatistic.mark, CachedStatistic.octets).where(
            CachedStatistic.version_id == version.id, CachedStatistic.name == name
        )
    ).one_or_none()
    if row is not None and row[0] == mark:
        return json.loads(zlib.decompress(row[1]))
    text = json.dumps(work_out(), ensure_ascii=False, separators=(",", ":"))
    made = {"version_id": version.id, "name": name, "mark": mark, "octets": zlib.compress(text.encode(), 1)}
    after_session(session, lambda later: _keep(later, made))
    return json.loads(text)


def meetings_digest(session: Session, version: ScheduleVersion) -> str:
    """Return a cache key of another version's meetings."""
    return repr(_meetings(session, version))


def _meetings(session: Session, version: ScheduleVersion) -> tuple[Any, ...]:
    """Return values that change with a version's meetings, which only manual edits and publishing change."""
    revision = select(ManualDraft.revision).where(ManualDraft.version_id == version.id).scalar_subquery()
    held = select(func.count()).where(PlannedMeeting.version_id == version.id).scalar_subquery()
    return once_per_session(
        session,
        f"meetings {version.id}",
        lambda: (version.id, *session.execute(select(revision, held)).one()),
    )


def _keep(session: Session, row: dict[str, Any]) -> None:
    """Upsert the row, so that concurrent writers are harmless."""
    dialect: Any = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    if session.get(ScheduleVersion, row["version_id"]) is not None:  # the event may be deleted by now
        session.execute(
            dialect.insert(CachedStatistic)
            .values(row)
            .on_conflict_do_update(
                index_elements=["version_id", "name"],
                set_={"mark": row["mark"], "octets": row["octets"]},
            )
        )

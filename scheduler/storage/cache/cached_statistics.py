"""Figures of a version that are worked out once and kept with it, for as long as they hold.

Statistics of 35,000 meetings took 0.1 to 1.2 s of each page. The first reader computes one and stores it
after its session, with a digest of the very rows that it follows from; a row of another digest is computed
again. No counters, which the next module that writes forgets; no triggers, as writers would wait for one row;
no sums of ids, as two sets of three may share sum and squares; not memory alone, which serves one process of
several. Small things that change often (names, minutes on foot, who is busy) are read anew. The price: some
milliseconds a page for the digests, and a page that reads writes a row at its end; where that fails, it is
only logged.
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
"""Changes with the meaning of any kept figure: what older code has kept is then worked out again."""


def cached_statistic(
    session: Session, version: ScheduleVersion, name: str, follows: Iterable[str], work_out: Callable[[], Any]
) -> Any:
    """A figure of a version as JSON has it: as it was kept, else as `work_out` makes it now.

    It holds while the version has the same meetings, and the marks `follows` of all else that it is made of
    are the same (`keeping/marks.py`). A reading session has it kept once it has ended.
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
    """A mark of another version's meetings."""
    return repr(_meetings(session, version))


def _meetings(session: Session, version: ScheduleVersion) -> tuple[Any, ...]:
    """What changes with the meetings of a version: only commands by hand and publishing change any."""
    revision = select(ManualDraft.revision).where(ManualDraft.version_id == version.id).scalar_subquery()
    held = select(func.count()).where(PlannedMeeting.version_id == version.id).scalar_subquery()
    return once_per_session(
        session,
        f"meetings {version.id}",
        lambda: (version.id, *session.execute(select(revision, held)).one()),
    )


def _keep(session: Session, row: dict[str, Any]) -> None:
    """Two at once keep one."""
    dialect: Any = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    if session.get(ScheduleVersion, row["version_id"]) is not None:  # its event may be deleted by now
        session.execute(
            dialect.insert(CachedStatistic)
            .values(row)
            .on_conflict_do_update(
                index_elements=["version_id", "name"],
                set_={"mark": row["mark"], "octets": row["octets"]},
            )
        )

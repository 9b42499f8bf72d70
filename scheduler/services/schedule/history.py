"""Version history: lists, one version with its figures, and pages of its meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain.entities import VersionState
from scheduler.domain.errors import NotFound
from scheduler.domain.plan import Meeting
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page, page_of_reader
from scheduler.services.schedule import unscheduled as answers
from scheduler.services.schedule import versions
from scheduler.storage.models import Run, ScheduleVersion

_VERSIONS = Order("versions", (ScheduleVersion.number,), (int,), descending=True)


@dataclass(frozen=True, slots=True)
class VersionCard:
    """A version with its figures."""

    id: int
    number: int
    state: VersionState
    status: str
    score: float
    bound: float | None
    served_bound: float | None
    meetings_bound: int | None
    """No schedule can include more requests."""
    terms: Mapping[str, float]
    created_at: datetime
    published_at: datetime | None
    run: int | None
    """Number of the run that created it."""
    compared_with: int | None
    """Number of the version published before it."""
    copy_of: int | None
    """Number of the version that it restores."""


_OF_VERSION = tuple(VersionCard.__dataclass_fields__)[:-3]


def list_versions(
    session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 30
) -> Page[VersionCard]:
    """Return a page of the event's versions, newest first."""
    page: Page[Row[Any]] = fetch_page(session, _versions(actor), _VERSIONS, cursor=cursor, limit=limit)
    return page.of(build_card(*row[:4]) for row in page.items)


def list_newest_versions(session: Session, actor: Actor, *, limit: int) -> tuple[VersionCard, ...]:
    """Return the newest versions, newest first."""
    rows = session.execute(_versions(actor).order_by(ScheduleVersion.number.desc()).limit(limit))
    return tuple(build_card(*row) for row in rows)


def find_published_version(session: Session, actor: Actor) -> VersionCard | None:
    """Return the published version, if any."""
    actor.require(Right.READ_VERSIONS)
    found = versions.find_published_version(session, actor.event_id)
    return build_card(found) if found is not None else None


def show_version(session: Session, actor: Actor, number: int) -> VersionCard:
    """Return a version by its number in the event. Raises NotFound."""
    row = session.execute(_versions(actor).where(ScheduleVersion.number == number)).first()
    if row is None:
        raise NotFound("schedule version", number)
    return build_card(*row)


def list_meetings(
    session: Session, actor: Actor, number: int, *, cursor: str | None = None, limit: int = 30
) -> Page[Meeting]:
    """Return a page of the meetings of a version, in time order. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version = versions.get_version(session, actor.event_id, number)
    return versions.list_meeting_page(session, version, cursor=cursor, limit=limit)


def list_unscheduled(
    session: Session, actor: Actor, number: int, *, cursor: str | None = None, limit: int = 30
) -> Page[Mapping[str, Any]]:
    """Return a page of the stored explanations of a version's unscheduled requests. Raises NotFound."""
    actor.require(Right.READ_VERSIONS)
    version_id = versions.get_version(session, actor.event_id, number).id

    def read(first: int, most: int) -> Sequence[Mapping[str, Any]]:
        return answers.list_unscheduled(session, version_id, first=first, most=most)

    size = sum(answers.count_by_reason(session, version_id).values())
    return page_of_reader(f"unscheduled {number}", read, size, cursor=cursor, limit=limit)


def build_card(
    row: ScheduleVersion, run: int | None = None, compared_with: int | None = None, copy_of: int | None = None
) -> VersionCard:
    values = {name: getattr(row, name) for name in _OF_VERSION}
    return VersionCard(**values, run=run, compared_with=compared_with, copy_of=copy_of)


def _versions(actor: Actor) -> Select[ScheduleVersion, int | None, int | None, int | None]:
    """Return the query for versions, with the numbers of their run, comparison base and original."""
    actor.require(Right.READ_VERSIONS)
    base, copied = aliased(ScheduleVersion), aliased(ScheduleVersion)
    return (
        select(ScheduleVersion, Run.number, base.number, copied.number)
        .outerjoin(Run, Run.id == ScheduleVersion.run_id)
        .outerjoin(base, base.id == ScheduleVersion.compared_with_id)
        .outerjoin(copied, copied.id == ScheduleVersion.copy_of_id)
        .where(ScheduleVersion.event_id == actor.event_id)
    )

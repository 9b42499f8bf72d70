"""Runs as organisers control them: start, list, follow, stop, cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import AfterRun, RunState, VersionState
from scheduler.domain.errors import NotFound
from scheduler.services import text
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.planning.runs import runs
from scheduler.services.problems import manual_edits
from scheduler.services.schedule import versions
from scheduler.storage.models import Account, Run, ScheduleVersion

OPEN_STATES = runs.OPEN_STATES
NO_PLAN = "no-plan"
"""Outcome of a run that ended without a version."""
_NEWEST = Order("runs", (Run.number,), (int,), descending=True)


@dataclass(frozen=True, slots=True)
class RunCard:
    """A run."""

    id: int
    number: int
    state: RunState
    requested_by: int | None
    then: AfterRun
    budget: int | None
    max_moved: int | None
    """None: as many as the priorities justify."""
    manual_draft: int | None
    """Number of the version whose manual steps it keeps."""
    seconds: int
    created_at: datetime
    heartbeat_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    stop_requested: bool
    """It ends its search and keeps the best plan."""
    note: str
    fingerprint: str | None
    """Of the problem that was solved."""
    progress: Mapping[str, Any]
    curve: Sequence[Mapping[str, Any]]
    error: str | None
    version: int | None
    """Number of the version that it created, or None."""
    version_state: VersionState | None
    by: str
    """Who started it; empty for overnight runs and for readers who may not see it."""
    changed: Sequence[Mapping[str, Any]] | None = None
    """Changes since the published plan was made (`Difference`). None if not compared."""
    not_kept: Sequence[str] = ()
    """Locked or frozen requests that the plan does not satisfy."""
    clashes: Sequence[Mapping[str, Any]] = ()
    """Sets of commitments that no plan keeps together (`CommitmentClash`)."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def outcome(self) -> str:
        """The state, or NO_PLAN if the run ended without a version."""
        return NO_PLAN if self.state is RunState.FINISHED and self.version is None else self.state


_ADDED = "version", "version_state", "by", "not_kept", "clashes"
_OF_RUN = tuple(name for name in RunCard.__dataclass_fields__ if name not in _ADDED)


def start_run(
    session: Session,
    actor: Actor,
    *,
    seconds: int | None = None,
    then: AfterRun = AfterRun.DRAFT,
    budget: int | None = None,
    max_moved: int | None = 0,
    manual_draft: int | None = None,
    note: str = "",
    now: datetime,
) -> RunCard:
    """Queue a run. Raises like `runs.queue_run`. A run that publishes also requires the permission to
    publish.

    By default published meetings change only where unavoidable (`max_moved` 0).

    `manual_draft` is the number of a manual draft whose edits the run keeps, by default those of the
    published version. Raises NotFound or WrongState if it is unusable. The caller sends the task after the
    commit.
    """
    actor.require(Right.MANAGE_RUNS)
    if then is AfterRun.PUBLISH:
        actor.require(Right.PUBLISH)
    if manual_draft is not None:
        manual_edits.check_draft_usable(session, actor.event_id, manual_draft)
    run = runs.queue_run(
        session,
        actor.event_id,
        requested_by=actor.account_id,
        seconds=seconds,
        then=then,
        budget=budget,
        max_moved=max_moved,
        manual_draft=manual_draft,
        note=text.clean_line(note),
        now=now,
    )
    after = {
        "then": run.then.value,
        "seconds": run.seconds,
        "max_moved": run.max_moved,
        "note": run.note,
        **({"draft by hand": manual_draft} if manual_draft else {}),
    }
    about = pgettext_lazy("audit log", "run %(number)s started", number=run.number)
    recording.record_act(session, actor, Act.RUN, about, after=after, now=now)
    return _card(run)


def cancel_run(session: Session, actor: Actor, number: int, *, now: datetime) -> RunCard:
    """Cancel a run. Raises like `runs.cancel_run`."""
    actor.require(Right.MANAGE_RUNS)
    card = _card(runs.cancel_run(session, actor.event_id, number, now=now))
    recording.record_act(
        session,
        actor,
        Act.RUN,
        pgettext_lazy("audit log", "run %(number)s cancelled", number=number),
        now=now,
    )
    return card


def stop_run(session: Session, actor: Actor, number: int, *, now: datetime) -> RunCard:
    """Stop a run's search now and keep the best plan. Raises like `runs.stop_run`."""
    actor.require(Right.MANAGE_RUNS)
    card = _card(runs.stop_run(session, actor.event_id, number))
    about = pgettext_lazy("audit log", "run %(number)s stopped, its schedule kept", number=number)
    recording.record_act(session, actor, Act.RUN, about, now=now)
    return card


def get_run(session: Session, actor: Actor, number: int) -> RunCard:
    """Return a run by its number in the event. Raises NotFound."""
    row = session.execute(_runs(actor).where(Run.number == number)).first()
    if row is None:
        raise NotFound("run", number)
    return _card(*row)


def list_newest_runs(session: Session, actor: Actor, *, limit: int) -> tuple[RunCard, ...]:
    """Return the newest runs."""
    rows = session.execute(_runs(actor).order_by(Run.number.desc()).limit(limit))
    return tuple(_card(*row) for row in rows)


def list_runs(session: Session, actor: Actor, *, cursor: str | None = None, limit: int = 30) -> Page[RunCard]:
    """Return a page of the event's runs, newest first."""
    page: Page[Row[Any]] = fetch_page(session, _runs(actor), _NEWEST, cursor=cursor, limit=limit)
    return Page(tuple(_card(*row[:4]) for row in page.items), page.next_cursor, page.total)


def _runs(actor: Actor) -> Select[Run, int | None, VersionState | None, str]:
    """Return the query for runs, with the version that each made and the person who started it.

    Restored versions do not count.
    """
    actor.require(Right.READ_RUNS)
    return (
        select(
            Run,
            ScheduleVersion.number,
            ScheduleVersion.state,
            func.coalesce(func.nullif(Account.name, ""), Account.email, ""),
        )
        .outerjoin(ScheduleVersion, versions.made_by_run(Run))
        .outerjoin(Account, Account.id == Run.requested_by)
        .where(Run.event_id == actor.event_id)
    )


def _card(
    run: Run, version: int | None = None, version_state: VersionState | None = None, by: str = ""
) -> RunCard:
    values = {name: getattr(run, name) for name in _OF_RUN}
    return RunCard(**values, **(run.not_kept or {}), version=version, version_state=version_state, by=by)

"""Previews: what a run would make of other dials beside the published plan. None is ever a version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, Update, delete, exists, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobState, RunState
from scheduler.domain.errors import ChainmeetError, InvalidInput
from scheduler.domain.solving import Progress
from scheduler.files.policy import read_policy
from scheduler.files.reading import Reader
from scheduler.services.access.actors import Actor
from scheduler.services.access.rights import Right
from scheduler.services.trail import trail
from scheduler.services.trail.acts import Act
from scheduler.storage.models import Event, Preview, Run

MOST_SECONDS = 20
"""A preview is quick: it searches for so long, or for less if runs do."""
SILENT = timedelta(seconds=60)
"""A running preview whose worker wrote nothing for this time has lost it."""
LOST = "The worker was lost in the middle of it. Try again."


class PreviewLost(ChainmeetError):
    """The preview is no longer this worker's: another was asked for, or it was put away."""

    code = "preview-lost"

    def __init__(self, event_id: int) -> None:
        super().__init__(f"The preview of event {event_id} was put away.")


@dataclass(frozen=True, slots=True)
class PreviewCard:
    """A preview as it is followed. `result` has the figures `now` and `then`, once it is done.

    Each of both is None or maps held, twentieth, changed, idle, hall_change and score to a number. Of these,
    `twentieth` is the share of its requests, in per cent, that one firm in twenty has at most.
    """

    state: JobState
    policy: Mapping[str, Any]
    seconds: int
    asked_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: Mapping[str, Any]
    result: Mapping[str, Any] | None
    error: str | None

    @property
    def is_open(self) -> bool:
        return self.state in (JobState.ASKED, JobState.RUNNING)


def ask(session: Session, actor: Actor, policy: Mapping[str, Any], *, now: datetime) -> int:
    """Ask for a preview in place of the event's last one. Returns the event's id, to send its task.

    Raises InvalidInput with what is wrong with the policy, by its path.
    """
    actor.require(Right.CHANGE_SETTINGS)
    reader = Reader()
    read_policy(reader, dict(policy))
    if reader.faults:
        raise InvalidInput(reader.faults)
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    last = session.get(Preview, event.id)
    number = last.number + 1 if last is not None else 1
    if last is not None:
        session.delete(last)
        session.flush()
    session.add(
        Preview(
            event_id=event.id,
            number=number,
            state=JobState.ASKED,
            policy=dict(policy),
            seconds=min(event.solve_seconds, MOST_SECONDS),
            asked_at=now,
            progress={},
        )
    )
    session.flush()
    trail.note(session, actor, Act.RUN, "preview of dials asked for", after=dict(policy), now=now)
    return event.id


def look(session: Session, actor: Actor) -> PreviewCard | None:
    """The event's last preview."""
    actor.require(Right.CHANGE_SETTINGS)
    row = session.get(Preview, actor.event_id)
    return PreviewCard(**{name: getattr(row, name) for name in _OF_CARD}) if row is not None else None


_OF_CARD = tuple(PreviewCard.__dataclass_fields__)


def discard(session: Session, actor: Actor) -> None:
    """Put the event's preview away. A worker that is at it stops."""
    actor.require(Right.CHANGE_SETTINGS)
    session.execute(delete(Preview).where(Preview.event_id == actor.event_id))


def to_send(session: Session, *, now: datetime) -> list[int]:
    """The events whose preview waits for a worker. One whose worker is lost fails."""
    lost = update(Preview).where(Preview.state == JobState.RUNNING, Preview.heartbeat_at <= now - SILENT)
    _changed(session, lost.values(state=JobState.FAILED, finished_at=now, error=LOST))
    waits = select(Preview.event_id).where(Preview.state == JobState.ASKED, ~_is_run_open())
    return list(session.scalars(waits.order_by(Preview.asked_at)))


def claim(session: Session, event_id: int, *, now: datetime) -> Preview | None:
    """Claim a preview that waits. It goes behind all runs: while one is open, none is claimed."""
    asked = update(Preview).where(
        Preview.event_id == event_id, Preview.state == JobState.ASKED, ~_is_run_open()
    )
    values = {"state": JobState.RUNNING, "started_at": now, "heartbeat_at": now}
    if not _changed(session, asked.values(values)):
        return None
    return session.get_one(Preview, event_id, populate_existing=True)


def must_stop(session: Session, event_id: int, number: int) -> bool:
    """Whether the preview was put away, or a run waits for its worker."""
    mine = select(Preview.event_id).where(Preview.event_id == event_id, Preview.number == number)
    return session.scalar(mine) is None or session.scalar(select(_is_run_open())) is True


def report(session: Session, event_id: int, number: int, progress: Progress | None, *, now: datetime) -> None:
    """Store the heartbeat, and how far the search is. Raises PreviewLost."""
    said = {} if progress is None else {"progress": {**asdict(progress), "terms": dict(progress.terms)}}
    _change(session, event_id, number, heartbeat_at=now, **said)


def put_back(session: Session, event_id: int, number: int) -> None:
    """running -> asked, for a run that goes before. Raises PreviewLost."""
    _change(session, event_id, number, state=JobState.ASKED, started_at=None, progress={})


def finish(session: Session, event_id: int, number: int, result: Mapping[str, Any], *, now: datetime) -> None:
    """running -> done. Raises PreviewLost."""
    _change(session, event_id, number, state=JobState.DONE, finished_at=now, result=dict(result))


def fail(session: Session, event_id: int, number: int, error: str, *, now: datetime) -> None:
    """running -> failed, with a sentence. Raises PreviewLost."""
    _change(session, event_id, number, state=JobState.FAILED, finished_at=now, error=error)


def _is_run_open() -> Any:
    return exists().where(Run.state.in_((RunState.QUEUED, RunState.RUNNING)))


def _change(session: Session, event_id: int, number: int, **values: Any) -> None:
    mine = update(Preview).where(
        Preview.event_id == event_id, Preview.number == number, Preview.state == JobState.RUNNING
    )
    if not _changed(session, mine.values(values)):
        raise PreviewLost(event_id)


def _changed(session: Session, statement: Update) -> bool:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount > 0

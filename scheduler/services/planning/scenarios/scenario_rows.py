"""Rows of scenarios: add, find, request, reset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.services.planning.scenarios.scenario_changes import (
    AnyChange,
    PolicyChange,
    TypedChange,
    parse_changes,
    serialize_changes,
)
from scheduler.storage.models import Event, Scenario

QUICK_SECONDS = 20
"""Seconds of a quick search, or less if runs are shorter."""


@dataclass(frozen=True, slots=True)
class ScenarioCard:
    """A scenario."""

    number: int
    name: str
    changes: Sequence[AnyChange]
    seconds: int
    created_at: datetime
    state: ScenarioState
    requested_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    progress: Mapping[str, Any]
    result: Mapping[str, Any] | None
    """The figures `now` and `then` once it is solved. `now` is None if nothing is published."""
    error: str | None

    @property
    def policy(self) -> Mapping[str, Any]:
        """The policy of the scenario's priorities, empty if it has none."""
        return next((one.policy for one in self.changes if isinstance(one, PolicyChange)), {})

    @property
    def is_open(self) -> bool:
        return self.state in (ScenarioState.QUEUED, ScenarioState.RUNNING)


def add_row(
    session: Session,
    event_id: int,
    kind: ScenarioKind,
    *,
    name: str,
    changes: Sequence[TypedChange],
    seconds: int | None = None,
    now: datetime,
) -> Scenario:
    """Add a row. Concurrent calls get consecutive numbers. Without `seconds` the scenario is a quick one."""
    event = session.get_one(Event, event_id, with_for_update={"key_share": True})
    last = session.scalar(select(func.max(Scenario.number)).where(Scenario.event_id == event_id))
    row = Scenario(
        event_id=event_id,
        number=(last or 0) + 1,
        kind=kind,
        name=name,
        changes=serialize_changes(changes),
        seconds=seconds or min(event.solve_seconds, QUICK_SECONDS),
        created_at=now,
        state=ScenarioState.NEW,
        turn=0,
        progress={},
    )
    session.add(row)
    session.flush()
    return row


def list_rows(session: Session, event_id: int, kind: ScenarioKind) -> Sequence[Scenario]:
    """Return the event's rows of a kind, in order of creation."""
    mine = select(Scenario).where(Scenario.event_id == event_id, Scenario.kind == kind)
    return session.scalars(mine.order_by(Scenario.number)).all()


def get_row(session: Session, event_id: int, number: int, *, to_change: bool = False) -> Scenario:
    """Return a stored scenario. Raises NotFound."""
    mine = select(Scenario).where(
        Scenario.event_id == event_id, Scenario.number == number, Scenario.kind == ScenarioKind.KEPT
    )
    row = session.scalar(mine.with_for_update(key_share=True) if to_change else mine)
    if row is None:
        raise NotFound("scenario", number)
    return row


def scenario_card(row: Scenario) -> ScenarioCard:
    values = {name: getattr(row, name) for name in _OF_CARD}
    return ScenarioCard(**{**values, "changes": parse_changes(row.changes)})


_OF_CARD = tuple(ScenarioCard.__dataclass_fields__)


def request_solve(row: Scenario, *, now: datetime) -> None:
    """Request a solve and delete the previous result."""
    reset_row(row)
    row.state, row.requested_at, row.turn = ScenarioState.QUEUED, now, row.turn + 1


def reset_row(row: Scenario) -> None:
    """Move a scenario back to new: delete the result; a worker that is solving it stops."""
    row.state, row.progress, row.result, row.error = ScenarioState.NEW, {}, None, None
    row.requested_at = row.started_at = row.finished_at = row.heartbeat_at = None

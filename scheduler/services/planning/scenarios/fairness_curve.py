"""Fairness curve: each of the five fairness levels solved beside the live plan, with its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from scheduler.domain.rules.fairness import FAIRNESS_PRICES
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios import scenario_rows
from scheduler.services.planning.scenarios.scenario_changes import FairnessChange
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.storage.models import Scenario


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A solved fairness level. Shares are percentages.

    `gap` is the optimality gap in percent, an upper bound.
    """

    point: int
    scheduled: int
    scheduled_bound: int | None
    weight: float
    weight_bound: float | None
    gap: float | None
    mean: float
    twentieth: float
    worst: float
    gini: float


@dataclass(frozen=True, slots=True)
class Curve:
    """The solved levels, the number requested, and the error of failed ones."""

    points: Sequence[CurvePoint]
    of: int
    is_open: bool
    requested_at: datetime
    seconds: int
    error: str | None

    @property
    def is_whole(self) -> bool:
        return len(self.points) == self.of


def request_curve(session: Session, actor: Actor, *, now: datetime) -> None:
    """Request all five levels, replacing the previous request."""
    actor.require(Right.MANAGE_SCENARIOS)
    _delete(session, actor.event_id)
    for point in range(len(FAIRNESS_PRICES)):
        changes = [FairnessChange(point=point)]
        name = f"Fairness {point}"
        row = scenario_rows.add_row(
            session, actor.event_id, ScenarioKind.CURVE, name=name, changes=changes, now=now
        )
        scenario_rows.request_solve(row, now=now)
    session.flush()
    recording.record_act(
        session, actor, Act.SCENARIO, pgettext_lazy("audit log", "fairness curve requested"), now=now
    )


def get_curve(session: Session, actor: Actor) -> Curve | None:
    """Return the last requested curve, as far as it is solved."""
    actor.require(Right.READ_VERSIONS)
    cards = [
        scenario_rows.scenario_card(row)
        for row in scenario_rows.list_rows(session, actor.event_id, ScenarioKind.CURVE)
    ]
    if not cards:
        return None
    points = [_point(position, card) for position, card in enumerate(cards)]
    return Curve(
        points=[point for point in points if point is not None],
        of=len(cards),
        is_open=any(card.is_open for card in cards),
        requested_at=min(card.requested_at or card.created_at for card in cards),
        seconds=cards[0].seconds,
        error=next((card.error for card in cards if card.error), None),
    )


def discard_curve(session: Session, actor: Actor, *, now: datetime) -> None:
    """Discard the curve. A worker that is solving it stops."""
    actor.require(Right.MANAGE_SCENARIOS)
    _delete(session, actor.event_id)
    recording.record_act(
        session, actor, Act.SCENARIO, pgettext_lazy("audit log", "fairness curve discarded"), now=now
    )


def _delete(session: Session, event_id: int) -> None:
    mine = (Scenario.event_id == event_id, Scenario.kind == ScenarioKind.CURVE)
    session.execute(delete(Scenario).where(*mine))


def _point(position: int, card: ScenarioCard) -> CurvePoint | None:
    """Return a point, or None if the level is not solved or the event has no requests."""
    then = card.result["then"] if card.result is not None else None
    if card.state is not ScenarioState.DONE or then is None or then["mean"] is None:
        return None
    return CurvePoint(
        point=position,
        scheduled=then["held"],
        scheduled_bound=then["held_bound"],
        weight=then["weight"],
        weight_bound=then["weight_bound"],
        gap=then["gap"],
        mean=then["mean"],
        twentieth=then["twentieth"],
        worst=then["worst"],
        gini=then["gini"],
    )

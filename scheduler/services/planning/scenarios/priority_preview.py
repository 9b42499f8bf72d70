"""Preview of scheduling priorities before they are saved: the event's latest scenario of this kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from scheduler.domain.solving import ScenarioKind
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.planning.scenarios import scenario_rows
from scheduler.services.planning.scenarios.scenario_changes import PolicyChange, require_policy
from scheduler.services.planning.scenarios.scenario_rows import ScenarioCard
from scheduler.storage.models import Scenario


def request_preview(session: Session, actor: Actor, policy: Mapping[str, Any], *, now: datetime) -> None:
    """Request a preview of a policy, replacing the event's previous one.

    Raises InvalidInput by path within the policy.
    """
    actor.require(Right.CHANGE_SETTINGS)
    require_policy(policy)
    _delete(session, actor.event_id)
    asked = [PolicyChange(policy=dict(policy))]
    row = scenario_rows.add_row(
        session, actor.event_id, ScenarioKind.DIALS, name="Dials", changes=asked, now=now
    )
    scenario_rows.request_solve(row, now=now)
    session.flush()
    recording.record_act(
        session,
        actor,
        Act.SCENARIO,
        pgettext_lazy("audit log", "scheduling priorities previewed"),
        after=dict(policy),
        now=now,
    )


def get_preview(session: Session, actor: Actor) -> ScenarioCard | None:
    """Return the event's latest preview."""
    actor.require(Right.CHANGE_SETTINGS)
    found = scenario_rows.list_rows(session, actor.event_id, ScenarioKind.DIALS)
    return scenario_rows.scenario_card(found[-1]) if found else None


def discard_preview(session: Session, actor: Actor) -> None:
    """Discard the preview. A worker that is solving it stops."""
    actor.require(Right.CHANGE_SETTINGS)
    _delete(session, actor.event_id)


def _delete(session: Session, event_id: int) -> None:
    mine = (Scenario.event_id == event_id, Scenario.kind == ScenarioKind.DIALS)
    session.execute(delete(Scenario).where(*mine))

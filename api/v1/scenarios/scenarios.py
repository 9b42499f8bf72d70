"""Scenarios: create, solve, compare with the live plan. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.scenarios.schemas import NewScenarioIn, ScenarioOut, ScenarioUpdateIn
from api.v1.schemas.base import DeletedOut, Items
from api.v1.schemas.headers import Created
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.scenarios import scenarios
from workers import dispatch

TAG = "Scenarios"
ONE = "/scenarios/<int:number>"


@blueprint.get("/scenarios")
@blueprint.auth_required(token, roles=["runs:read"])
@operation(tag=TAG)
@blueprint.output(Items[ScenarioOut])
def list_scenarios(db: Session, actor: Actor) -> Any:
    """List scenarios, oldest first"""
    return {"items": scenarios.list_scenarios(db, actor)}


@blueprint.post("/scenarios")
@blueprint.auth_required(token, roles=["runs:write"])
@blueprint.input(NewScenarioIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_scenario")
@blueprint.output(ScenarioOut, 201, headers=Created)
def create_scenario(db: Session, actor: Actor, body: NewScenarioIn) -> Any:
    """Create a scenario, without solving it"""
    return scenarios.create_scenario(
        db, actor, body.name, changes=tuple(body.changes), seconds=body.seconds, now=context.now()
    )


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=["runs:read"])
@operation(tag=TAG)
@blueprint.output(ScenarioOut)
def show_scenario(db: Session, actor: Actor, number: int) -> Any:
    """Show a scenario with its state and, once solved, its figures"""
    return scenarios.get_scenario(db, actor, number)


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=["runs:write"])
@blueprint.input(ScenarioUpdateIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(ScenarioOut)
def update_scenario(db: Session, actor: Actor, number: int, body: ScenarioUpdateIn) -> Any:
    """Update a scenario; changes discard its figures"""
    changes = None if body.changes is None else tuple(body.changes)
    return scenarios.change_scenario(
        db, actor, number, name=body.name, changes=changes, seconds=body.seconds, now=context.now()
    )


@blueprint.post(f"{ONE}/solve")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(ScenarioOut)
def solve_scenario(db: Session, actor: Actor, number: int) -> Any:
    """Solve a scenario, after all queued runs"""
    asked = scenarios.solve_scenario(db, actor, number, now=context.now())
    later(_send)
    return asked


@blueprint.post(f"{ONE}/stop")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(ScenarioOut)
def stop_scenario(db: Session, actor: Actor, number: int) -> Any:
    """Stop solving a scenario: its state is new again"""
    return scenarios.stop_scenario(db, actor, number, now=context.now())


@blueprint.delete(ONE)
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedOut)
def delete_scenario(db: Session, actor: Actor, number: int) -> Any:
    """Delete a scenario; the event does not change"""
    scenarios.delete_scenario(db, actor, number, now=context.now())
    return {"number": number}


def _send() -> None:
    dispatch.solve_scenario(app=context.celery())

"""What-ifs beside the live plan: make one, solve it, look at it. For organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.scenarios.schemas import DeletedOut, NewWhatIfIn, WhatIfChangeIn, WhatIfOut
from api.v1.schemas.base import Items
from api.v1.schemas.headers import Created
from scheduler.services.identity.actors import Actor
from scheduler.services.planning.scenarios import scenarios
from workers import dispatch

TAG = "What-ifs"
ONE = "/scenarios/<int:number>"


@blueprint.get("/scenarios")
@blueprint.auth_required(token, roles=["runs:read"])
@operation(tag=TAG)
@blueprint.output(Items[WhatIfOut])
def list_what_ifs(db: Session, actor: Actor) -> Any:
    """The what-ifs that are kept, the oldest first"""
    return {"items": scenarios.list_scenarios(db, actor)}


@blueprint.post("/scenarios")
@blueprint.auth_required(token, roles=["runs:write"])
@blueprint.input(NewWhatIfIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_what_if")
@blueprint.output(WhatIfOut, 201, headers=Created)
def make_what_if(db: Session, actor: Actor, body: NewWhatIfIn) -> Any:
    """Make a what-if of some changes, which is not solved yet"""
    return scenarios.create_scenario(
        db, actor, body.name, changes=tuple(body.changes), seconds=body.seconds, now=context.now()
    )


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=["runs:read"])
@operation(tag=TAG)
@blueprint.output(WhatIfOut)
def show_what_if(db: Session, actor: Actor, number: int) -> Any:
    """One what-if with its state and, once it is done, its figures"""
    return scenarios.get_scenario(db, actor, number)


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=["runs:write"])
@blueprint.input(WhatIfChangeIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(WhatIfOut)
def change_what_if(db: Session, actor: Actor, number: int, body: WhatIfChangeIn) -> Any:
    """Rename it, or give it other changes: what it told is put away then"""
    changes = None if body.changes is None else tuple(body.changes)
    return scenarios.change_scenario(
        db, actor, number, name=body.name, changes=changes, seconds=body.seconds, now=context.now()
    )


@blueprint.post(f"{ONE}/solve")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(WhatIfOut)
def solve_what_if(db: Session, actor: Actor, number: int) -> Any:
    """Have it solved beside the live plan, behind all runs"""
    asked = scenarios.solve_scenario(db, actor, number, now=context.now())
    later(_send_what_if)
    return asked


@blueprint.post(f"{ONE}/stop")
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True, also=(409,))
@blueprint.output(WhatIfOut)
def stop_what_if(db: Session, actor: Actor, number: int) -> Any:
    """Stop it: its state is new again"""
    return scenarios.stop_scenario(db, actor, number, now=context.now())


@blueprint.delete(ONE)
@blueprint.auth_required(token, roles=["runs:write"])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedOut)
def delete_what_if(db: Session, actor: Actor, number: int) -> Any:
    """Delete it; nothing of the event changes"""
    scenarios.delete_scenario(db, actor, number, now=context.now())
    return {"number": number}


def _send_what_if() -> None:
    dispatch.what_if(app=context.celery())

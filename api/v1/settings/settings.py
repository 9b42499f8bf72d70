"""Settings of the event, its overnight runs and its scheduling priorities. For organisers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.settings.schemas import (
    RENAMED,
    EventSettingsIn,
    EventSettingsOut,
    OvernightSettingsIn,
    OvernightSettingsOut,
    PrioritiesIn,
    PrioritiesOut,
)
from scheduler.services.events import events, overnight_schedule
from scheduler.services.identity.actors import Actor

TAG = "Settings"
WRITE = "settings:write"


@blueprint.get("/settings")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(EventSettingsOut)
def show_settings(db: Session, actor: Actor) -> Any:
    """Show the settings of the event"""
    return events.get_settings(db, actor)


@blueprint.post("/settings/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(EventSettingsIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(EventSettingsOut)
def change_settings(db: Session, actor: Actor, body: EventSettingsIn) -> Any:
    """Change settings, effective at once"""
    stored = {public: name for name, public in RENAMED.items()}
    given = {stored.get(name, name): value for name, value in body if value is not None}
    form = replace(events.get_settings(db, actor), **given)
    events.update_settings(db, actor, form, now=context.now())
    return events.get_settings(db, actor)


@blueprint.get("/overnight-settings")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(OvernightSettingsOut)
def show_overnight_settings(db: Session, actor: Actor) -> Any:
    """Show the start times of overnight runs, and the limits within which these publish"""
    return overnight_schedule.get_overnight_settings(db, actor)


@blueprint.post("/overnight-settings/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(OvernightSettingsIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(OvernightSettingsOut)
def change_overnight_settings(db: Session, actor: Actor, body: OvernightSettingsIn) -> Any:
    """Change the settings of overnight runs, effective at once"""
    given = {name: value for name, value in body if value is not None}
    if body.times is not None:
        given["times"] = tuple(each.start_time() for each in body.times)
    form = replace(overnight_schedule.get_overnight_settings(db, actor), **given)
    return overnight_schedule.change_overnight_settings(db, actor, form, now=context.now())


@blueprint.get("/priorities")
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(PrioritiesOut)
def show_priorities(db: Session, actor: Actor) -> Any:
    """Show the scheduling priorities"""
    return {"policy": events.get_settings(db, actor).policy}


@blueprint.post("/priorities/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(PrioritiesIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(PrioritiesOut)
def change_priorities(db: Session, actor: Actor, body: PrioritiesIn) -> Any:
    """Change scheduling priorities; the next run uses them"""
    before = events.get_settings(db, actor)
    policy = {name: value for name, value in {**before.policy, **body.policy}.items() if value is not None}
    events.update_settings(db, actor, replace(before, policy=policy), now=context.now())
    return {"policy": events.get_settings(db, actor).policy}

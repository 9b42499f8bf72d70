"""Agendas of the published schedule."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.schedule.schemas import AgendaOut
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule import agendas

TAG = "Agendas"


@blueprint.get("/people/<key>/agenda")
@blueprint.auth_required(token, roles=["schedule:read"])
@operation(tag=TAG)
@blueprint.output(AgendaOut)
def show_person_agenda(db: Session, actor: Actor, key: str) -> Any:
    """Show the agenda of a person: your own, a colleague's for exhibitors, anyone's for organisers"""
    return agendas.attendee_agenda(db, actor, key)


@blueprint.get("/firms/<key>/agenda")
@blueprint.auth_required(token, roles=["schedule:read"])
@operation(tag=TAG)
@blueprint.output(AgendaOut)
def show_firm_agenda(db: Session, actor: Actor, key: str) -> Any:
    """Show the agenda of a firm: your own, any for organisers"""
    return agendas.firm_agenda(db, actor, key)

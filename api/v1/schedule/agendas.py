"""Agendas of the published schedule."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1.bearer import token
from api.v1.operation import blueprint, operation
from api.v1.schedule.schemas import AgendaOut, MeetingQuery
from api.v1.schemas.base import UpdateListing
from api.v1.updates import with_updates
from scheduler.services.identity.actors import Actor
from scheduler.services.schedule import agendas, published_meetings
from scheduler.services.schedule.published_meetings import PublishedMeeting

TAG = "Agendas"


@blueprint.get("/meetings")
@blueprint.auth_required(token, roles=["schedule:read"])
@blueprint.input(MeetingQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(UpdateListing[PublishedMeeting])
def list_published_meetings(db: Session, actor: Actor, query: MeetingQuery) -> Any:
    """List the meetings of the published schedule; for organisers"""
    return published_meetings.list_published_meetings(db, actor, **with_updates(query), now=context.now())


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

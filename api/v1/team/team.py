"""The team of the event: list, invite, change, remove. For owners and organisers."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.operation import blueprint, later, operation
from api.v1.schemas.base import DeletedOut
from api.v1.schemas.headers import Created
from api.v1.team.schemas import InvitationOut, MemberOut, NewInvitationIn, RoleIn, TeamOut
from scheduler.domain.errors import NotFound
from scheduler.services.events import events
from scheduler.services.identity.actors import Actor
from scheduler.services.team import invitations, members
from scheduler.services.team.members import Team
from workers import dispatch

TAG = "Team"
READ, WRITE = "team:read", "team:write"
MEMBER = "/team/members/<int:number>"
INVITATION = "/team/invitations/<int:number>"


@blueprint.get("/team")
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(TeamOut)
def show_team(db: Session, actor: Actor) -> dict[str, Any]:
    """Show the members, owners first, and the open invitations"""
    team = _team(db, actor)
    return {
        "members": [bearer.hide_contacts(actor, member, email=None) for member in team.members],
        "invitations": [bearer.hide_contacts(actor, each, email=None) for each in team.invitations],
    }


@blueprint.post("/team/invitations")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewInvitationIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_invitation")
@blueprint.output(InvitationOut, 201, headers=Created)
def invite_member(db: Session, actor: Actor, body: NewInvitationIn) -> Any:
    """Invite a person by email; a second invitation to an address replaces the first"""
    address = invitations.send_invitation(
        db,
        actor,
        body.email,
        role=body.role,
        until=body.until,
        delegations=body.delegations,
        language=body.language or events.get_event(db, actor).language,
        settings=context.settings(),
        now=context.now(),
    )
    later(_deliver)
    made = next(each for each in _team(db, actor).invitations if each.email == address)
    return bearer.hide_contacts(actor, made, email=None)


@blueprint.get(INVITATION)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(InvitationOut)
def show_invitation(db: Session, actor: Actor, number: int) -> Any:
    """Show an open invitation"""
    for each in _team(db, actor).invitations:
        if each.id == number:
            return bearer.hide_contacts(actor, each, email=None)
    raise NotFound("invitation", number)


@blueprint.delete(INVITATION)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedOut)
def revoke_invitation(db: Session, actor: Actor, number: int) -> Any:
    """Revoke an invitation: its link stops working"""
    invitations.revoke_invitation(db, actor, number, now=context.now())
    return {"number": number}


@blueprint.get(MEMBER)
@blueprint.auth_required(token, roles=[READ])
@operation(tag=TAG)
@blueprint.output(MemberOut)
def show_member(db: Session, actor: Actor, number: int) -> Any:
    """Show a member of the team"""
    return _member(db, actor, number)


@blueprint.post(f"{MEMBER}/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(RoleIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(MemberOut)
def update_member(db: Session, actor: Actor, body: RoleIn, number: int) -> Any:
    """Change a member's role, last day and delegations"""
    members.change_member(db, actor, number, now=context.now(), **dict(body))
    return _member(db, actor, number)


@blueprint.delete(MEMBER)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedOut)
def remove_member(db: Session, actor: Actor, number: int) -> Any:
    """Remove a member at once, with their tokens"""
    members.remove_member(db, actor, number, now=context.now())
    return {"number": number}


def _team(db: Session, actor: Actor) -> Team:
    return members.get_team(db, actor, now=context.now())


def _member(db: Session, actor: Actor, number: int) -> Any:
    for each in _team(db, actor).members:
        if each.account_id == number:
            return bearer.hide_contacts(actor, each, email=None)
    raise NotFound("member of the team", number)


def _deliver() -> None:
    dispatch.deliver_urgent(app=context.celery())

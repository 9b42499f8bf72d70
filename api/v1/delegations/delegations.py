"""Delegations: list, create, change and delete them, and assign firms and people. For organisers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.orm import Session

from api import context
from api.v1 import bearer
from api.v1.bearer import token
from api.v1.delegations.schemas import (
    DelegationIn,
    DelegationOut,
    DelegationRowOut,
    DeletedDelegationOut,
    MembersIn,
    NewDelegationIn,
)
from api.v1.operation import blueprint, operation
from api.v1.schemas.base import Listing, SearchQuery
from api.v1.schemas.headers import Created
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.delegations import delegations, membership
from scheduler.services.participants.delegations.delegations import DelegationForm

TAG = "Delegations"
WRITE = "people:write"
ONE = "/delegations/<key>"


@blueprint.get("/delegations")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(SearchQuery, location="query", arg_name="query")
@operation(tag=TAG)
@blueprint.output(Listing[DelegationRowOut])
def list_delegations(db: Session, actor: Actor, query: SearchQuery) -> Any:
    """List delegations by name"""
    return delegations.list_delegations(db, actor, **dict(query))


@blueprint.post("/delegations")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(NewDelegationIn, arg_name="body")
@operation(tag=TAG, writes=True, creates="v1.show_delegation")
@blueprint.output(DelegationOut, 201, headers=Created)
def create_delegation(db: Session, actor: Actor, body: NewDelegationIn) -> Any:
    """Create a delegation without members"""
    key = delegations.create_delegation(db, actor, DelegationForm(**dict(body)), now=context.now())
    db.flush()
    return _delegation(db, actor, key)


@blueprint.get(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG)
@blueprint.output(DelegationOut)
def show_delegation(db: Session, actor: Actor, key: str) -> Any:
    """Show a delegation with its members"""
    return _delegation(db, actor, key)


@blueprint.post(f"{ONE}/change")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(DelegationIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(DelegationOut)
def change_delegation(db: Session, actor: Actor, body: DelegationIn, key: str) -> Any:
    """Change a delegation; its leader is one of its people"""
    given = {name: value for name, value in body if value is not None}
    form = replace(delegations.get_delegation(db, actor, key).form, **given)
    delegations.change_delegation(db, actor, key, form, now=context.now())
    return _delegation(db, actor, key)


@blueprint.delete(ONE)
@blueprint.auth_required(token, roles=[WRITE])
@operation(tag=TAG, writes=True)
@blueprint.output(DeletedDelegationOut)
def delete_delegation(db: Session, actor: Actor, key: str) -> Any:
    """Delete a delegation; its firms and people remain in the event"""
    delegations.remove_delegation(db, actor, key, now=context.now())
    return {"key": key}


@blueprint.post(f"{ONE}/members/add")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MembersIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(DelegationOut)
def add_delegation_members(db: Session, actor: Actor, body: MembersIn, key: str) -> Any:
    """Add firms with all their people, and individual members"""
    for firm in body.firms:
        membership.add_firm(db, actor, key, firm, now=context.now())
    for person in body.people:
        membership.add_person(db, actor, key, person, now=context.now())
    db.flush()
    return _delegation(db, actor, key)


@blueprint.post(f"{ONE}/members/remove")
@blueprint.auth_required(token, roles=[WRITE])
@blueprint.input(MembersIn, arg_name="body")
@operation(tag=TAG, writes=True)
@blueprint.output(DelegationOut)
def remove_delegation_members(db: Session, actor: Actor, body: MembersIn, key: str) -> Any:
    """Remove firms with all their people, and individual members"""
    for firm in body.firms:
        membership.remove_firm(db, actor, key, firm, now=context.now())
    for person in body.people:
        membership.remove_person(db, actor, key, person, now=context.now())
    db.flush()
    return _delegation(db, actor, key)


def _delegation(db: Session, actor: Actor, key: str) -> dict[str, Any]:
    card = delegations.get_delegation(db, actor, key)
    people = [bearer.hide_contacts(actor, person, phone=None) for person in card.members.people]
    form = asdict(card.form)
    if not actor.may(Right.READ_CONTACTS):
        form["escort_phone"] = None
    return {"key": card.key, **form, "firms": card.members.firms, "people": people}

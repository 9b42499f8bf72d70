"""Delegation lookup: by key, and the firms of delegations."""

from __future__ import annotations

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain.errors import NotFound
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import clean_line, is_storable
from scheduler.storage.models import Delegation, DelegationFirm

MOST_DELEGATIONS = 500
"""Maximum number of delegations of an event."""


def find_delegation(session: Session, actor: Actor, key: str, right: Right) -> Delegation:
    """Return the delegation with this key for which the actor has the right. Raises NotFound otherwise."""
    only = actor.delegations_for(right)
    found = None
    if is_storable(key):
        of_event = Delegation.event_id == actor.event_id, Delegation.key == key
        found = session.scalar(select(Delegation).where(*of_event))
    if found is None or (only is not None and found.id not in only):
        raise NotFound("delegation", key)
    return found


def delegation_firms_query(*delegation_ids: int) -> Select[int]:
    """Query for the ids of the firms that belong to delegations entirely."""
    return select(DelegationFirm.firm_id).where(DelegationFirm.delegation_id.in_(delegation_ids))


def list_delegation_names(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return key and name of the delegations by name, for a filter. One query.

    A delegation manager gets only their own.
    """
    only = actor.delegations_for(Right.READ_DELEGATIONS)
    query = select(Delegation.key, Delegation.name).where(Delegation.event_id == actor.event_id)
    if only is not None:
        query = query.where(Delegation.id.in_(only))
    rows = session.execute(query.order_by(func.lower(Delegation.name), Delegation.id))
    return [(key, name) for key, name in rows]


def firms_in_delegation(actor: Actor, key: str) -> Select[int]:
    """Query for the firm ids of the delegation with this key. Empty if the event has no such delegation."""
    actor.require(Right.READ_DELEGATIONS)
    asked = Delegation.event_id == actor.event_id, Delegation.key == clean_line(key)
    return select(DelegationFirm.firm_id).join(Delegation).where(*asked)

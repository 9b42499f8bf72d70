"""Delegation managers: the delegations, firms and people that they act for."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Delegation, DelegationFirm, DelegationPerson, TeamDelegation


@dataclass(frozen=True, slots=True)
class ManagedDelegations:
    """The delegations of a delegation manager, with their firms and people, by id."""

    delegations: frozenset[int] = frozenset()
    firms: frozenset[int] = frozenset()
    people: frozenset[int] = frozenset()
    """All people of these firms, and those who attend without their firm."""


def find_managed_delegations(session: Session, event_id: int, account_id: int) -> ManagedDelegations:
    """Load the delegations that an account manages. Three queries."""
    of_account = (
        select(TeamDelegation.delegation_id)
        .join(Delegation, Delegation.id == TeamDelegation.delegation_id)
        .where(TeamDelegation.account_id == account_id, Delegation.event_id == event_id)
    )
    delegations = frozenset(session.scalars(of_account))
    firms = frozenset(
        session.scalars(select(DelegationFirm.firm_id).where(DelegationFirm.delegation_id.in_(delegations)))
    )
    alone = select(DelegationPerson.attendee_id).where(DelegationPerson.delegation_id.in_(delegations))
    people = session.scalars(
        select(Attendee.id).where(or_(in_chunks(Attendee.firm_id, firms), Attendee.id.in_(alone)))
    )
    return ManagedDelegations(delegations, firms, frozenset(people))


def confirm_person(person: Attendee) -> None:
    """Confirm a person, so that their sign-in no longer depends on a delegation manager's role."""
    person.imported_by, person.is_exhibitor_proposed = None, False

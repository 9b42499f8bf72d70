"""Delegations: list, create, update and delete."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, true
from sqlalchemy.orm import Session

from scheduler.domain import fields
from scheduler.domain.entities import RequestState
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import DelegationName, Origin, Phone
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.delegation_lookup import MOST_DELEGATIONS, find_delegation
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.paging import Order, Page, fetch_page
from scheduler.services.participants.delegations.members import DelegationMembers, list_members, select_people
from scheduler.services.text import clean_line, is_storable, match_condition
from scheduler.storage.models import (
    Attendee,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    Event,
    MeetingRequest,
    TeamDelegation,
    TeamInvitation,
)

_BY_NAME = Order("delegations", (func.lower(Delegation.name), Delegation.id), (str, int))


@dataclass(frozen=True, slots=True)
class DelegationForm:
    """Form of a delegation. `leader` is the key of one of its people, or empty."""

    name: DelegationName
    origin: Origin = ""
    leader: str = ""
    escort: Origin = ""
    escort_phone: Phone = ""


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """A row in the list of delegations. `people` counts its firms' people and its individual members."""

    key: str
    name: str
    origin: str
    escort: str
    firms: int
    people: int
    waiting: int = 0
    """Requests to its firms without a response."""


@dataclass(frozen=True, slots=True)
class DelegationCard:
    """A delegation with its members. `form` holds its editable fields."""

    key: str
    form: DelegationForm
    members: DelegationMembers


def list_delegations(
    session: Session,
    actor: Actor,
    *,
    text: str = "",
    cursor: str | None = None,
    number: int = 1,
    limit: int = 30,
) -> Page[DelegationRow]:
    """Return delegations by name; for a delegation manager only their own. Runs three queries."""
    only = actor.delegations_for(Right.READ_DELEGATIONS)
    query = select(Delegation, _firms(), _people(), _waiting()).where(
        Delegation.event_id == actor.event_id,
        Delegation.id.in_(only) if only is not None else true(),
        match_condition(text, [Delegation.name, Delegation.origin, Delegation.escort]),
    )
    page = fetch_page(session, query, _BY_NAME, cursor=cursor, number=number, limit=limit)
    return page.of(
        DelegationRow(each.key, each.name, each.origin, each.escort, firms, people, waiting)
        for each, firms, people, waiting, *_ in page.items
    )


def get_delegation(session: Session, actor: Actor, key: str) -> DelegationCard:
    """Return a delegation. Raises NotFound, also for delegations of other events or managers."""
    found = find_delegation(session, actor, key, Right.READ_DELEGATIONS)
    leader = session.scalar(select(Attendee.key).where(Attendee.id == found.leader_id)) or ""
    form = DelegationForm(found.name, found.origin, leader, found.escort, found.escort_phone)
    return DelegationCard(found.key, form, list_members(session, found.id))


def create_delegation(session: Session, actor: Actor, form: DelegationForm, *, now: datetime) -> str:
    """Create an empty delegation. Return its key. Raises InvalidInput by field."""
    actor.require(Right.MANAGE_DELEGATIONS)
    form = _clean(form)
    # one at a time, so that keys are unique
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    faults = list(fields.check_form(form))
    keys = set(session.scalars(select(Delegation.key).where(Delegation.event_id == actor.event_id)))
    if len(keys) >= MOST_DELEGATIONS:
        faults.append(
            Fault(
                "name",
                gettext_lazy(
                    "delete a delegation first, because the event already has the maximum of "
                    "%(most_delegations)s",
                    most_delegations=MOST_DELEGATIONS,
                ),
            )
        )
    if faults:
        raise InvalidInput(faults)
    key = next(f"g{number}" for number in range(1, MOST_DELEGATIONS + 2) if f"g{number}" not in keys)
    session.add(
        Delegation(
            event_id=actor.event_id,
            key=key,
            name=form.name,
            origin=form.origin,
            escort=form.escort,
            escort_phone=form.escort_phone,
        )
    )
    about = pgettext_lazy("audit log", "delegation %(key)s", key=key)
    recording.record_act(session, actor, Act.DELEGATION, about, after=asdict(form), now=now)
    return key


def change_delegation(
    session: Session, actor: Actor, key: str, form: DelegationForm, *, now: datetime
) -> None:
    """Update a delegation. The leader must be one of its people. Raises InvalidInput by field."""
    found = find_delegation(session, actor, key, Right.ASSIGN_DELEGATION_LEADERS)
    form = _clean(form)
    before = get_delegation(session, actor, key).form
    faults = list(fields.check_form(form))
    leader_id = None
    if form.leader:
        own = select_people(found.id).where(Attendee.key == form.leader) if is_storable(form.leader) else None
        leader_id = session.scalar(own.with_only_columns(Attendee.id)) if own is not None else None
        if leader_id is None:
            faults.append(Fault("leader", gettext_lazy("choose a member of the delegation")))
    if faults:
        raise InvalidInput(faults)
    found.name, found.origin, found.leader_id = form.name, form.origin, leader_id
    found.escort, found.escort_phone = form.escort, form.escort_phone
    about = pgettext_lazy("audit log", "delegation %(key)s", key=key)
    recording.record_act(
        session, actor, Act.DELEGATION, about, before=asdict(before), after=asdict(form), now=now
    )


def remove_delegation(session: Session, actor: Actor, key: str, *, now: datetime) -> str:
    """Delete a delegation. Its firms and people remain in the event. Return its name."""
    actor.require(Right.MANAGE_DELEGATIONS)
    card, found = get_delegation(session, actor, key), require_delegation(session, actor, key)
    for table in (DelegationFirm, DelegationPerson, TeamDelegation):
        session.execute(delete(table).where(table.delegation_id == found.id))
    _remove_from_invitations(session, actor.event_id, key)
    session.delete(found)
    session.flush()
    gone = {**asdict(card.form), "firms": [firm.key for firm in card.members.firms]}
    about = pgettext_lazy("audit log", "delegation %(key)s deleted", key=key)
    recording.record_act(session, actor, Act.DELEGATION, about, before=gone, now=now)
    return card.form.name


def require_delegation(session: Session, actor: Actor, key: str) -> Delegation:
    """Return a delegation whose members the actor may change. Raises NotFound."""
    return find_delegation(session, actor, key, Right.MANAGE_DELEGATIONS)


def _remove_from_invitations(session: Session, event_id: int, key: str) -> None:
    """Remove the delegation from open team invitations, because another delegation may get its key."""
    for each in session.scalars(select(TeamInvitation).where(TeamInvitation.event_id == event_id)):
        if key in each.delegations:
            each.delegations = [other for other in each.delegations if other != key]


def _clean(form: DelegationForm) -> DelegationForm:
    return DelegationForm(**{name: clean_line(value) for name, value in asdict(form).items()})


def _firms() -> ColumnElement[int]:
    return (
        select(func.count())
        .where(DelegationFirm.delegation_id == Delegation.id)
        .correlate(Delegation)
        .scalar_subquery()
    )


def _waiting() -> ColumnElement[int]:
    own = select(DelegationFirm.firm_id).where(DelegationFirm.delegation_id == Delegation.id)
    counted = select(func.count()).where(
        MeetingRequest.to_firm_id.in_(own.correlate(Delegation)),
        MeetingRequest.state == RequestState.PENDING,
    )
    return counted.correlate(Delegation).scalar_subquery()


def _people() -> ColumnElement[int]:
    through = select(DelegationFirm.firm_id).where(DelegationFirm.delegation_id == Delegation.id)
    alone = select(DelegationPerson.attendee_id).where(DelegationPerson.delegation_id == Delegation.id)
    belongs = or_(
        Attendee.firm_id.in_(through.correlate(Delegation)), Attendee.id.in_(alone.correlate(Delegation))
    )
    counted = select(func.count()).where(Attendee.withdrawn_at.is_(None), belongs)
    return counted.correlate(Delegation).scalar_subquery()

"""Membership of delegations: add and remove firms and people. Meetings are not affected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import (
    FirmRef,
    PersonRef,
    find_firm,
    find_person,
    firm_columns,
    firm_ref,
    person_columns,
    person_ref,
)
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.delegations.delegations import require_delegation
from scheduler.services.participants.delegations.members import select_people
from scheduler.services.text import match_condition
from scheduler.storage.models import Attendee, Delegation, DelegationFirm, DelegationPerson, Firm

MAX_CANDIDATES = 10
"""Firms, and people, that a search offers."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Firms, and people with their firms, that can be added to a delegation."""

    firms: tuple[FirmRef, ...]
    people: tuple[tuple[PersonRef, FirmRef], ...]


def list_candidates(session: Session, actor: Actor, key: str, text: str) -> Candidates:
    """Search non-members by words of their names. Runs two queries. An empty text finds none."""
    actor.require(Right.MANAGE_DELEGATIONS)
    found = require_delegation(session, actor, key)
    if not text.strip():
        return Candidates((), ())
    firm_in = exists().where(DelegationFirm.delegation_id == found.id, DelegationFirm.firm_id == Firm.id)
    person_in = exists().where(
        DelegationPerson.delegation_id == found.id, DelegationPerson.attendee_id == Attendee.id
    )
    firms: Any = session.execute(
        select(*firm_columns(Firm))
        .where(
            Firm.event_id == actor.event_id,
            Firm.withdrawn_at.is_(None),
            ~firm_in,
            match_condition(text, [Firm.name, Firm.latin_name]),
        )
        .order_by(func.lower(Firm.latin_name), Firm.id)
        .limit(MAX_CANDIDATES)
    )
    people: Any = session.execute(
        select(*person_columns(Attendee), *firm_columns(Firm))
        .join(Firm, Firm.id == Attendee.firm_id)
        .where(
            Attendee.event_id == actor.event_id,
            Attendee.withdrawn_at.is_(None),
            ~firm_in,
            ~person_in,
            match_condition(text, [Attendee.name, Attendee.latin_name]),
        )
        .order_by(func.lower(Attendee.latin_name), Attendee.id)
        .limit(MAX_CANDIDATES)
    )
    return Candidates(
        tuple(FirmRef(*row) for row in firms),
        tuple((PersonRef(*row[:4]), FirmRef(*row[4:])) for row in people),
    )


def add_firm(session: Session, actor: Actor, key: str, firm_key: str, *, now: datetime) -> FirmRef:
    """Add a firm with all its people. Its individual members become part of it. Idempotent."""
    found = _lock_delegation(session, actor, key)
    firm = find_firm(session, actor.event_id, firm_key)
    if session.get(DelegationFirm, (found.id, firm.id)) is None:
        session.add(DelegationFirm(delegation_id=found.id, firm_id=firm.id))
        own = select(Attendee.id).where(Attendee.firm_id == firm.id)
        session.execute(
            delete(DelegationPerson).where(
                DelegationPerson.delegation_id == found.id, DelegationPerson.attendee_id.in_(own)
            )
        )
        about = pgettext_lazy("audit log", "delegation %(key)s", key=key)
        recording.record_act(session, actor, Act.DELEGATION, about, after={"joined": firm.key}, now=now)
    return firm_ref(firm)


def add_person(session: Session, actor: Actor, key: str, person_key: str, *, now: datetime) -> PersonRef:
    """Add a person without their firm. Does nothing if the firm is already a member."""
    found = _lock_delegation(session, actor, key)
    person = find_person(session, actor.event_id, person_key)
    comes_anyway = session.get(DelegationFirm, (found.id, person.firm_id)) is not None
    if not comes_anyway and session.get(DelegationPerson, (found.id, person.id)) is None:
        session.add(DelegationPerson(delegation_id=found.id, attendee_id=person.id))
        about = pgettext_lazy("audit log", "delegation %(key)s", key=key)
        recording.record_act(session, actor, Act.DELEGATION, about, after={"joined": person.key}, now=now)
    return person_ref(person)


def remove_firm(session: Session, actor: Actor, key: str, firm_key: str, *, now: datetime) -> FirmRef:
    """Remove a firm with all its people. Unset the leader if they are among them."""
    found = _lock_delegation(session, actor, key)
    firm = find_firm(session, actor.event_id, firm_key)
    held = session.get(DelegationFirm, (found.id, firm.id))
    if held is not None:
        session.delete(held)
        _log_removal(session, actor, found, firm.key, now=now)
    return firm_ref(firm)


def remove_person(session: Session, actor: Actor, key: str, person_key: str, *, now: datetime) -> PersonRef:
    """Remove an individual member."""
    found = _lock_delegation(session, actor, key)
    person = find_person(session, actor.event_id, person_key)
    held = session.get(DelegationPerson, (found.id, person.id))
    if held is not None:
        session.delete(held)
        _log_removal(session, actor, found, person.key, now=now)
    return person_ref(person)


def _lock_delegation(session: Session, actor: Actor, key: str) -> Delegation:
    """Lock the delegation, so that concurrent calls cannot add a member twice."""
    actor.require(Right.MANAGE_DELEGATIONS)
    found = require_delegation(session, actor, key)
    session.refresh(found, with_for_update={"key_share": True})
    return found


def _log_removal(session: Session, actor: Actor, found: Delegation, member: str, *, now: datetime) -> None:
    session.flush()
    if found.leader_id is not None:
        leader = select_people(found.id).where(Attendee.id == found.leader_id)
        if session.scalar(leader.with_only_columns(Attendee.id)) is None:
            found.leader_id = None
    about = pgettext_lazy("audit log", "delegation %(key)s", key=found.key)
    recording.record_act(session, actor, Act.DELEGATION, about, after={"left": member}, now=now)

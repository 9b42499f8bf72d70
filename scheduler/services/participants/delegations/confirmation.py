"""Confirmation of people imported by a delegation manager.

Unconfirmed access ends with the manager's role.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_
from sqlalchemy.orm import Session

from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import FirmRef, PersonRef, firm_columns, person_columns
from scheduler.services.identity import delegation_managers
from scheduler.services.identity.actors import LET_IN, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.delegations.delegations import require_delegation
from scheduler.services.participants.delegations.members import select_people
from scheduler.storage.models import Attendee, Firm

_UNCONFIRMED = or_(Attendee.imported_by.is_not(None), Attendee.is_exhibitor_proposed)


@dataclass(frozen=True, slots=True)
class UnconfirmedPerson:
    """An imported person to confirm.

    `is_exhibitor_proposed` is True if the import proposes the exhibitor role.
    """

    person: PersonRef
    firm: FirmRef
    is_exhibitor_proposed: bool


def list_unconfirmed(session: Session, actor: Actor, key: str) -> Sequence[UnconfirmedPerson]:
    """Return the unconfirmed people of a delegation, by firm and name. Runs one query."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    found = select_people(require_delegation(session, actor, key).id).where(_UNCONFIRMED).join(Firm)
    rows: Any = session.execute(
        found.with_only_columns(
            Attendee.is_exhibitor_proposed, *person_columns(Attendee), *firm_columns(Firm)
        ).order_by(func.lower(Firm.latin_name), func.lower(Attendee.latin_name), Attendee.id)
    )
    return [UnconfirmedPerson(PersonRef(*row[1:5]), FirmRef(*row[5:]), row[0]) for row in rows]


def confirm_people(
    session: Session, actor: Actor, key: str, person_keys: Sequence[str], *, now: datetime
) -> int:
    """Make people's access independent of the delegation manager, and grant proposed exhibitor roles.

    Confirms only the given people, because the page may not have shown others. Return their number.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    actor.require_fresh(LET_IN)
    found = (
        select_people(require_delegation(session, actor, key).id)
        .where(_UNCONFIRMED)
        .with_for_update(key_share=True)
    )
    wanted = frozenset(person_keys)
    people = [person for person in session.scalars(found) if person.key in wanted]
    for person in people:
        person.is_exhibitor = person.is_exhibitor or person.is_exhibitor_proposed
        delegation_managers.confirm_person(person)
        about = pgettext_lazy("audit log", "person %(key)s confirmed", key=person.key)
        after = {"address": person.email, "exhibitor": person.is_exhibitor}
        recording.record_act(session, actor, Act.PERSON, about, after=after, now=now)
    session.flush()
    return len(people)

"""Calls: who phones an attendee whom emails do not reach, and the notes about it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from scheduler.domain import fields
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.directory.references import find_person
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.text import clean_line
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Account, Attendee, PhoneCall, TeamMember

MINE, NOBODYS = "mine", "nobody"
WHOSE = (MINE, NOBODYS)
"""Values of the filter on the caller."""


class HasId(Protocol):
    @property
    def id(self) -> int: ...


class Caller(NamedTuple):
    """A team member, by account id."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class CallCard:
    """The caller (empty if there is none yet), and the note with its author and time."""

    caller_id: int | None
    caller: str
    note: str
    by: str
    at: datetime


def list_call_cards(session: Session, actor: Actor, keys: Collection[str]) -> dict[str, CallCard]:
    """Return the calls to these people, by their keys."""
    actor.require(Right.READ_CALENDAR_STATUS)
    caller, by = aliased(Account), aliased(Account)
    rows = session.execute(
        select(
            Attendee.key,
            PhoneCall.caller_id,
            func.coalesce(func.nullif(caller.name, ""), caller.email, ""),
            PhoneCall.note,
            func.coalesce(func.nullif(by.name, ""), by.email, ""),
            PhoneCall.changed_at,
        )
        .join(Attendee, Attendee.id == PhoneCall.attendee_id)
        .outerjoin(caller, caller.id == PhoneCall.caller_id)
        .outerjoin(by, by.id == PhoneCall.changed_by)
        .where(Attendee.event_id == actor.event_id, in_chunks(Attendee.key, keys))
    )
    return {row[0]: CallCard(*row[1:]) for row in rows}


def list_callers(session: Session, actor: Actor, *, now: datetime) -> list[Caller]:
    """Return the team members who can be assigned a call, by name."""
    actor.require(Right.REPAIR_DELIVERY)
    rows = session.execute(
        select(Account.id, Account.name, Account.email)
        .join(TeamMember, TeamMember.account_id == Account.id)
        .where(TeamMember.event_id == actor.event_id, or_(TeamMember.until.is_(None), TeamMember.until > now))
    )
    found = [Caller(account_id, name or email) for account_id, name, email in rows]
    return sorted(found, key=lambda caller: (caller.name.casefold(), caller.id))


def save_call(
    session: Session, actor: Actor, person_key: str, *, caller_id: int | None, note: str, now: datetime
) -> None:
    """Set who phones a person, and the note about the call.

    Raises NotFound, NotAllowed, and InvalidInput if the note is too long or the caller is not in the team.
    """
    actor.require(Right.REPAIR_DELIVERY)
    person = find_person(session, actor.event_id, person_key)
    note = clean_line(note)
    faults = [*fields.check_field("note", note, fields.CallNote)]
    if caller_id is not None and caller_id not in {one.id for one in list_callers(session, actor, now=now)}:
        faults.append(Fault("caller", gettext_lazy("choose a member of the team")))
    if faults:
        raise InvalidInput(faults)
    # Locked, so that a concurrent call finds the first one's row.
    session.scalars(select(Attendee.id).where(Attendee.id == person.id).with_for_update(key_share=True)).one()
    row = session.get(PhoneCall, person.id)
    before = {"caller": row.caller_id, "note": row.note} if row else {}
    if row is None:
        row = PhoneCall(attendee_id=person.id)
        session.add(row)
    row.caller_id, row.note, row.changed_by, row.changed_at = caller_id, note, actor.account_id, now
    after = {"caller": caller_id, "note": note}
    about = pgettext_lazy("audit log", "call to person %(key)s", key=person.key)
    recording.record_act(session, actor, Act.PERSON, about, before=before, after=after, now=now)


def call_filters(session: Session, actor: Actor, whose: str) -> dict[str, Callable[[HasId], bool]]:
    """Return a predicate for people whom the actor calls ("mine") or nobody does ("nobody").

    Empty without `whose`.
    """
    if not whose:
        return {}
    is_called = PhoneCall.caller_id.is_not(None)
    chosen = PhoneCall.caller_id == actor.account_id if whose == MINE else is_called
    of_event = select(PhoneCall.attendee_id).join(Attendee, Attendee.id == PhoneCall.attendee_id)
    found = set(session.scalars(of_event.where(Attendee.event_id == actor.event_id, chosen)))
    return {"whose": lambda person: (person.id in found) is (whose == MINE)}

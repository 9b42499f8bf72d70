"""Email aliases of attendees: Exchange and Google reply from the primary address.

An organiser adds an alias from a waiting reply, confirming that both addresses belong to the same person. The
alias is stored with its author, applies to later replies, and can be removed.

It is offered only if the email came to the attendee's own token, which proves that its author has the
invitation, and if no one else at the event has the address. The first reply of each such person waits. An
organiser can be wrong, so the list is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import MailBox, MailKind, MailOutcome
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.invites.inbound import CalendarReply
from scheduler.services.directory.references import find_person
from scheduler.services.emails.inbound.verdicts import same_address
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.storage.models import Account, Attendee, AttendeeAlias, InboundEmail

MOST = 5
"""Maximum number of aliases of an attendee."""

ANSWERS = (MailKind.REPLY, MailKind.COUNTER, MailKind.REFRESH)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias, with its author. `by` is the email address of the organiser's account."""

    id: int
    address: str
    by: str
    at: datetime


def alias_addresses(session: Session, attendee: Attendee) -> Sequence[str]:
    """Return the aliases of an attendee."""
    return session.scalars(select(AttendeeAlias.address).where(_live(attendee.id))).all()


def list_aliases(session: Session, actor: Actor, person_key: str) -> list[Alias]:
    """Return the aliases of a person with their authors. Raises NotFound, NotAllowed."""
    actor.require(Right.READ_CALENDAR_STATUS)
    person = find_person(session, actor.event_id, person_key)
    rows = session.execute(
        select(AttendeeAlias, Account.email)
        .outerjoin(Account, Account.id == AttendeeAlias.added_by)
        .where(_live(person.id))
        .order_by(AttendeeAlias.id)
    )
    return [Alias(row.id, row.address, by or "", row.added_at) for row, by in rows]


def sender_addresses(mail: InboundEmail) -> set[str]:
    """Return the addresses of participants in an email's replies."""
    return {each.email for a in map(CalendarReply.from_json, mail.answers) for each in a.participants}


def claimable_address(session: Session, mail: InboundEmail) -> str | None:
    """Return the address of a waiting reply if it may become an alias of its attendee, else None.

    The reply must be of one person and have come to the attendee's own reply address, whose token proves that
    they have the invitation. The address must not belong to anyone else at the event.
    """
    if mail.attendee_id is None:
        return None
    is_offered = mail.outcome is MailOutcome.WAITING and mail.kind in ANSWERS and mail.box is MailBox.ANSWERS
    people = sender_addresses(mail)
    uids = {answer.uid for answer in map(CalendarReply.from_json, mail.answers)}
    if not is_offered or len(people) != 1 or uids != {mail.uid}:
        return None
    (address,) = people
    attendee = session.get_one(Attendee, mail.attendee_id)
    known = (attendee.email, *alias_addresses(session, attendee))
    if "@" not in address or any(same_address(address, each) for each in known):
        return None
    if _belongs_to_another(session, attendee, address):
        return None
    return address


def add_alias(session: Session, actor: Actor, mail: InboundEmail, *, now: datetime) -> str:
    """Store the sender of a waiting reply as an alias of its attendee, and return it.

    Raises InvalidInput if `claimable_address` offers none.
    """
    actor.require(Right.HANDLE_INBOX)
    attendee = session.get_one(
        Attendee, mail.attendee_id, with_for_update={"key_share": True}, populate_existing=True
    )
    address = claimable_address(session, mail)
    if address is None:
        raise InvalidInput(
            [
                Fault(
                    "mail",
                    gettext_lazy(
                        "the email does not name exactly one other address that can be the attendee's"
                    ),
                )
            ]
        )
    if len(alias_addresses(session, attendee)) >= MOST:
        raise InvalidInput(
            [
                Fault(
                    "mail",
                    gettext_lazy(
                        "%(name)s already has %(most)s email aliases", name=attendee.name, most=MOST
                    ),
                )
            ]
        )
    session.add(
        AttendeeAlias(attendee_id=attendee.id, address=address, added_by=actor.account_id, added_at=now)
    )
    session.flush()
    log.info("alias added", attendee=attendee.id, by=actor.account_id)
    return address


def remove_alias(session: Session, actor: Actor, person_key: str, alias_id: int, *, now: datetime) -> bool:
    """Remove a person's alias, so that later replies from it do not count. Return True if it existed."""
    actor.require(Right.REPAIR_DELIVERY)
    person = find_person(session, actor.event_id, person_key)
    removed = session.scalar(
        update(AttendeeAlias)
        .where(AttendeeAlias.id == alias_id, _live(person.id))
        .values(removed_by=actor.account_id, removed_at=now)
        .returning(AttendeeAlias.id)
    )
    log.info("alias removed", attendee=person.id, by=actor.account_id, done=removed is not None)
    return removed is not None


def _live(attendee_id: int) -> ColumnElement[bool]:
    return (AttendeeAlias.attendee_id == attendee_id) & AttendeeAlias.removed_at.is_(None)


def _belongs_to_another(session: Session, attendee: Attendee, address: str) -> bool:
    """Return True if someone else at the event has the address, as their own or as an alias."""
    of_event = Attendee.event_id == attendee.event_id, Attendee.id != attendee.id
    others = select(Attendee.email).where(*of_event, Attendee.email == address)
    aliased = (
        select(AttendeeAlias.address)
        .join(Attendee, Attendee.id == AttendeeAlias.attendee_id)
        .where(*of_event, AttendeeAlias.address == address, AttendeeAlias.removed_at.is_(None))
    )
    return session.scalar(others.union(aliased).limit(1)) is not None

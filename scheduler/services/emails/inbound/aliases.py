"""Email aliases of attendees: Exchange and Google reply from the primary address.

An organiser adds such an address on a mail that waits. The mail came to the attendee's own token, so its
writer has their invitation. Only the organiser knows that the address is theirs, too.

An organiser says that two addresses are the same person about an answer that waits; it is kept with who said
so, counts for later answers, and can be taken away. It is offered only where the token has proved who was
invited, and where nobody else of the event has the address. The first answer of each such person waits, and
an organiser can be wrong, so the list is shown.
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
from scheduler.storage.models import Account, Attendee, AttendeeAlias, InboundMail

MOST = 5
"""Other addresses that one attendee may have."""

ANSWERS = (MailKind.REPLY, MailKind.COUNTER, MailKind.REFRESH)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alias:
    """Another address, and who said so. `by` is the address of the organiser's account."""

    id: int
    address: str
    by: str
    at: datetime


def alias_addresses(session: Session, attendee: Attendee) -> Sequence[str]:
    """The other addresses of an attendee."""
    return session.scalars(select(AttendeeAlias.address).where(_live(attendee.id))).all()


def list_aliases(session: Session, actor: Actor, person_key: str) -> list[Alias]:
    """The other addresses of a person, with who said so. Raises NotFound, NotAllowed."""
    actor.require(Right.READ_CALENDAR_HEALTH)
    person = find_person(session, actor.event_id, person_key)
    rows = session.execute(
        select(AttendeeAlias, Account.email)
        .outerjoin(Account, Account.id == AttendeeAlias.added_by)
        .where(_live(person.id))
        .order_by(AttendeeAlias.id)
    )
    return [Alias(row.id, row.address, by or "", row.added_at) for row, by in rows]


def sender_addresses(mail: InboundMail) -> set[str]:
    """The addresses that a mail answers for."""
    return {each.email for a in map(CalendarReply.from_json, mail.answers) for each in a.participants}


def claimable_address(session: Session, mail: InboundMail) -> str | None:
    """The address that a waiting answer is from, if an organiser may say that it is its attendee's.

    Only for an answer of one person that came to the attendee's own address for answers: its token has
    proved that they have the invitation. Nobody else's address of the event can become theirs.
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


def add_alias(session: Session, actor: Actor, mail: InboundMail, *, now: datetime) -> str:
    """Store and return the From address of a waiting answer as one more address of its attendee.

    Raises InvalidInput if that is not offered.
    """
    actor.require(Right.HANDLE_INBOX)
    attendee = session.get_one(
        Attendee, mail.attendee_id, with_for_update={"key_share": True}, populate_existing=True
    )
    address = claimable_address(session, mail)
    if address is None:
        raise InvalidInput(
            [Fault("mail", gettext_lazy("it does not say one other address that can be the attendee's"))]
        )
    if len(alias_addresses(session, attendee)) >= MOST:
        raise InvalidInput(
            [
                Fault(
                    "mail",
                    gettext_lazy(
                        "%(name)s has %(most)s other addresses already", name=attendee.name, most=MOST
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
    """Remove a person's other address: later answers from it do not count. Returns whether it was there."""
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
    """Whether somebody else of the event has the address, as theirs or as another one of theirs."""
    of_event = Attendee.event_id == attendee.event_id, Attendee.id != attendee.id
    others = select(Attendee.email).where(*of_event, Attendee.email == address)
    aliased = (
        select(AttendeeAlias.address)
        .join(Attendee, Attendee.id == AttendeeAlias.attendee_id)
        .where(*of_event, AttendeeAlias.address == address, AttendeeAlias.removed_at.is_(None))
    )
    return session.scalar(others.union(aliased).limit(1)) is not None

"""Address corrections of attendees and interpreters, with a record of who made them.

`address_change_emails` updates the calendars, `security_notice` notifies the people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.delivery import address_reports
from scheduler.services.directory.references import find_person
from scheduler.services.emails.email_addresses import (
    access_revocation,
    address_change_emails,
    security_notice,
)
from scheduler.services.emails.email_addresses.address_validation import InvalidAddress, normalize_address
from scheduler.services.identity.actors import CHANGE_ADDRESS, Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sign_in import ensure_account
from scheduler.storage.models import Account, AddressChange, Attendee, Event, Interpreter


@dataclass(frozen=True, slots=True)
class AddressCorrection:
    """One correction. `by` is the email address of the organiser's account."""

    old: str
    new: str
    by: str
    at: datetime


def correct_address(
    session: Session,
    actor: Actor,
    person_key: str,
    email: str,
    *,
    settings: Settings,
    quiet: bool = False,
    now: datetime,
) -> int:
    """Change an attendee's email address, or confirm that the present one works.

    Return the number of queued emails. Both addresses get a security notice about a change, whatever else is
    chosen, if the person was notified of the event before. With `quiet`, calendars are not updated: the next
    publication sends the meetings to the new address.

    The mark of a bounce is removed. With a new address, another account can sign in as this attendee, and the
    former reader loses access: feeds get new addresses, and linked calendars are deleted.

    Raises NotFound, NotAllowed, RecentSignInRequired, and InvalidInput if the address is invalid, in use, or
    unchanged although it does not bounce. Repeating an unchanged address would only request known replies
    again.
    """
    actor.require(Right.REPAIR_DELIVERY)
    # The same lock as a publication takes, so that each sees what the other has sent.
    session.scalars(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True)).one()
    person = find_person(session, actor.event_id, person_key)
    address = _checked(session, person, email)
    if address != person.email:
        actor.require_fresh(CHANGE_ADDRESS)
    told, notices = address_change_emails.read_calendar_state(session, person), 0
    session.add(
        AddressChange(
            event_id=person.event_id,
            attendee_id=person.id,
            old_address=person.email,
            new_address=address,
            changed_by=actor.account_id,
            changed_at=now,
        )
    )
    if address != person.email:
        notices = security_notice.queue_notices(session, person, address, now=now)
        access_revocation.rotate_feed_address(session, person, secret_key=settings.secret_key)
        access_revocation.delete_calendars(session, person)
        person.summary_hash = person.summaries_stopped_at = None  # set by the reader of the old address
    old, person.email = person.email, address
    before, after = {"address": old}, {"address": address}
    about = pgettext_lazy("audit log", "email address of person %(key)s", key=person.key)
    recording.record_act(session, actor, Act.ADDRESS, about, before=before, after=after, now=now)
    person.account_id = ensure_account(session, address, name=person.name, now=now).id
    address_reports.mark_working(session, person)
    session.flush()
    queued = address_change_emails.queue_change_emails(
        session, person, told, old_address=old, settings=settings, quiet=quiet, now=now
    )
    return notices + queued


def correct_interpreter_address(
    session: Session, actor: Actor, interpreter: Interpreter, address: str, *, now: datetime
) -> None:
    """Change an interpreter's email address, which must be validated already. Both addresses get a notice.

    Raises RecentSignInRequired.
    """
    actor.require_fresh(CHANGE_ADDRESS)
    security_notice.queue_notices(session, interpreter, address, now=now)
    interpreter.email = address
    address_reports.mark_working(session, interpreter)


def list_corrections(session: Session, actor: Actor, person_key: str) -> Sequence[AddressCorrection]:
    """Return the corrections of an attendee's address, newest first."""
    actor.require(Right.READ_CALENDAR_STATUS)
    person = find_person(session, actor.event_id, person_key)
    rows = session.execute(
        select(AddressChange, Account.email)
        .outerjoin(Account, Account.id == AddressChange.changed_by)
        .where(AddressChange.attendee_id == person.id)
        .order_by(AddressChange.id.desc())
    )
    return [AddressCorrection(row.old_address, row.new_address, by or "", row.changed_at) for row, by in rows]


def _checked(session: Session, person: Attendee, email: str) -> str:
    try:
        address = normalize_address(email)
    except InvalidAddress as error:
        raise InvalidInput([Fault("email", error.user_message)]) from None
    if address == person.email and person.bounced_at is None:
        raise InvalidInput(
            [
                Fault(
                    "email",
                    gettext_lazy("%(address)s is already the address and does not bounce", address=address),
                )
            ]
        )
    other = session.scalar(
        select(Attendee.name).where(
            Attendee.event_id == person.event_id, Attendee.email == address, Attendee.id != person.id
        )
    )
    if other is not None:
        raise InvalidInput(
            [
                Fault(
                    "email",
                    gettext_lazy("%(address)s already belongs to %(other)s", address=address, other=other),
                )
            ]
        )
    return address

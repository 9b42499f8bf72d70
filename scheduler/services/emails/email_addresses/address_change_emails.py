"""Emails to calendars when an attendee's address changes.

`itip_revisions.change_address` decides which messages are sent. An email counts as read if the old address
accepted it and does not bounce.

The old address may belong to nobody, or to a stranger who has read the invitations and holds reply links. If
it bounced or never accepted the email, the UID stays and gets the next SEQUENCE. If email had arrived, that
calendar gets a CANCEL, and the new one gets a new UID and token, so links in the old mailbox no longer work.

Feeds get new addresses, also for people who change firm or role. Previews and linked calendars are deleted.
The cost: people must subscribe to feeds again, and earlier replies do not count for the new invitations.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import Method, OutboxKind, OutboxState
from scheduler.invites.ical import itip, itip_revisions
from scheduler.invites.ical.itip import ItipMessage
from scheduler.services import links
from scheduler.services.delivery import email_texts, sent_records
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.replies import resend
from scheduler.services.schedule import calendar_entries, versions
from scheduler.storage.base import UtcDateTime
from scheduler.storage.models import Attendee, Event, Invitation, OutboxEmail, PlannedAttendee

MOVED = "The attendee has another address now."


@dataclass(frozen=True, slots=True)
class SentCalendarState:
    """Content sent to a calendar: the last invitation of each UID, and the UIDs that arrived."""

    last: Mapping[str, Invitation]
    arrived: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Letter:
    """A message. If `address` is None it is only recorded as sent."""

    message: ItipMessage
    request_id: int
    address: str | None
    first_id: str | None = None


def read_calendar_state(session: Session, person: Attendee) -> SentCalendarState:
    """Return the messages that were sent to the person's present address."""
    rows = session.scalars(
        select(Invitation)
        .where(Invitation.attendee_id == person.id)
        .order_by(Invitation.sequence, Invitation.dtstamp)
    )
    taken = session.scalars(
        select(OutboxEmail.uid).where(
            OutboxEmail.attendee_id == person.id,
            OutboxEmail.kind != OutboxKind.SUMMARY,
            OutboxEmail.to_address == person.email,
            OutboxEmail.state.in_((OutboxState.SENT, OutboxState.SENDING)),
        )
    )
    arrived = frozenset(uid for uid in taken if uid) if person.bounced_at is None else frozenset()
    return SentCalendarState({row.uid: row for row in rows}, arrived)


def queue_change_emails(
    session: Session,
    person: Attendee,
    told: SentCalendarState,
    *,
    old_address: str,
    settings: Settings,
    quiet: bool = False,
    now: datetime,
) -> int:
    """Queue the emails to the new and the old address, which may be equal. Return their number.

    With `quiet` none are sent. The new address counts as not notified, so the next publication sends it
    invitations.
    """
    _forget_unsent(session, person)
    wanted = {} if quiet else _wanted(session, person, settings, now)
    letters = _letters(session, person, told, wanted, old_address, settings.mail_domain, now)
    if quiet:
        letters = [replace(letter, address=None) for letter in letters]
    _write(session, person, letters, settings, now)
    if person.email == old_address:
        outbox.requeue_failed(
            session, outbox.failed_condition() & (OutboxEmail.attendee_id == person.id), now=now
        )
    else:
        _abandon_undelivered(session, person, told, old_address, now)
    return sum(letter.address is not None for letter in letters)


def undo_change_emails(session: Session, person: Attendee, *, since: datetime) -> None:
    """Delete what a quiet change of address recorded from `since` on.

    The former address is notified again.
    """
    mailed = exists().where(
        OutboxEmail.uid == Invitation.uid,
        OutboxEmail.attendee_id == Invitation.attendee_id,
        OutboxEmail.method == Method.CANCEL,
    )
    unsaid = Invitation.attendee_id == person.id, Invitation.method == Method.CANCEL, ~mailed
    written = Invitation.dtstamp >= since.replace(microsecond=0)
    session.execute(delete(Invitation).where(*unsaid, written).execution_options(synchronize_session=False))


def _forget_unsent(session: Session, person: Attendee) -> None:
    """Delete emails to the person that no sender has claimed. Their content is sent anew."""
    mine = (OutboxEmail.attendee_id == person.id) & OutboxEmail.uid.is_not(None)
    outbox.delete_untouched(session, mine)


def _wanted(
    session: Session, person: Attendee, settings: Settings, now: datetime
) -> dict[int, itip.TargetEntry]:
    """Return the wanted calendar entries by request: upcoming meetings, each with a UID for a new reader."""
    version = versions.find_published_version(session, person.event_id)
    if version is None:
        return {}
    event = session.get_one(Event, person.event_id)
    own = select(PlannedAttendee.meeting_id).where(PlannedAttendee.attendee_id == person.id)
    url = links.absolute_url(settings, links.agenda(event.key))
    shown = calendar_entries.load_schedule(session, event, version.id, agenda_url=url, only=own)
    return {
        request_id: itip.TargetEntry(
            itip_revisions.make_uid(row.uid, settings.mail_domain),
            person.id,
            shown.content(request_id, person.id),
        )
        for request_id, row in shown.rows.items()
        if shown.held(request_id).end > now
    }


def _letters(
    session: Session,
    person: Attendee,
    told: SentCalendarState,
    wanted: Mapping[int, itip.TargetEntry],
    old_address: str,
    domain: str,
    now: datetime,
) -> list[_Letter]:
    is_same = person.email == old_address
    read = frozenset[str]() if is_same else told.arrived
    known = {uid: resend.calendar_state_after(row) for uid, row in told.last.items()}
    shown = _shown(told, known, read, now)
    keys = {shown.get(request_id, goal.uid): request_id for request_id, goal in wanted.items()}
    made = itip_revisions.change_address(
        known,
        {key: wanted[request_id] for key, request_id in keys.items()},
        now,
        read=read,
        stamps=_stamps(session, {*told.last, *(goal.uid for goal in wanted.values())}),
        domain=domain,
    )
    letters = []
    for key, message in made.invitations.items():
        row = told.last.get(message.uid)
        letters.append(_Letter(message, keys[key], person.email, row.first_message_id if row else None))
    for message in () if is_same else made.cancellations:
        row = told.last[message.uid]
        address = old_address if row.uid in told.arrived else None
        letters.append(_Letter(message, row.request_id, address, row.first_message_id))
    return letters


def _shown(
    told: SentCalendarState, known: Mapping[str, itip.SentEntry], read: Collection[str], now: datetime
) -> dict[int, str]:
    """Return the UID of each request in the calendar. If there are two, prefer the one that nobody read."""
    live = [row for uid, row in told.last.items() if known[uid].is_coming(now)]
    return {row.request_id: row.uid for row in sorted(live, key=lambda row: row.uid not in read)}


def _stamps(session: Session, uids: Collection[str]) -> dict[str, datetime]:
    """Return the last DTSTAMP sent for each UID."""
    rows = session.execute(
        select(Invitation.uid, func.max(Invitation.dtstamp, type_=UtcDateTime()))
        .where(Invitation.uid.in_(uids))
        .group_by(Invitation.uid)
    )
    return {uid: last for uid, last in rows}  # noqa: C416 -- dict(rows) loses the types


def _write(
    session: Session, person: Attendee, letters: Sequence[_Letter], settings: Settings, now: datetime
) -> None:
    """Queue the emails and record their content.

    It is recorded at once, because a publication may run before they are claimed.
    """
    texts = email_texts.list_event_texts(session, person.event_id)
    event = session.get_one(Event, person.event_id)
    mails = [_mail(person, letter, texts, event, settings.mail_domain, now) for letter in letters]
    outbox.enqueue(session, [mail for mail in mails if mail.to_address])
    sent_records.record_invitations(session, mails, settings.secret_key)
    session.flush()


def _mail(
    person: Attendee, letter: _Letter, texts: email_texts.Texts, event: Event, domain: str, now: datetime
) -> NewMail:
    return outbox.calendar_mail(
        OutboxKind.RESEND,
        letter.message,
        to=(letter.address or "", person.name),
        event_id=person.event_id,
        request_id=letter.request_id,
        payload=email_texts.build_payload(letter.message, texts, event),
        domain=domain,
        now=now,
        thread_id=letter.first_id,
    )


def _abandon_undelivered(
    session: Session, person: Attendee, told: SentCalendarState, old_address: str, now: datetime
) -> None:
    """Archive emails that the old address never accepted.

    A message that arrived there is superseded only by a newer one.
    """
    session.execute(
        update(OutboxEmail)
        .where(
            OutboxEmail.attendee_id == person.id,
            OutboxEmail.to_address == old_address,
            OutboxEmail.uid.not_in(told.arrived) | (OutboxEmail.kind == OutboxKind.SUMMARY),
            OutboxEmail.dropped_at.is_(None),
            OutboxEmail.state.in_((OutboxState.QUEUED, OutboxState.FAILED)),
        )
        .values(state=OutboxState.FAILED, dropped_at=now, error=MOVED)
        .execution_options(synchronize_session=False)
    )

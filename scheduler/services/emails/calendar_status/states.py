"""Calendar states of each meeting per attendee: sent, replied, refused or bounced."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from scheduler.domain import names
from scheduler.domain.entities import CalendarState, Method, OutboxState, Partstat, ReplySource, RequestState
from scheduler.i18n import place_label
from scheduler.invites.ical import itip
from scheduler.services.directory.references import load_hall_labels
from scheduler.services.outbox import payloads
from scheduler.services.schedule.calendar_entries import EntryKey
from scheduler.storage.database import once_per_session
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Firm,
    Hall,
    InvitationReply,
    MeetingRequest,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
)
from scheduler.storage.planned_meetings import TIME_AND_PLACE, with_time_and_place

ANSWERED = {
    Partstat.ACCEPTED: CalendarState.ACCEPTED,
    Partstat.TENTATIVE: CalendarState.TENTATIVE,
    Partstat.DECLINED: CalendarState.DECLINED,
}


@dataclass(frozen=True, slots=True)
class LastInvitationEmail:
    """The newest message about a meeting to an attendee. A reply must have its `sequence` to count."""

    id: int
    uid: str
    method: Method
    sequence: int
    state: OutboxState
    error: str
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class LastReply:
    """The last reply of an attendee about a UID."""

    sequence: int
    """The SEQUENCE of the invitation that it is about."""
    partstat: Partstat
    source: ReplySource
    at: datetime
    comment: str
    proposed_start: datetime | None


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """One meeting in one attendee's calendar. Times are UTC."""

    attendee_id: int
    request_key: str
    partner: str
    start: datetime
    end: datetime
    place: str
    hall: str
    state: CalendarState
    sequence: int | None
    """Of the newest message about it."""
    sent_at: datetime | None
    error: str
    answer: LastReply | None
    """The reply to that message, or None."""
    is_called_off: bool = False
    """It is no longer accepted, so the next publishing leaves it out."""
    is_off: bool = False
    """It was cancelled, and the cancellation could not be sent: the calendar still shows it."""


def entry_state(
    mail: LastInvitationEmail | None, answer: LastReply | None, *, bounces: bool
) -> CalendarState:
    """Derive the state from the current reply, the newest message, and whether the address bounces."""
    if answer is not None:
        if answer.proposed_start is not None:
            return CalendarState.PROPOSED
        if answer.partstat in ANSWERED:
            return ANSWERED[answer.partstat]
    if bounces:
        return CalendarState.BOUNCED
    if mail is None or mail.state in (OutboxState.QUEUED, OutboxState.SENDING):
        return CalendarState.QUEUED
    return CalendarState.FAILED if mail.state is OutboxState.FAILED else CalendarState.SILENT


def current_reply(mail: LastInvitationEmail | None, answer: LastReply | None) -> LastReply | None:
    """Return the reply if it is for the current SEQUENCE, else None.

    An update requires a new reply (RFC 5546 2.1.4).
    """
    is_current = mail is not None and answer is not None and answer.sequence == mail.sequence
    return answer if is_current else None


def list_entries(
    session: Session, event_id: int, version_id: int, *, people: Collection[int]
) -> list[CalendarEntry]:
    """Return a version's meetings in these people's calendars, and undelivered cancellations, by start.

    Takes six queries for any number of meetings.
    """
    mails, answers = _mails(session, event_id, people), _answers(session, event_id, people)
    bounced = _bounced(session, people)
    invited = {entry: mail for entry, mail in mails if mail.method is not Method.CANCEL}
    found = [
        *_planned(session, event_id, version_id, people, invited, answers, bounced),
        *_untold(session, mails, bounced),
    ]
    return sorted(found, key=lambda entry: (entry.start, entry.request_key, entry.attendee_id))


def newest_email_ids(
    event_id: int | ColumnElement[int], people: Collection[int] | None = None
) -> Select[int]:
    """Query for the ids of the newest message per UID and attendee that states the meeting's details."""
    newest = (
        select(func.max(OutboxEmail.id))
        .where(
            OutboxEmail.event_id == event_id,
            OutboxEmail.uid.is_not(None),
            OutboxEmail.method != Method.DECLINECOUNTER,
        )
        .group_by(OutboxEmail.uid, OutboxEmail.attendee_id)
    )
    return newest if people is None else newest.where(in_chunks(OutboxEmail.attendee_id, people))


def list_undelivered_cancellations(session: Session, event_id: int) -> list[CalendarEntry]:
    """Return everyone's cancelled meetings whose cancellation was not delivered. Loaded once per session."""
    return once_per_session(session, f"untold {event_id}", lambda: _all_untold(session, event_id))


def _all_untold(session: Session, event_id: int) -> list[CalendarEntry]:
    failed = session.execute(
        _last_mail().where(
            OutboxEmail.id.in_(newest_email_ids(event_id)),
            OutboxEmail.method == Method.CANCEL,
            OutboxEmail.state == OutboxState.FAILED,
            OutboxEmail.dropped_at.is_(None),
        )
    )
    mails = _read(failed)
    if not mails:
        return []
    return list(_untold(session, mails, _bounced(session, {person for (_, person), _ in mails})))


def _bounced(session: Session, people: Collection[int]) -> set[int]:
    """Return those of these people whose address bounces."""
    among_them = select(Attendee.id).where(in_chunks(Attendee.id, people))
    return set(session.scalars(among_them.where(Attendee.bounced_at.is_not(None))))


def _last_mail() -> Select[*tuple[Any, ...]]:
    return select(
        OutboxEmail.request_id,
        OutboxEmail.attendee_id,
        OutboxEmail.id,
        OutboxEmail.uid,
        OutboxEmail.method,
        OutboxEmail.sequence,
        OutboxEmail.state,
        OutboxEmail.error,
        OutboxEmail.sent_at,
    ).order_by(OutboxEmail.id)


def _mails(
    session: Session, event_id: int, people: Collection[int]
) -> list[tuple[EntryKey, LastInvitationEmail]]:
    """Return the newest message per UID and attendee with the meeting's details, in order of creation."""
    newest = newest_email_ids(event_id, people)
    return _read(session.execute(_last_mail().where(OutboxEmail.id.in_(newest))))


def _read(rows: Iterable[Any]) -> list[tuple[EntryKey, LastInvitationEmail]]:
    return [
        (
            EntryKey(request, who),
            LastInvitationEmail(mail_id, uid, said, sequence, state, error or "", sent_at),
        )
        for request, who, mail_id, uid, said, sequence, state, error, sent_at in rows
    ]


def _answers(session: Session, event_id: int, people: Collection[int]) -> dict[itip.EntryKey, LastReply]:
    """Return the last reply per UID and attendee."""
    rows: Any = session.execute(
        select(
            InvitationReply.uid,
            InvitationReply.attendee_id,
            InvitationReply.sequence,
            InvitationReply.partstat,
            InvitationReply.source,
            InvitationReply.responded_at,
            InvitationReply.comment,
            InvitationReply.proposed_start,
        ).where(InvitationReply.event_id == event_id, in_chunks(InvitationReply.attendee_id, people))
    )
    return {itip.EntryKey(uid, who): LastReply(*rest) for uid, who, *rest in rows}


def _planned(
    session: Session,
    event_id: int,
    version_id: int,
    people: Collection[int],
    invited: Mapping[EntryKey, LastInvitationEmail],
    answers: Mapping[itip.EntryKey, LastReply],
    bounced: set[int],
) -> Iterator[CalendarEntry]:
    planned = (
        select(
            PlannedAttendee.attendee_id,
            Attendee.firm_id,
            MeetingRequest.id,
            MeetingRequest.key,
            MeetingRequest.state,
            MeetingRequest.from_firm_id,
            MeetingRequest.to_firm_id,
            *TIME_AND_PLACE,
            Hall.id,
        )
        .join(Attendee, Attendee.id == PlannedAttendee.attendee_id)
        .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
        .join(MeetingRequest, MeetingRequest.id == PlannedMeeting.request_id)
        .where(PlannedMeeting.version_id == version_id, in_chunks(PlannedAttendee.attendee_id, people))
    )
    rows = session.execute(with_time_and_place(planned)).all()
    firms = _firms(session, {firm for row in rows for firm in row[5:7]})
    halls = load_hall_labels(session, event_id)
    for who, firm, request, key, state, sender, receiver, start, end, place, _, hall in rows:
        mail = invited.get(EntryKey(request, who))
        answer = current_reply(mail, answers.get(itip.EntryKey(mail.uid, who)) if mail else None)
        yield CalendarEntry(
            attendee_id=who,
            request_key=key,
            partner=firms[receiver if firm == sender else sender],
            start=start,
            end=end,
            place=place_label(place),
            hall=halls[hall],
            state=entry_state(mail, answer, bounces=who in bounced),
            sequence=mail.sequence if mail else None,
            sent_at=mail.sent_at if mail else None,
            error=mail.error if mail else "",
            answer=answer,
            is_called_off=state is not RequestState.ACCEPTED,
        )


def _untold(
    session: Session, mails: Iterable[tuple[EntryKey, LastInvitationEmail]], bounced: set[int]
) -> Iterator[CalendarEntry]:
    """Yield cancelled meetings whose cancellation was not delivered."""
    failed = {
        mail.id: (who, mail)
        for (_, who), mail in mails
        if mail.method is Method.CANCEL and mail.state is OutboxState.FAILED
    }
    rows = session.execute(
        select(OutboxEmail.id, OutboxEmail.payload, MeetingRequest.key)
        .join(MeetingRequest, MeetingRequest.id == OutboxEmail.request_id)
        .where(in_chunks(OutboxEmail.id, failed), OutboxEmail.dropped_at.is_(None))
    )
    for mail_id, payload, key in rows:
        who, mail = failed[mail_id]
        if (content := payloads.entry_content(payload)) is None:
            continue  # cancellations always have a content
        yield CalendarEntry(
            attendee_id=who,
            request_key=key,
            partner=content.partner_firm,
            start=content.start,
            end=content.end,
            place=content.place_name,
            hall=content.hall,
            state=CalendarState.BOUNCED if who in bounced else CalendarState.FAILED,
            sequence=mail.sequence,
            sent_at=None,
            error=mail.error,
            answer=None,
            is_off=True,
        )


def _firms(session: Session, ids: Collection[int]) -> dict[int, str]:
    rows: Any = session.execute(select(Firm.id, Firm.name, Firm.latin_name).where(in_chunks(Firm.id, ids)))
    return {firm_id: names.display_both(name, latin, "en") for firm_id, name, latin in rows}

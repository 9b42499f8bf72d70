"""Reminders by organisers: at most one email per firm and day about pending requests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select, true
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.entities import MUST, DigestKind, RequestState
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.requests.digests import digest_sending
from scheduler.services.requests.digests.due import PendingItem
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Consent, DigestPreference, Event, Firm, MeetingRequest

PAUSE = timedelta(days=1)
"""No reminder to people who got an email about requests within this time."""

Waits = dict[int, list[PendingItem]]
"""Pending requests by id of the receiving firm."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """Effect of sending reminders: number of firms (one email each) and of their pending requests.

    `mailed` firms got an email about requests within a day. `silent` firms have no one who accepts such
    emails.
    """

    firms: int
    requests: int
    mailed: int
    silent: int


def preview_reminder(session: Session, actor: Actor, *, now: datetime) -> Reminder:
    """Return the effect of sending reminders now."""
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    waits = _waits(session, actor.event_id, now)
    readers, mailed = _readers(session, waits, now)
    return Reminder(
        firms=len(readers),
        requests=sum(len(waits[firm]) for firm in readers),
        mailed=len(mailed),
        silent=len(waits.keys() - readers.keys() - mailed),
    )


def send_reminders(session: Session, actor: Actor, settings: Settings, *, now: datetime) -> int:
    """Send each firm one email with its pending requests. Return the number of emails.

    The email goes to the firm's first exhibitor who accepts such emails, with response links.
    """
    actor.require(Right.CONTROL_EMAIL_QUEUE)
    session.execute(select(Event.id).where(Event.id == actor.event_id).with_for_update(key_share=True))
    waits = _waits(session, actor.event_id, now)
    readers, _ = _readers(session, waits, now)
    found = {attendee: waits[firm] for firm, attendee in readers.items()}
    mails = digest_sending.queue_digests(
        session, settings, digest_sending.read_recipients(session, found), found, again=True, now=now
    )
    if mails:
        about = pgettext_lazy("audit log", "%(number)s exhibitors reminded of requests", number=len(mails))
        recording.record_act(session, actor, Act.EMAILS, about, now=now)
    return len(mails)


def _waits(session: Session, event_id: int, now: datetime) -> Waits:
    expires = MeetingRequest.expires_at
    rows = session.execute(
        select(
            MeetingRequest.to_firm_id, MeetingRequest.id, MeetingRequest.created_at, MeetingRequest.priority
        )
        .join(Firm, Firm.id == MeetingRequest.to_firm_id)
        .where(
            MeetingRequest.event_id == event_id,
            MeetingRequest.state == RequestState.PENDING,
            or_(expires.is_(None), expires > now),
            Firm.withdrawn_at.is_(None),
        )
        .order_by(MeetingRequest.id)
    )
    found: Waits = defaultdict(list)
    for firm, request, created_at, priority in rows:
        found[firm].append(PendingItem(request, DigestKind.RECEIVED, created_at, priority >= MUST))
    return dict(found)


def _readers(session: Session, waits: Waits, now: datetime) -> tuple[dict[int, int], set[int]]:
    """Return the recipient by firm, and the firms that got an email within a day."""
    readers: dict[int, int] = {}
    mailed: set[int] = set()
    for firm, attendee, last_digest_at in session.execute(_exhibitors(waits)):
        if last_digest_at is not None and last_digest_at > now - PAUSE:
            mailed.add(firm)
        readers.setdefault(firm, attendee)
    return {firm: attendee for firm, attendee in readers.items() if firm not in mailed}, mailed


def _exhibitors(waits: Waits) -> Select[int, int, datetime | None]:
    """Return the query for exhibitors who accept reminders."""
    choice = DigestPreference
    return (
        select(Attendee.firm_id, Attendee.id, choice.last_digest_at)
        .outerjoin(choice, choice.attendee_id == Attendee.id)
        .where(
            in_chunks(Attendee.firm_id, waits),
            Attendee.is_exhibitor,
            Attendee.withdrawn_at.is_(None),
            Attendee.bounced_at.is_(None),
            choice.stopped_at.is_(None),
            func.coalesce(choice.reminders, true()),
            Consent.permits(
                ConsentPurpose.NOTIFICATIONS, event_id=Attendee.event_id, attendee_id=Attendee.id
            ),
        )
        .order_by(Attendee.id)
    )

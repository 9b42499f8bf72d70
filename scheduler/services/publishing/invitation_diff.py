"""Invitations to send: the difference between what calendars show and what a version contains.

Digests find the requests whose entries differ. Messages are then derived for batches of people. Deriving them
again for the same people replaces unsent ones, so it is idempotent.

Rendering every text again is slow, although most texts do not change. So each invitation stores a digest of
all inputs of its text, and nothing is derived where a version has the same digest. A missing digest only
costs time: the entry is compared in full, and the digest is stored if there is nothing to send. Every input
of a text must be part of the digest; changing the digest makes one publication slow. Without digests,
publishing the same plan of 8,000 meetings again took 4.9 s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxKind
from scheduler.invites.ical import itip, itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.services.delivery import email_texts
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.publishing import sent_invitations as told_rows
from scheduler.services.publishing.sent_invitations import LastInvitation, SentInvitation
from scheduler.services.requests import cancellation_reasons
from scheduler.services.schedule import calendar_entries as contents
from scheduler.services.schedule.calendar_entries import EntryKey, ScheduleContents
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Event, MeetingRequest, OutboxEmail

PORTION = 2_000
"""Calendar entries per transaction."""

BEFORE = timedelta(milliseconds=1)
"""Invitations are due this much earlier than the publication's other emails, so that they are sent first."""


@dataclass(frozen=True, slots=True)
class InvitationPlan:
    """The people whom publishing a version notifies, and the requests concerned. Holds no message contents.

    `changed` has the requests whose entry differs from what the attendee was sent, by attendee. `live` has
    the UID of each entry that a calendar shows.
    """

    event: Event
    version_id: int
    shown: ScheduleContents
    changed: Mapping[int, tuple[int, ...]]
    agendas: Mapping[int, tuple[int, ...]]
    """Requests of each attendee's meetings, in time order."""
    live: Mapping[EntryKey, str]
    others: itip_revisions.OtherAttendees
    mail_domain: str
    now: datetime

    def portions(self, more_people: Collection[int] = (), *, after: int = 0) -> Iterator[list[int]]:
        """Yield batches of people who may need an email, by id, starting after `after`."""
        people: list[int] = []
        entries = 0
        for person in sorted(self.changed.keys() | set(more_people)):
            if person <= after:
                continue
            size = len(self.changed.get(person, ())) + 1
            if people and entries + size > PORTION:
                yield people
                people, entries = [], 0
            people.append(person)
            entries += size
        if people:
            yield people

    def agenda(self, attendee_id: int, todo: PendingInvitations) -> dict[str, Content]:
        """Return the content of all entries in an attendee's calendar once `todo` is sent, by UID."""
        found: dict[str, Content] = {}
        for request_id in self.agendas.get(attendee_id, ()):
            entry = EntryKey(request_id, attendee_id)
            uid = todo.uids.get(entry) or self.live[entry]
            known = todo.shown.get(itip.EntryKey(uid, attendee_id))
            found[uid] = known or self.shown.content(request_id, attendee_id)
        return found


@dataclass(frozen=True, slots=True)
class PendingInvitations:
    """Messages to some people, with the request and email thread of each UID and person.

    `told` holds the entries that calendars show before; `shown` and `uids` hold the changed entries after.
    """

    messages: tuple[itip.ItipMessage, ...]
    requests: Mapping[itip.EntryKey, int]
    first_ids: Mapping[itip.EntryKey, str]
    told: Mapping[itip.EntryKey, itip.SentEntry]
    shown: Mapping[itip.EntryKey, Content]
    uids: Mapping[EntryKey, str]
    unchanged: Mapping[int, str]
    """Digests to store, by id of invitations that were compared and need no email."""


def plan_invitations(
    session: Session, event: Event, version_id: int, *, agenda_url: str, mail_domain: str, now: datetime
) -> InvitationPlan:
    """Compare the entries sent to calendars with those of a version.

    Reads a few hundred bytes per meeting.
    """
    shown = contents.load_schedule(session, event, version_id, agenda_url=agenda_url)
    last = told_rows.last_invitations(session, event.id)
    live: dict[EntryKey, str] = {}
    told: dict[int, dict[int, str | None]] = {}
    for (uid, person), row in last.items():
        if row.method is not Method.CANCEL:
            entry = EntryKey(row.request_id, person)
            known = told.setdefault(row.request_id, {})
            known[person] = None if entry in live else row.facts  # duplicate entry: one has to be cancelled
            live[entry] = uid
    changed: dict[int, list[int]] = {}
    for request_id in [*shown.rows, *(told.keys() - shown.rows.keys())]:
        seated = shown.seated.get(request_id, ())
        known = told.get(request_id, {})
        if request_id not in shown.rows or shown.facts(request_id) != known:
            for person in {*seated, *known}:
                changed.setdefault(person, []).append(request_id)
    agendas: dict[int, list[int]] = {}
    for request_id, seated in shown.seated.items():
        for person in seated:
            agendas.setdefault(person, []).append(request_id)
    return InvitationPlan(
        event=event,
        version_id=version_id,
        shown=shown,
        changed={person: tuple(requests) for person, requests in changed.items()},
        agendas={person: tuple(requests) for person, requests in agendas.items()},
        live=live,
        others=_others(shown, last, live, changed, mail_domain),
        mail_domain=mail_domain,
        now=now,
    )


def derive_invitations(
    session: Session, seen: InvitationPlan, people: Collection[int], uids: Collection[str] = ()
) -> PendingInvitations:
    """Return the messages to some people. Writes nothing. `told` also includes these `uids`."""
    affected = {request_id for person in people for request_id in seen.changed.get(person, ())}
    rows = told_rows.find_sent_invitations(session, people, affected, uids)
    told = {key: row.as_sent() for key, row in rows.items()}
    compared = {key: told[key] for key, row in rows.items() if row.request_id in affected}
    named = {
        EntryKey(request_id, person): _uid(seen, rows, request_id, person)
        for person in people
        for request_id in seen.changed.get(person, ())
        if person in seen.shown.seated.get(request_id, ())
    }
    goals = {
        itip.EntryKey(uid, person): itip.TargetEntry(uid, person, seen.shown.content(request_id, person))
        for (request_id, person), uid in named.items()
    }
    messages = itip_revisions.next_messages(compared, goals, seen.now, seen.others)
    messages = cancellation_reasons.add_cancellation_reasons(session, messages, rows, seen.version_id)
    requests = {key: row.request_id for key, row in rows.items()}
    requests |= {itip.EntryKey(uid, person): request_id for (request_id, person), uid in named.items()}
    return PendingInvitations(
        messages=messages,
        requests=requests,
        first_ids={key: row.first_message_id for key, row in rows.items()},
        told=told,
        shown={key: goal.content for key, goal in goals.items()},
        uids=named,
        unchanged=_unchanged(seen, rows, named, messages),
    )


def queue_invitations(
    session: Session, seen: InvitationPlan, people: Collection[int], uids: Collection[str] = ()
) -> PendingInvitations:
    """Queue the invitations to some people, replacing unsent ones. Return the messages."""
    delete_unsent_invitations(session, seen.event.id, people)
    todo = derive_invitations(session, seen, people, uids)
    addresses, colleagues = (
        find_recipients(session, people),
        email_texts.attendees_with_colleagues(session, people),
    )
    shown = {todo.requests[each.key] for each in todo.messages if each.method is not Method.CANCEL}
    facts = {request_id: seen.shown.facts(request_id) for request_id in shown}
    outbox.enqueue(
        session, [_mail(seen, todo, message, addresses, colleagues, facts) for message in todo.messages]
    )
    told_rows.store_fact_digests(session, todo.unchanged)
    _close_uids(session, todo)
    return todo


def _mail(
    seen: InvitationPlan,
    todo: PendingInvitations,
    message: itip.ItipMessage,
    addresses: Mapping[int, tuple[str, str]],
    colleagues: Collection[int],
    facts: Mapping[int, Mapping[int, str]],
) -> NewMail:
    request_id = todo.requests[message.key]
    return outbox.calendar_mail(
        OutboxKind.INVITATION,
        message,
        to=addresses[message.attendee_id],
        event_id=seen.event.id,
        request_id=request_id,
        version_id=seen.version_id,
        payload=email_texts.build_payload(
            message, seen.shown.texts, seen.event, has_colleagues=message.attendee_id in colleagues
        ),
        domain=seen.mail_domain,
        now=seen.now,
        due=seen.now - BEFORE + _send_order_time(message.content, seen.now),
        thread_id=todo.first_ids.get(message.key),
        facts=facts.get(request_id, {}).get(message.attendee_id),
    )


def _send_order_time(content: Content, now: datetime) -> timedelta:
    """Return the delay that sends emails about earlier meetings first where a provider accepts few: a
    microsecond per hour.
    """
    hours = int((content.start - now) / timedelta(hours=1))
    return timedelta(microseconds=min(max(hours, 0), 900))  # stays below BEFORE


def delete_unsent_invitations(session: Session, event_id: int, people: Collection[int] | None = None) -> None:
    """Delete invitations that no sender has claimed yet, because only the net effect is sent."""
    which = (OutboxEmail.event_id == event_id) & (OutboxEmail.kind == OutboxKind.INVITATION)
    if people is not None:
        which &= in_chunks(OutboxEmail.attendee_id, people)
    outbox.delete_untouched(session, which)


def find_recipients(session: Session, people: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return address and name of each attendee."""
    rows = session.execute(
        select(Attendee.id, Attendee.email, Attendee.name).where(in_chunks(Attendee.id, people))
    )
    return {attendee_id: (email, name) for attendee_id, email, name in rows}


def _others(
    shown: ScheduleContents,
    last: Mapping[itip.EntryKey, LastInvitation],
    live: Mapping[EntryKey, str],
    changed: Mapping[int, Collection[int]],
    domain: str,
) -> itip_revisions.OtherAttendees:
    """Return the last DTSTAMP of each UID of a changed request, and the UIDs that remain for at least one
    attendee.
    """
    affected = {request_id for requests in changed.values() for request_id in requests}
    stamps: dict[str, datetime] = {}
    for (uid, _), row in last.items():
        if row.request_id in affected:
            stamps[uid] = max(stamps.get(uid, row.dtstamp), row.dtstamp)
    going_on = set()
    for request_id in affected & shown.rows.keys():
        for person in shown.seated[request_id]:
            own = itip_revisions.make_uid(shown.rows[request_id].uid, domain)
            uid = live.get(EntryKey(request_id, person), own)
            known = last.get(itip.EntryKey(uid, person))
            if known is None or known.method is not Method.CANCEL:
                going_on.add(uid)
    return itip_revisions.OtherAttendees(stamps, frozenset(going_on))


def _uid(
    seen: InvitationPlan, rows: Mapping[itip.EntryKey, SentInvitation], request_id: int, person: int
) -> str:
    """Return the UID of an entry: the one in the calendar, else the request's.

    An attendee who received a CANCEL for the request's UID and is in the meeting again gets a UID of their
    own, because a cancelled UID must not be reused.
    """
    own = itip_revisions.make_uid(seen.shown.rows[request_id].uid, seen.mail_domain)
    uid = seen.live.get(EntryKey(request_id, person)) or own
    known = rows.get(itip.EntryKey(uid, person))
    is_dead = known is not None and known.method is Method.CANCEL
    return itip_revisions.make_uid(itip_revisions.new_seed(), seen.mail_domain) if is_dead else uid


def _unchanged(
    seen: InvitationPlan,
    rows: Mapping[itip.EntryKey, SentInvitation],
    uids: Mapping[EntryKey, str],
    messages: Collection[itip.ItipMessage],
) -> dict[int, str]:
    """Return digests of entries without changes, so that they are not compared again."""
    told = {message.key for message in messages}
    found: dict[int, str] = {}
    for (request_id, person), uid in uids.items():
        key = itip.EntryKey(uid, person)
        row = rows.get(key)
        if row is not None and key not in told:
            facts = seen.shown.facts(request_id)[person]
            if row.facts != facts:
                found[row.id] = facts
    return found


def _close_uids(session: Session, todo: PendingInvitations) -> None:
    """Assign a new UID to each meeting that is cancelled for all attendees, in case it is scheduled again."""
    off = {
        todo.requests[message.key]
        for message in todo.messages
        if message.kind is itip.MessageKind.CANCEL and message.meeting_is_off
    }
    for request_id in sorted(off):
        session.execute(
            update(MeetingRequest)
            .where(MeetingRequest.id == request_id)
            .values(uid=itip_revisions.new_seed())
        )

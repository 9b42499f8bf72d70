"""Calendars after a restore: what people received after the backup, by the journal, and its correction.

The journal's entries are stored as invitations, as if this database had sent them. So the next message about
each has a higher SEQUENCE or a later DTSTAMP, and comparing the published version with the calendars finds
what to send: updates, cancellations, and invitations that are missing. An entry of a request, a person or an
event that the database does not have gets a CANCEL of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import Method, OutboxKind, OutboxState, Partstat
from scheduler.invites.ical import itip, itip_revisions
from scheduler.invites.ical.content import Content
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.delivery import email_texts, journal_lines, sent_records
from scheduler.services.delivery.journal_lines import JournalEntry
from scheduler.services.identity.encryption import UnreadableSecret
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.identity.tokens import hash_token
from scheduler.services.operations import restored_copy, site_pause
from scheduler.services.operations.restored_copy import short_hash
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.paging import Page
from scheduler.services.publishing import invitation_diff, release, summaries, version_jobs
from scheduler.services.schedule import versions
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Attendee,
    Event,
    InboundEmail,
    Installation,
    Interpreter,
    InterpreterNotice,
    Invitation,
    MeetingRequest,
    OutboxEmail,
)

MAILBOX_MARGIN: Final = timedelta(days=2)
"""Emails this long before the last one that the database has are read again too: some were still unread."""

_NO_SYNC: Final[dict[str, Any]] = {"synchronize_session": False}
_UNSENT = (OutboxState.QUEUED, OutboxState.SENDING, OutboxState.FAILED)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class CalendarDifference:
    """One entry of one person's calendar, what this database has of it, and the email about it."""

    shown: Content | None
    """What the calendar shows. None if it shows nothing."""
    sequence: int | None
    """SEQUENCE of the last message that was sent. None if there was none."""
    known_sequence: int | None
    """SEQUENCE of the last message that this database has sent. None if there was none."""
    planned: Content | None
    """The meeting in the published schedule of this database. None if there is none."""
    email: itip.MessageKind | None
    """The email that corrects the calendar. None if the calendar is right."""


@dataclass(frozen=True, slots=True)
class PersonDifference:
    """The entries of one person in one event."""

    name: str
    email: str
    event: str
    """Name of the event. Empty if this database does not have it."""
    entries: tuple[CalendarDifference, ...]


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The journal compared with a restored or copied database."""

    has_journal: bool
    """False if the journal of this database is not here, so nothing can be compared."""
    people: Page[PersonDifference]
    emails: Mapping[itip.MessageKind, int]
    """Number of emails that correct calendars, by kind."""
    newer: int
    """Number of entries about which newer messages were sent than this database knows."""
    already_sent: int
    """Number of emails that wait in the outbox although they were sent."""
    unreadable: int
    """Number of entries that another secret key encrypted. They cannot be corrected."""


@dataclass(frozen=True, slots=True)
class _Newer:
    """An entry about which the journal has a newer message than the database."""

    entry: JournalEntry
    opened: Mapping[str, Any]
    known_sequence: int | None

    @property
    def key(self) -> itip.EntryKey:
        return itip.EntryKey(self.entry.uid, self.entry.attendee_id)

    @property
    def shown(self) -> Content | None:
        """What the calendar shows."""
        return None if self.entry.method is Method.CANCEL else self.content

    @property
    def content(self) -> Content:
        return Content.from_json(self.opened["content"])

    def as_sent(self) -> itip.SentEntry:
        return itip.SentEntry(
            uid=self.entry.uid,
            attendee_id=self.entry.attendee_id,
            sequence=self.entry.sequence,
            dtstamp=self.entry.dtstamp,
            method=self.entry.method,
            content=self.content,
            partstat=Partstat(self.opened["partstat"]),
        )


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The journal against the database."""

    has_journal: bool
    published: Mapping[int, Sequence[_Newer]]
    """Newer entries by event with a published version, whose next publication corrects them."""
    unpublished: Sequence[_Newer]
    """Newer entries of events without a published version."""
    unknown: Sequence[_Newer]
    """Entries that calendars show, and whose event, request or person the database does not have."""
    sent: Mapping[int, datetime]
    """When emails were sent that the outbox has as unsent, by id."""
    unreadable: int


def report_restore(
    session: Session,
    asker: SignedIn,
    settings: Settings,
    *,
    now: datetime,
    number: int = 1,
    limit: int = 30,
) -> RestoreReport:
    """Compare the journal with the database, for operators, and derive the emails. Nothing is changed.

    The correction is made and undone again, so the session must be able to write. Raises NotAllowed.
    """
    site_pause.operator(asker)
    with session.begin_nested() as trial:
        compared = _compare(session, settings, now)
        _store(session, compared, settings, now)
        people: dict[tuple[int, str], tuple[str, list[CalendarDifference]]] = {}
        for event_id, (email, name), difference in _differences(session, compared, settings, now):
            people.setdefault((event_id, email), (name, []))[1].append(difference)
        trial.rollback()
    live = select(Event.id, Event.name).where(Event.deleted_at.is_(None))
    events = {event_id: name for event_id, name in session.execute(live)}  # noqa: C416 -- dict(rows) loses the types
    rows = [
        PersonDifference(name, email, events.get(event_id, ""), tuple(sorted(entries, key=_start)))
        for (event_id, email), (name, entries) in sorted(people.items())
    ]
    number = min(number, max(1, -(-len(rows) // limit)))
    kinds = Counter(entry.email for row in rows for entry in row.entries if entry.email is not None)
    return RestoreReport(
        has_journal=compared.has_journal,
        people=Page(tuple(rows[(number - 1) * limit : number * limit]), None, len(rows), number, limit),
        emails=kinds,
        newer=sum(map(len, compared.published.values())) + len(compared.unpublished) + len(compared.unknown),
        already_sent=len(compared.sent),
        unreadable=compared.unreadable,
    )


def accept_copy(session: Session, asker: SignedIn, settings: Settings, *, now: datetime) -> list[int]:
    """Let the database be the installation for an operator, and correct calendars.

    Return the ids of the jobs to send. Raises NotAllowed.
    """
    return correct_calendars(session, settings, site_pause.operator(asker), now=now)


def correct_calendars(session: Session, settings: Settings, by: NamedDoer, *, now: datetime) -> list[int]:
    """Store what was sent after the backup, queue the corrections, and let the database be the installation.

    Return the ids of the jobs that send what differs from the published versions. Does nothing if the
    database is not a copy.
    """
    row = site_pause.lock_installation(session)
    if row.copy_kind is None:
        return []
    restored_copy.end_secrets(session, row, settings, now=now)
    compared = _compare(session, settings, now)
    _mark_sent(session, compared.sent)
    _store(session, compared, settings, now)
    _cancel(session, compared, settings, now)
    row.mailbox_from = _mailbox_from(session) if settings.imap_host else None
    restored_copy.accept_copy(session, settings, now=now)
    after = {
        "newer": sum(map(len, compared.published.values())) + len(compared.unpublished),
        "unknown": len(compared.unknown),
        "already_sent": len(compared.sent),
    }
    about = pgettext_lazy("audit log", "restored database accepted")
    recording.record_act(session, by, Act.EMAILS, about, after=after, now=now)
    log.warning("the restored database is accepted, and calendars are corrected", **after)
    return list(_request_notifications(session, compared.published, by=by.account_id, now=now))


def _compare(session: Session, settings: Settings, now: datetime) -> _Comparison:
    """Find what the journal has and this database does not. Ids may be others' by now: all is compared."""
    journal = _journal(session, settings)
    if journal is None:
        return _Comparison(False, {}, (), (), {}, 0)
    entries, sent = journal
    published: dict[int, list[_Newer]] = {}
    unpublished: list[_Newer] = []
    unknown: list[_Newer] = []
    unreadable = 0
    last = _last_messages(session, {entry.uid for entry in entries})
    known = _Known.load(session)
    for entry in entries:
        is_known = known.has(entry)
        before = last.get((entry.uid, entry.attendee_id)) if known.has_person(entry) else None
        if before is not None and before >= (entry.sequence, entry.dtstamp):
            continue
        if not is_known and (entry.method is Method.CANCEL or entry.ends_at <= now):
            continue
        try:
            newer = _Newer(entry, entry.opened(settings.secret_key), before[0] if before else None)
        except UnreadableSecret:
            unreadable += 1
            continue
        if not is_known:
            unknown.append(newer)
        elif versions.find_published_version(session, entry.event_id) is not None:
            published.setdefault(entry.event_id, []).append(newer)
        else:
            unpublished.append(newer)
    return _Comparison(True, published, unpublished, unknown, _known_as_sent(session, sent), unreadable)


def _journal(
    session: Session, settings: Settings
) -> tuple[Sequence[JournalEntry], Mapping[str, datetime]] | None:
    """Return the last message of each entry, and when each email was sent, by the hash of its Message-ID.

    None if there is no journal of this installation.
    """
    journal = restored_copy.open_journal(settings)
    state = journal.state() if journal else None
    if journal is None or state is None or state.installation != session.scalar(select(Installation.key)):
        return None
    entries: dict[tuple[str, int, str], JournalEntry] = {}
    sent: dict[str, datetime] = {}
    for line in journal.lines():
        if "m" in line:
            sent[line["m"]] = datetime.fromisoformat(line["t"])
        entry = journal_lines.read_entry(line)
        if entry is not None:
            key = entry.uid, entry.attendee_id, entry.address_hash
            last = entries.get(key)
            if last is None or (last.sequence, last.dtstamp) <= (entry.sequence, entry.dtstamp):
                entries[key] = entry
    return list(entries.values()), sent


def _last_messages(session: Session, uids: Iterable[str]) -> dict[tuple[str, int], tuple[int, datetime]]:
    """Return SEQUENCE and DTSTAMP of the last message that this database has, by UID and attendee."""
    columns = Invitation.uid, Invitation.attendee_id, Invitation.sequence, Invitation.dtstamp
    found: dict[tuple[str, int], tuple[int, datetime]] = {}
    for uid, person, sequence, dtstamp in session.execute(
        select(*columns).where(in_chunks(Invitation.uid, uids))
    ):
        found[uid, person] = max(found.get((uid, person), (-1, dtstamp)), (sequence, dtstamp))
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """Events that send emails, attendees with the hash of their address, and requests of this database."""

    events: frozenset[int]
    people: Mapping[int, tuple[int, str]]
    requests: Mapping[int, tuple[int, datetime]]

    @classmethod
    def load(cls, session: Session) -> _Known:
        live = select(Event.id).where(Event.live_at.is_not(None), Event.deleted_at.is_(None))
        people = session.execute(select(Attendee.id, Attendee.event_id, Attendee.email))
        columns = MeetingRequest.id, MeetingRequest.event_id, MeetingRequest.created_at
        return cls(
            events=frozenset(session.scalars(live)),
            people={row_id: (event_id, short_hash(email)) for row_id, event_id, email in people},
            requests={row_id: (event, made) for row_id, event, made in session.execute(select(*columns))},
        )

    def has(self, entry: JournalEntry) -> bool:
        """Return True if the entry's event, person and request are those of this database."""
        event_id, created_at = self.requests.get(entry.request_id, (0, entry.dtstamp))
        is_same = event_id == entry.event_id and created_at <= entry.dtstamp
        return is_same and event_id in self.events and self.has_person(entry)

    def has_person(self, entry: JournalEntry) -> bool:
        return self.people.get(entry.attendee_id) == (entry.event_id, entry.address_hash)


def _known_as_sent(session: Session, sent: Mapping[str, datetime]) -> dict[int, datetime]:
    rows = session.execute(
        select(OutboxEmail.id, OutboxEmail.message_id).where(OutboxEmail.state.in_(_UNSENT))
    )
    hashed = ((row.id, short_hash(row.message_id)) for row in rows)
    return {row_id: sent[name] for row_id, name in hashed if name in sent}


def _mark_sent(session: Session, sent: Mapping[int, datetime]) -> None:
    for row_id, moment in sent.items():
        values = {
            "state": OutboxState.SENT,
            "sent_at": moment,
            "claimed_by": None,
            "error": None,
            "failure": None,
        }
        session.execute(
            update(OutboxEmail).where(OutboxEmail.id == row_id).values(values), execution_options=_NO_SYNC
        )


def _store(session: Session, compared: _Comparison, settings: Settings, now: datetime) -> None:
    """Store the known entries as invitations that this database has sent. Drop older emails about them."""
    newer = [each for entries in compared.published.values() for each in entries] + list(compared.unpublished)
    uids = {each.entry.uid for each in newer}
    identity = Invitation.uid, Invitation.attendee_id, Invitation.sequence, Invitation.method
    rows = session.execute(select(Invitation.id, *identity).where(in_chunks(Invitation.uid, uids)))
    stored = {tuple(row)[1:]: row.id for row in rows}
    new = []
    for each in newer:
        entry = each.entry
        values = {
            "dtstamp": entry.dtstamp,
            "content": each.opened["content"],
            "facts": each.opened["facts"],
            "partstat": Partstat(each.opened["partstat"]),
        }
        row_id = stored.get((entry.uid, entry.attendee_id, entry.sequence, entry.method))
        if row_id is None:
            new.append(_invitation(each, settings) | values)
        else:
            session.execute(
                update(Invitation).where(Invitation.id == row_id).values(values), execution_options=_NO_SYNC
            )
    if new:
        session.execute(insert(Invitation), new)
    _drop_older(session, newer, now)
    session.flush()


def _invitation(each: _Newer, settings: Settings) -> dict[str, Any]:
    entry = each.entry
    token = sent_records.invitation_token(entry.uid, entry.attendee_id, settings.secret_key)
    return {
        "event_id": entry.event_id,
        "request_id": entry.request_id,
        "attendee_id": entry.attendee_id,
        "uid": entry.uid,
        "sequence": entry.sequence,
        "method": entry.method,
        "token_hash": hash_token(token),
        "key_number": settings.secret_key.newest,
        "first_message_id": each.opened["thread"],
    }


def _drop_older(session: Session, newer: Iterable[_Newer], now: datetime) -> None:
    """Archive unsent messages about an entry to which a newer one was sent."""
    keys = {each.key for each in newer}
    rows = session.execute(
        select(OutboxEmail.id, OutboxEmail.uid, OutboxEmail.attendee_id).where(
            in_chunks(OutboxEmail.uid, {key.uid for key in keys}),
            OutboxEmail.method.is_not(None),
            OutboxEmail.state.in_(_UNSENT),
        )
    )
    older = [row.id for row in rows if (row.uid, row.attendee_id) in keys]
    values = {"state": OutboxState.FAILED, "dropped_at": now, "claimed_by": None, "error": outbox.SET_ASIDE}
    session.execute(
        update(OutboxEmail).where(in_chunks(OutboxEmail.id, older)).values(values), execution_options=_NO_SYNC
    )


def _differences(
    session: Session, compared: _Comparison, settings: Settings, now: datetime
) -> Iterator[tuple[int, tuple[str, str], CalendarDifference]]:
    """Yield each entry with its event and the address and name of its person, once all is stored."""
    cancel = itip.MessageKind.CANCEL
    for each in (*compared.unpublished, *compared.unknown):
        kind = None if each.shown is None else cancel
        difference = CalendarDifference(
            each.shown, each.entry.sequence, each.known_sequence, planned=None, email=kind
        )
        yield each.entry.event_id, (each.opened["to"], each.opened["name"]), difference
    for event_id, entries in compared.published.items():
        newer = {each.key: each for each in entries}
        version = versions.find_published_version(session, event_id)
        assert version is not None  # noqa: S101 -- as compared
        seen = release.plan_invitations(session, version, settings, now=now)
        for portion in seen.portions({key.attendee_id for key in newer}):
            todo = invitation_diff.derive_invitations(session, seen, portion)
            messages = {message.key: message for message in todo.messages}
            recipients = invitation_diff.find_recipients(session, portion)
            mine = {key for key in newer if key.attendee_id in recipients}
            for key in sorted(mine | messages.keys()):
                message, found, told = messages.get(key), newer.get(key), todo.told.get(key)
                shown = None if told is None or told.method is Method.CANCEL else told.content
                known = found.known_sequence if found else told.sequence if told else None
                planned = todo.shown.get(key) or (shown if message is None else None)
                if shown is None and planned is None:  # both know that it is cancelled
                    continue
                difference = CalendarDifference(
                    shown=shown,
                    sequence=told.sequence if told else None,
                    known_sequence=known,
                    planned=planned,
                    email=message.kind if message else None,
                )
                yield event_id, recipients[key.attendee_id], difference


def _start(entry: CalendarDifference) -> tuple[str, str]:
    found = entry.shown or entry.planned
    return (found.start.isoformat(), found.summary) if found else ("", "")


def _cancel(session: Session, compared: _Comparison, settings: Settings, now: datetime) -> None:
    """Queue a CANCEL for each entry that calendars show and no publication corrects."""
    own = [each for each in compared.unpublished if each.shown is not None]
    events = {
        event.id: event
        for event in session.scalars(
            select(Event).where(
                in_chunks(Event.id, {each.entry.event_id for each in (*own, *compared.unknown)})
            )
        )
    }
    mails = [_cancellation(session, each, events[each.entry.event_id], settings, now) for each in own]
    for each in compared.unknown:
        event = events.get(each.entry.event_id)
        is_live = event is not None and event.live_at is not None and event.deleted_at is None
        is_same = event is not None and event.created_at <= each.entry.dtstamp
        mail = _cancellation(session, each, event if is_live and is_same else None, settings, now)
        # The ids of a request and a person that the database does not have may be given to others.
        mails.append(replace(mail, kind=OutboxKind.RESEND, request_id=None, attendee_id=None))
    outbox.enqueue(session, mails)
    _renew_uids(session, compared.unknown)


def _cancellation(
    session: Session, each: _Newer, event: Event | None, settings: Settings, now: datetime
) -> NewMail:
    message = itip_revisions.cancel_entry(each.as_sent(), now)
    payload = message.to_json()
    if event is not None:
        payload = email_texts.build_payload(message, email_texts.list_event_texts(session, event.id), event)
    mail = outbox.calendar_mail(
        OutboxKind.INVITATION,
        message,
        to=(each.opened["to"], each.opened["name"]),
        event_id=each.entry.event_id,
        request_id=each.entry.request_id,
        payload=payload,
        domain=settings.mail_domain,
        now=now,
        thread_id=each.opened["thread"],
    )
    return mail if event is not None else replace(mail, event_id=None)


def _renew_uids(session: Session, unknown: Iterable[_Newer]) -> None:
    """Give a new UID to requests whose UID is cancelled, of events that are in rehearsal again."""
    rehearsed = select(Event.id).where(Event.live_at.is_(None))
    for each in unknown:
        session.execute(
            update(MeetingRequest)
            .where(
                MeetingRequest.event_id.in_(rehearsed),
                MeetingRequest.uid == each.entry.uid.rpartition("@")[0],
            )
            .values(uid=itip_revisions.new_seed()),
            execution_options=_NO_SYNC,
        )


def _mailbox_from(session: Session) -> datetime | None:
    """Return the time from which emails of the mailbox may be missing in this database."""
    last = session.scalar(select(func.max(InboundEmail.received_at)))
    first = session.scalar(select(func.min(Event.created_at)))
    since = last or first
    return since - MAILBOX_MARGIN if since else None


def _request_notifications(
    session: Session, events: Iterable[int], *, by: int | None, now: datetime
) -> Iterator[int]:
    """Request the emails of the published versions. Interpreters get all their meetings once more."""
    for event_id in sorted(events):
        version = versions.find_published_version(session, event_id)
        if version is None:
            continue
        invitation_diff.delete_unsent_invitations(session, event_id)
        summaries.hold_summaries(session, event_id, now=now)
        interpreters = select(Interpreter.id).where(Interpreter.event_id == event_id)
        session.execute(
            delete(InterpreterNotice).where(InterpreterNotice.interpreter_id.in_(interpreters)),
            execution_options=_NO_SYNC,
        )
        yield version_jobs.request_notifications(session, version, by=by, now=now).id

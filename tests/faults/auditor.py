"""The auditor: what an installation promises about each fault, compared with the facts afterwards.

The facts are the rows of the database, and the emails that the mail server accepted.
"""

from __future__ import annotations

import email
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import Message
from enum import StrEnum

from icalendar import Calendar
from sqlalchemy import func, select

from scheduler.config import Settings
from scheduler.domain.entities import JobState, OutboxState, RunState, VersionState
from scheduler.services.operations.invariants import Invariant, check_invariants
from scheduler.storage.database import Database
from scheduler.storage.models import (
    Attendee,
    OutboxEmail,
    PlannedAttendee,
    PlannedMeeting,
    Run,
    ScheduleVersion,
    Slot,
    VersionJob,
)
from tests.support.publishing import SETTINGS

Accepted = tuple[str, list[str], bytes]
"""Envelope sender, recipients and content of an email that the mail server accepted."""


class Promise(StrEnum):
    """What holds after each fault, once everything works again and has settled."""

    NOTHING_LOST = "no email is lost"
    NOTHING_TWICE = "no email is sent twice"
    SEQUENCE = "no SEQUENCE goes back"
    NO_OVERLAP = "nobody is double-booked"
    NOTIFIED = "each published change has its email"
    CALENDARS = "calendars show the published schedule"
    WHOLE = "nothing is half done"


_INVARIANTS = {
    Invariant.NO_OVERLAP: Promise.NO_OVERLAP,
    Invariant.BOOKED: Promise.NO_OVERLAP,
    Invariant.NOTIFIED: Promise.NOTIFIED,
    Invariant.SEQUENCE: Promise.SEQUENCE,
    Invariant.OWN_EVENT: Promise.WHOLE,
}


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that the facts contradict."""

    promise: Promise
    facts: str


@dataclass
class Auditor:
    """Compares promises with the facts of a database and of a mail server's accepted emails."""

    database: Database
    accepted: Sequence[Accepted]
    settings: Settings = field(default_factory=lambda: SETTINGS)

    def breaches(self, *, in_flight: int = 0) -> list[Breach]:
        """Return the broken promises.

        `in_flight` is the number of emails that the server accepted and whose sender never learned it. Only
        they may arrive a second time, in the same octets except for the Date.
        """
        return [
            *self._lost(),
            *self._twice(in_flight),
            *self._sequences(),
            *self._invariants(),
            *self._calendars(),
            *self._half_done(),
        ]

    def _rows(self) -> Sequence[OutboxEmail]:
        with self.database.read() as session:
            return session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).all()

    def _lost(self) -> Iterator[Breach]:
        arrived = {(to, identity(message)) for to, message in messages(self.accepted)}
        for row in self._rows():
            if row.state is OutboxState.SENT and (row.to_address, local_part(row.message_id)) not in arrived:
                yield Breach(Promise.NOTHING_LOST, f"email {row.id} to {row.to_address} never arrived")
            elif row.state in (OutboxState.FAILED, OutboxState.QUEUED):
                yield Breach(Promise.NOTHING_LOST, f"email {row.id} is {row.state}: {row.error}")

    def _twice(self, in_flight: int) -> Iterator[Breach]:
        copies = Counter((to, identity(message)) for to, message in messages(self.accepted))
        doubled = sum(copies.values()) - len(copies)
        if doubled > in_flight:
            yield Breach(
                Promise.NOTHING_TWICE, f"{doubled} emails more than once, {in_flight} were in flight"
            )
        contents = Counter((recipients[0], undated(content)) for _, recipients, content in self.accepted)
        if len(contents) != len(copies):
            yield Breach(Promise.NOTHING_TWICE, "a second copy has other octets than the first one")

    def _sequences(self) -> Iterator[Breach]:
        newest: dict[tuple[str, str], tuple[int, datetime]] = {}
        for to, uid, revision, _ in revisions(self.accepted):
            if revision < newest.get((to, uid), revision):
                yield Breach(Promise.SEQUENCE, f"{to} got {uid} with {revision} after {newest[to, uid]}")
            newest[to, uid] = max(revision, newest.get((to, uid), revision))

    def _invariants(self) -> Iterator[Breach]:
        for each in check_invariants(self.database, self.settings):
            yield Breach(_INVARIANTS[each.invariant], str(each.reason))

    def _calendars(self) -> Iterator[Breach]:
        entries: dict[tuple[str, str], tuple[tuple[int, datetime], datetime | None]] = {}
        for to, uid, revision, start in revisions(self.accepted):
            if (to, uid) not in entries or entries[to, uid][0] < revision:  # RFC 5546 2.1.5
                entries[to, uid] = revision, start
        shown = Counter((to, start) for (to, _), (_, start) in entries.items() if start is not None)
        with self.database.read() as session:
            published = Counter(
                session.execute(
                    select(Attendee.email, Slot.start)
                    .join(PlannedAttendee, PlannedAttendee.attendee_id == Attendee.id)
                    .join(PlannedMeeting, PlannedMeeting.id == PlannedAttendee.meeting_id)
                    .join(Slot, Slot.id == PlannedMeeting.slot_id)
                    .join(ScheduleVersion, ScheduleVersion.id == PlannedMeeting.version_id)
                    .where(ScheduleVersion.state == VersionState.PUBLISHED)
                ).all()
            )
        if shown != published:
            facts = f"{len(shown - published)} meetings too many, {len(published - shown)} are missing"
            yield Breach(Promise.CALENDARS, facts)

    def _half_done(self) -> Iterator[Breach]:
        unfinished = (
            (OutboxEmail.state == OutboxState.SENDING, "emails are being sent"),
            (Run.state.in_((RunState.QUEUED, RunState.RUNNING)), "runs are open"),
            (VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING)), "jobs are open"),
            (VersionJob.state == JobState.FAILED, "jobs failed"),
            (Run.state == RunState.FAILED, "runs failed"),
        )
        with self.database.read() as session:
            for which, what in unfinished:
                if count := session.scalar(select(func.count()).where(which)):
                    yield Breach(Promise.WHOLE, f"{count} {what}")
            several = select(ScheduleVersion.event_id).where(ScheduleVersion.state == VersionState.PUBLISHED)
            several = several.group_by(ScheduleVersion.event_id).having(func.count() > 1)
            for event_id in session.scalars(several):
                yield Breach(Promise.WHOLE, f"event {event_id} has several published versions")


def messages(accepted: Sequence[Accepted]) -> Iterator[tuple[str, Message]]:
    """Yield recipient and parsed content of each email."""
    for _, recipients, content in accepted:
        yield recipients[0], email.message_from_bytes(content)


def revisions(
    accepted: Sequence[Accepted],
) -> Iterator[tuple[str, str, tuple[int, datetime], datetime | None]]:
    """Yield recipient, UID, (SEQUENCE, DTSTAMP) and start of each calendar entry; no start if cancelled."""
    for to, message in messages(accepted):
        for part in message.walk():
            if part.get_content_type() != "text/calendar":
                continue
            calendar = Calendar.from_ical(part.get_payload(decode=True))
            for event in calendar.walk("VEVENT"):
                start = event.decoded("DTSTART") if calendar["METHOD"] == "REQUEST" else None
                yield to, str(event["UID"]), (int(event["SEQUENCE"]), event["DTSTAMP"].dt), start


def undated(content: bytes) -> bytes:
    """Return an email without its Date (RFC 5322 3.6.1), the only difference of a second copy."""
    return re.sub(rb"(?m)^Date: [^\r\n]*\r?\n", b"", content, count=1)


def identity(message: Message) -> str:
    return local_part(str(message["Message-ID"]))


def local_part(message_id: str) -> str:
    """Return the part of a Message-ID before its domain, which some rows get when they are sent."""
    return message_id.strip("<>").partition("@")[0]

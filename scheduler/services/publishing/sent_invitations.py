"""Last invitation sent for each calendar entry."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, Partstat
from scheduler.invites.ical import itip
from scheduler.invites.ical.content import Content
from scheduler.services.schedule.calendar_rows import CHUNK
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Invitation


class LastInvitation(NamedTuple):
    """The last message for a UID and attendee, without its content."""

    request_id: int
    method: Method
    dtstamp: datetime
    facts: str | None


class SentInvitation(NamedTuple):
    """An invitation with its content."""

    id: int
    request_id: int
    uid: str
    attendee_id: int
    sequence: int
    dtstamp: datetime
    method: Method
    content: dict[str, Any]
    partstat: Partstat
    facts: str | None
    first_message_id: str

    def as_sent(self) -> itip.SentEntry:
        return itip.SentEntry(
            uid=self.uid,
            attendee_id=self.attendee_id,
            sequence=self.sequence,
            dtstamp=self.dtstamp,
            method=self.method,
            content=Content.from_json(self.content),
            partstat=self.partstat,
        )


def last_invitations(session: Session, event_id: int) -> dict[itip.EntryKey, LastInvitation]:
    """Return the last invitation for each UID and attendee."""
    rows = session.execute(
        select(
            Invitation.uid,
            Invitation.attendee_id,
            Invitation.request_id,
            Invitation.method,
            Invitation.dtstamp,
            Invitation.facts,
        )
        .where(Invitation.event_id == event_id)
        .order_by(Invitation.sequence, Invitation.dtstamp),
        execution_options={"yield_per": CHUNK},
    )
    return {itip.EntryKey(row[0], row[1]): LastInvitation(*row[2:]) for row in rows}


def find_sent_invitations(
    session: Session, people: Collection[int], requests: Collection[int], uids: Collection[str]
) -> dict[itip.EntryKey, SentInvitation]:
    """Return the last invitation for each UID and attendee, of some people, for some requests and UIDs."""
    rows = session.execute(
        select(*(getattr(Invitation, name) for name in SentInvitation._fields))
        .where(
            in_chunks(Invitation.attendee_id, people),
            or_(in_chunks(Invitation.request_id, requests), in_chunks(Invitation.uid, uids)),
        )
        .order_by(Invitation.sequence, Invitation.dtstamp)
    )
    return {itip.EntryKey(row.uid, row.attendee_id): SentInvitation._make(row) for row in rows}


def store_fact_digests(session: Session, facts: Mapping[int, str]) -> None:
    """Store digests, by invitation id, of entries that were compared and need no email, so that they are not
    compared again.
    """
    if facts:
        table = Invitation.__table__
        one = update(table).where(table.c.id == bindparam("row_id"))  # type: ignore[arg-type]
        rows = [{"row_id": row_id, "now_facts": digest} for row_id, digest in sorted(facts.items())]
        session.connection().execute(one.values(facts=bindparam("now_facts")), rows)

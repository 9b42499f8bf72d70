"""Records of sent content, written before the first byte is sent, and the tokens in email addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method, OutboxKind
from scheduler.secret_keys import SecretKeys
from scheduler.services.identity.tokens import REPLY, REPORT, SUMMARIES, hash_token, named_token, row_token
from scheduler.services.outbox import payloads
from scheduler.services.outbox.outbox import NewMail
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import InterpreterNotice, Invitation, OutboxEmail

Said = OutboxEmail | NewMail
"""An email that is in the outbox or about to be."""


def record_invitations(session: Session, rows: Sequence[Said], secret_key: SecretKeys) -> None:
    """Record the content that these invitations send to calendars.

    An email that follows a change of address (`RESEND`) tells of no change of the meeting.
    """
    known = _known_invitations(session, rows)
    new: list[dict[str, Any]] = []
    for row in rows:
        content, partstat = payloads.stored_message_parts(row.payload)
        found = known.get(_identity(row))
        if found is None:
            is_change = row.kind is OutboxKind.INVITATION and payloads.is_schedule_change(row.payload)
            parts = {"content": content, "partstat": partstat, "is_change": is_change}
            new.append(_invitation(row, secret_key) | parts)
        elif row.dtstamp is not None and found.dtstamp < row.dtstamp:
            found.dtstamp, found.content, found.facts = row.dtstamp, content, row.facts
    if new:
        session.execute(insert(Invitation), new)
    session.flush()


def address_token(row: Said, secret_key: SecretKeys) -> str:
    """Return the token in the organiser's address: one per UID, attendee and key."""
    return invitation_token(str(row.uid), row.attendee_id, secret_key, row.key_number)


def invitation_token(
    uid: str, attendee_id: int | None, secret_key: SecretKeys, number: int | None = None
) -> str:
    """Derive the token of a UID and attendee, by the key of this number or the newest one."""
    return named_token(secret_key, "invitation", f"{uid}:{attendee_id}", number)


def choose_keys(session: Session, rows: Sequence[OutboxEmail], secret_key: SecretKeys) -> None:
    """Set the key of emails that are claimed for the first time: the newest one.

    An email that continues a recorded invitation has that one's key, because its links must be found.
    """
    new = [row for row in rows if row.key_number is None]
    uids = {uid for row in new if (uid := _meeting_uid(row)) is not None}
    numbers: dict[tuple[Any, ...], int] = {}
    if uids:
        known = session.execute(
            select(Invitation.uid, Invitation.attendee_id, Invitation.sequence, Invitation.method,
                   Invitation.key_number)
            .where(in_chunks(Invitation.uid, uids))
            .order_by(Invitation.sequence, Invitation.dtstamp)
        )  # fmt: skip
        for uid, attendee_id, sequence, method, number in known:
            numbers[uid, attendee_id] = numbers[uid, attendee_id, sequence, method] = number
    for row in new:
        uid, newest = _meeting_uid(row), secret_key.newest
        recorded = numbers.get((uid, row.attendee_id, row.sequence, row.method))
        if recorded is None and row.kind is not OutboxKind.INVITATION:
            recorded = numbers.get((uid, row.attendee_id))
        row.key_number = recorded if recorded in secret_key else newest
    session.flush()


def _meeting_uid(row: OutboxEmail) -> str | None:
    """Return the UID of the invitation whose token the email has, or None."""
    receipt = payloads.receipt_content(row.payload)
    return receipt[0] if receipt is not None else row.uid


def bounce_token(row: OutboxEmail, secret_key: SecretKeys) -> str:
    """Return the token in the envelope sender, which bounces are sent to: one per email of any kind.

    It appears nowhere in the email. So the recipient of an invitation, or a system that reads the calendar,
    cannot forge a bounce.
    """
    return row_token(secret_key, REPORT, row.id, row.message_id, row.key_number)


def reply_token(row: OutboxEmail, secret_key: SecretKeys) -> str:
    """Return the token in the Reply-To header of an email that is not an invitation: one per email."""
    return row_token(secret_key, REPLY, row.id, row.message_id, row.key_number)


def summary_token(row: OutboxEmail, secret_key: SecretKeys) -> str:
    """Return the token that unsubscribes from summaries: one per attendee and address.

    A new address invalidates it.
    """
    return row_token(secret_key, SUMMARIES, row.attendee_id or 0, row.to_address, row.key_number)


def record_interpreter_notices(session: Session, rows: Sequence[OutboxEmail], *, now: datetime) -> None:
    """Record the content that these emails send to interpreters. Retries are skipped."""
    for row in rows:
        if row.attempts == 1 and row.interpreter_id is not None:
            session.merge(
                InterpreterNotice(
                    interpreter_id=row.interpreter_id,
                    address=row.to_address,
                    summary=row.payload,
                    sent_at=now,
                )
            )
    session.flush()


class _Identity(NamedTuple):
    """Identity of an invitation: the unique key of its table."""

    uid: str | None
    attendee_id: int | None
    sequence: int | None
    method: Method | None


def _identity(row: Said | Invitation) -> _Identity:
    return _Identity(row.uid, row.attendee_id, row.sequence, row.method)


def _known_invitations(session: Session, rows: Sequence[Said]) -> dict[_Identity, Invitation]:
    uids = {row.uid for row in rows}
    found = session.scalars(select(Invitation).where(in_chunks(Invitation.uid, uids))) if uids else ()
    return {_identity(row): row for row in found}


def _invitation(row: Said, secret_key: SecretKeys) -> dict[str, Any]:
    return {
        "event_id": row.event_id,
        "request_id": row.request_id,
        "attendee_id": row.attendee_id,
        "uid": row.uid,
        "sequence": row.sequence,
        "method": row.method,
        "dtstamp": row.dtstamp,
        "facts": row.facts,
        "token_hash": hash_token(address_token(row, secret_key)),
        "key_number": secret_key.newest if row.key_number is None else row.key_number,
        "first_message_id": row.thread_id or row.message_id,
    }

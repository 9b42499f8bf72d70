"""What calendars are told, written down before the first byte is sent, and the tokens in its addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import Method
from scheduler.services.access.tokens import derive_token, hash_token
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Invitation, OutboxMail


def remember(session: Session, rows: Sequence[OutboxMail], secret_key: str) -> None:
    """Write down what the calendars are being told by these invitations."""
    known = _known_invitations(session, rows)
    new: list[dict[str, Any]] = []
    for row in rows:
        message = row.payload
        values = {
            "dtstamp": datetime.fromisoformat(message["dtstamp"]),
            "content": message["content"],
            "partstat": message["partstat"],
            "facts": message.get("facts"),
        }
        found = known.get((row.uid, row.attendee_id, message["sequence"], message["method"]))
        if found is None:
            new.append(_invitation(row, secret_key) | values)
        elif found.dtstamp < values["dtstamp"]:
            found.dtstamp, found.content = values["dtstamp"], values["content"]
            found.facts = values["facts"]
    if new:
        session.execute(insert(Invitation), new)
    session.flush()


def address_token(row: OutboxMail, secret_key: str) -> str:
    """The token in the organiser's address: one a UID and attendee, the same in every mail about it."""
    return token_of(str(row.uid), row.attendee_id, secret_key)


def token_of(uid: str, attendee_id: int | None, secret_key: str) -> str:
    """That token of a UID and attendee."""
    return derive_token(secret_key, "invitation", f"{uid}:{attendee_id}")


def bounce_token(row: OutboxMail, secret_key: str) -> str:
    """The token in the sender of the envelope, which mail servers report to: one an attendee and address.

    It stands nowhere in the mail, so that who has an invitation, and every system that reads its calendar,
    cannot write a report.
    """
    return derive_token(secret_key, "bounce", f"{row.attendee_id}:{row.to_address}")


def summary_token(row: OutboxMail, secret_key: str) -> str:
    """The token in a summary that stops them: one an attendee and address, so that a new address ends it."""
    return derive_token(secret_key, "summaries", f"{row.attendee_id}:{row.to_address}")


def remember_summaries(session: Session, rows: Sequence[OutboxMail], secret_key: str) -> None:
    """Know whose summaries the tokens in these stop."""
    wanted = {row.attendee_id: (row.to_address, hash_token(summary_token(row, secret_key))) for row in rows}
    if not wanted:
        return
    known = session.execute(
        select(Attendee.id, Attendee.email, Attendee.summary_hash).where(among(Attendee.id, wanted))
    ).all()
    for attendee_id, email, summary_hash in known:
        address, hashed = wanted[attendee_id]
        if address == email and summary_hash != hashed:
            session.execute(update(Attendee).where(Attendee.id == attendee_id).values(summary_hash=hashed))


def remember_bounces(session: Session, rows: Sequence[OutboxMail], secret_key: str) -> None:
    """Know whose mails come back to the envelope senders of these."""
    wanted = {
        row.attendee_id: (row.to_address, hash_token(bounce_token(row, secret_key)))
        for row in rows
        if row.attendee_id is not None
    }
    if not wanted:
        return
    known = session.execute(
        select(Attendee.id, Attendee.email, Attendee.bounce_hash).where(among(Attendee.id, wanted))
    ).all()
    for attendee_id, email, bounce_hash in known:
        address, hashed = wanted[attendee_id]
        if address == email and bounce_hash != hashed:
            session.execute(update(Attendee).where(Attendee.id == attendee_id).values(bounce_hash=hashed))


def _known_invitations(
    session: Session, rows: Sequence[OutboxMail]
) -> dict[tuple[str | None, int | None, int, str], Invitation]:
    uids = {row.uid for row in rows}
    found = session.scalars(select(Invitation).where(among(Invitation.uid, uids))) if uids else ()
    return {(row.uid, row.attendee_id, row.sequence, str(row.method)): row for row in found}


def _invitation(row: OutboxMail, secret_key: str) -> dict[str, Any]:
    return {
        "event_id": row.event_id,
        "request_id": row.request_id,
        "attendee_id": row.attendee_id,
        "uid": row.uid,
        "sequence": row.payload["sequence"],
        "method": Method(row.payload["method"]),
        "token_hash": hash_token(address_token(row, secret_key)),
        "first_message_id": row.thread_id or row.message_id,
    }

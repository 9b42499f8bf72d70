"""Summaries: at most one mail more a person and publishing, behind the invitations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, insert, select
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState
from scheduler.invites import itip, summary, summary_mail, wording
from scheduler.invites.content import Content
from scheduler.invites.summary import Change, Summary
from scheduler.services import wordings
from scheduler.services.outbox import SUMMARY
from scheduler.services.telling import Pending, recipients
from scheduler.storage.models import Event, OutboxMail, ScheduleVersion


def unsent(session: Session, event_id: int) -> dict[int, Summary]:
    """The summaries that no sender has touched yet, by attendee."""
    rows = session.execute(select(OutboxMail.attendee_id, OutboxMail.payload).where(_unsent(event_id)))
    return _by_attendee(rows)


def drop_unsent(session: Session, event_id: int) -> dict[int, Summary]:
    """As `unsent`, and delete them: the next ones say what they would have said."""
    gone = delete(OutboxMail).where(_unsent(event_id)).returning(OutboxMail.attendee_id, OutboxMail.payload)
    return _by_attendee(session.execute(gone))


def changes(todo: Pending, dropped: Mapping[int, Summary]) -> dict[int, list[Change]]:
    """What changed for whom: the messages of the publishing, by attendee, and what nobody has summed up.

    A summary that was dropped before it was sent is said anew as far as its invitations went out.
    """
    found: dict[int, list[Change]] = {}
    for message in todo.messages:
        found.setdefault(message.attendee_id, []).append(summary.change(message))
    for attendee_id, old in dropped.items():
        new = found.get(attendee_id, [])
        uids = {change.uid for change in new}
        told = {uid: told for uid, told in _of(todo.told, attendee_id, old) if uid not in uids}
        rest = summary.still_unsaid(old.changes, told)
        if rest:
            found[attendee_id] = [*new, *rest]
    return found


def write(
    session: Session,
    event: Event,
    version: ScheduleVersion,
    todo: Pending,
    dropped: Mapping[int, Summary],
    *,
    mail_domain: str,
    now: datetime,
) -> int:
    """Queue the summaries of a publishing, behind its invitations; gives their number."""
    agendas: dict[int, dict[str, Content]] = {}
    for (uid, attendee_id), content in todo.shown.items():
        agendas.setdefault(attendee_id, {})[uid] = content
    people, texts = recipients(session, event.id), wordings.of_event(session, event.id)
    rows = [
        _row(
            attendee_id,
            Summary(version.number, now, agendas.get(attendee_id, {}), changed),
            texts,
            mail_domain,
        )
        | {
            "event_id": event.id,
            "version_id": version.id,
            "to_address": people[attendee_id][0],
            "to_name": people[attendee_id][1],
        }
        for attendee_id, changed in sorted(changes(todo, dropped).items())
    ]
    if rows:
        session.execute(insert(OutboxMail), rows)
    return len(rows)


def _row(attendee_id: int, made: Summary, texts: wordings.Texts, mail_domain: str) -> dict[str, Any]:
    own = texts.get(summary_mail.latest(made).language, {})
    return {
        "kind": SUMMARY,
        "attendee_id": attendee_id,
        # Its token is this meeting's: a bounce or an answer in words finds the attendee as for an invitation.
        "uid": made.changes[0].uid,
        "message_id": summary_mail.message_id(made, attendee_id, mail_domain),
        "thread_id": summary_mail.thread_id(attendee_id, mail_domain),
        "payload": made.to_json() | {"wording": wording.chosen(own, "overview")},
        "state": OutboxState.QUEUED,
        "next_attempt_at": made.stamp,
        "created_at": made.stamp,
    }


def _unsent(event_id: int) -> ColumnElement[bool]:
    return and_(
        OutboxMail.event_id == event_id,
        OutboxMail.kind == SUMMARY,
        OutboxMail.state == OutboxState.QUEUED,
        OutboxMail.attempts == 0,
    )


def _by_attendee(rows: Iterable[Row[int | None, dict[str, Any]]]) -> dict[int, Summary]:
    return {attendee_id: Summary.from_json(payload) for attendee_id, payload in rows if attendee_id}


def _of(
    told: Mapping[itip.Key, itip.Told], attendee_id: int, old: Summary
) -> Iterator[tuple[str, itip.Told]]:
    for change in old.changes:
        if (change.uid, attendee_id) in told:
            yield change.uid, told[change.uid, attendee_id]

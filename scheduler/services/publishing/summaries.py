"""Summaries: at most one mail more a person and publishing, behind the invitations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import OutboxState
from scheduler.invites.ical import itip
from scheduler.invites.mail import summary, summary_mail, wording
from scheduler.invites.mail.summary import Summary, SummaryChange
from scheduler.services.outbox import mail_texts
from scheduler.services.outbox.outbox import SUMMARY
from scheduler.services.publishing import unheld
from scheduler.services.publishing.diff import Pending, Survey, recipients
from scheduler.storage.among import among
from scheduler.storage.models import Attendee, Event, OutboxMail

SET_ASIDE = "A newer publishing says this anew."


def waiting(session: Session, event_id: int, people: Collection[int] | None = None) -> dict[int, Summary]:
    """The summaries that no sender has touched yet, by attendee, also those that are set aside."""
    rows = session.execute(
        select(OutboxMail.attendee_id, OutboxMail.payload)
        .where(_waiting(event_id, people))
        .order_by(OutboxMail.id)
    )
    return _by_attendee(rows)


def waiting_for(session: Session, event_id: int) -> set[int]:
    """The attendees of those summaries."""
    found = session.scalars(select(OutboxMail.attendee_id).where(_waiting(event_id)))
    return {attendee_id for attendee_id in found if attendee_id is not None}


def set_aside(session: Session, event_id: int, *, now: datetime) -> None:
    """Keep the summaries that wait from being sent, until `take` has them said anew."""
    session.execute(
        update(OutboxMail)
        .where(_waiting(event_id), OutboxMail.state == OutboxState.QUEUED)
        .values(state=OutboxState.FAILED, dropped_at=now, stopped_at=None, error=SET_ASIDE)
        .execution_options(synchronize_session=False)
    )


def take(session: Session, event_id: int, people: Collection[int] | None = None) -> dict[int, Summary]:
    """As `waiting`, and delete them: the next ones say what they would have said."""
    gone = (
        delete(OutboxMail)
        .where(_waiting(event_id, people))
        .returning(OutboxMail.id, OutboxMail.attendee_id, OutboxMail.payload)
        .execution_options(synchronize_session=False)
    )
    rows = sorted(session.execute(gone), key=lambda row: row[0])
    return _by_attendee((attendee_id, payload) for _, attendee_id, payload in rows)


def changes(
    session: Session, todo: Pending, dropped: Mapping[int, Summary]
) -> dict[int, list[SummaryChange]]:
    """What changed for whom: the messages of the publishing, by attendee, and what nobody has summed up;
    without those who want no summaries.

    A summary that was dropped before it was sent is said anew as far as its invitations went out.
    """
    found: dict[int, list[SummaryChange]] = {}
    for message in todo.messages:
        found.setdefault(message.attendee_id, []).append(summary.change(message))
    for attendee_id, old in dropped.items():
        new = found.get(attendee_id, [])
        uids = {change.uid for change in new}
        told = {uid: told for uid, told in _of(todo.told, attendee_id, old) if uid not in uids}
        rest = summary.still_unsaid(old.changes, told)
        if rest:
            found[attendee_id] = [*new, *rest]
    stopped = session.scalars(
        select(Attendee.id).where(among(Attendee.id, found), Attendee.summaries_off_at.is_not(None))
    )
    for attendee_id in stopped:
        del found[attendee_id]
    return found


def write(session: Session, seen: Survey, version: int, todo: Pending, dropped: Mapping[int, Summary]) -> int:
    """Queue the summaries of version number `version` to the people of `todo`; gives how many."""
    changed = changes(session, todo, dropped)
    people = recipients(session, changed.keys())
    open_ = unheld.of_people(session, seen.version_id, seen.event.id, changed.keys())
    rows = [
        _row(
            attendee_id,
            Summary(
                version,
                seen.now,
                seen.agenda(attendee_id, todo),
                changed[attendee_id],
                open_.get(attendee_id, ()),
            ),
            seen,
        )
        | {
            "event_id": seen.event.id,
            "version_id": seen.version_id,
            "to_address": people[attendee_id][0],
            "to_name": people[attendee_id][1],
        }
        for attendee_id in sorted(changed)
    ]
    if rows:
        session.execute(insert(OutboxMail), rows)
    return len(rows)


def payload(made: Summary, texts: mail_texts.Texts, event: Event) -> dict[str, Any]:
    """What an outbox row keeps: the summary, and what the event says now."""
    own = texts.get(summary_mail.latest(made).language, {})
    return made.to_json() | {"wording": wording.chosen(own, "overview")} | mail_texts.settings_of(event)


def _row(attendee_id: int, made: Summary, seen: Survey) -> dict[str, Any]:
    return {
        "kind": SUMMARY,
        "attendee_id": attendee_id,
        # Its token is this meeting's: a bounce or an answer in words finds the attendee as for an invitation.
        "uid": made.changes[0].uid,
        "message_id": summary_mail.message_id(made, attendee_id, seen.mail_domain),
        "thread_id": summary_mail.thread_id(attendee_id, seen.mail_domain),
        "payload": payload(made, seen.shown.texts, seen.event),
        "state": OutboxState.QUEUED,
        "next_attempt_at": made.stamp,
        "created_at": made.stamp,
    }


def _waiting(event_id: int, people: Collection[int] | None = None) -> ColumnElement[bool]:
    is_aside = and_(OutboxMail.state == OutboxState.FAILED, OutboxMail.error == SET_ASIDE)
    found = and_(
        OutboxMail.event_id == event_id,
        OutboxMail.kind == SUMMARY,
        OutboxMail.attempts == 0,
        or_(OutboxMail.state == OutboxState.QUEUED, is_aside),
    )
    return found if people is None else and_(found, among(OutboxMail.attendee_id, people))


def _by_attendee(rows: Iterable[Any]) -> dict[int, Summary]:
    return {attendee_id: Summary.from_json(payload) for attendee_id, payload in rows if attendee_id}


def _of(
    told: Mapping[itip.Key, itip.Told], attendee_id: int, old: Summary
) -> Iterator[tuple[str, itip.Told]]:
    for change in old.changes:
        key = itip.Key(change.uid, attendee_id)
        if key in told:
            yield change.uid, told[key]

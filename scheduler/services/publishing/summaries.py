"""Summary emails: at most one per person and publication, sent after the invitations.

A summary that is unsent at the next publication would be wrong. It is deleted, and the next one repeats its
changes, as far as their invitations were sent. A summary carries the address token of one of its meetings. A
bounce therefore marks the address, and a free-text reply waits for an organiser. Recipients stop and resume
summaries by a link (RFC 8058), valid until 30 days after the event or the next change of the address. Anyone
with a forwarded summary can use the link too. Invitations cannot be stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, not_, or_, select
from sqlalchemy.orm import Session

from scheduler.domain.consents import ConsentPurpose
from scheduler.domain.entities import OutboxKind
from scheduler.invites.ical import itip
from scheduler.invites.mail import summary, summary_mail, wording
from scheduler.invites.mail.summary import Summary, SummaryChange
from scheduler.services.delivery import email_texts
from scheduler.services.outbox import outbox, payloads
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.publishing import unscheduled_summaries
from scheduler.services.publishing.invitation_diff import InvitationPlan, PendingInvitations, find_recipients
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Consent, Event, OutboxEmail


def find_unsent_summaries(
    session: Session, event_id: int, people: Collection[int] | None = None
) -> dict[int, Summary]:
    """Return the summaries that no sender has claimed yet, by attendee, including ignored ones."""
    rows = session.execute(
        select(OutboxEmail.attendee_id, OutboxEmail.payload)
        .where(_waiting(event_id, people))
        .order_by(OutboxEmail.id)
    )
    return _by_attendee(rows)


def find_summary_attendees(session: Session, event_id: int) -> set[int]:
    """Return the attendees of those summaries."""
    found = session.scalars(select(OutboxEmail.attendee_id).where(_waiting(event_id)))
    return {attendee_id for attendee_id in found if attendee_id is not None}


def hold_summaries(session: Session, event_id: int, *, now: datetime) -> None:
    """Hold queued summaries back, until `take_unsent_summaries` has their changes repeated."""
    outbox.set_aside_mails(session, _of(event_id), now=now)


def take_unsent_summaries(
    session: Session, event_id: int, people: Collection[int] | None = None
) -> dict[int, Summary]:
    """Like `find_unsent_summaries`, and delete the summaries. The next ones repeat their changes."""
    gone = outbox.delete_untouched(
        session, _of(event_id, people), OutboxEmail.attendee_id, OutboxEmail.payload, with_aside=True
    )
    return _by_attendee(gone)


def summary_changes(
    session: Session, todo: PendingInvitations, dropped: Mapping[int, Summary]
) -> dict[int, list[SummaryChange]]:
    """Return the changes by attendee: the messages of the publication, and changes that no summary has
    reported.

    Attendees who stopped summaries or do not consent to them are left out. If an unsent summary is replaced,
    its changes are repeated, except those whose invitation was never sent.
    """
    found: dict[int, list[SummaryChange]] = {}
    for message in todo.messages:
        found.setdefault(message.attendee_id, []).append(summary.summary_change(message))
    for attendee_id, old in dropped.items():
        new = found.get(attendee_id, [])
        uids = {change.uid for change in new}
        told = {uid: told for uid, told in _told(todo.told, attendee_id, old) if uid not in uids}
        rest = summary.unsent_changes(old.changes, told)
        if rest:
            found[attendee_id] = [*new, *rest]
    stopped = session.scalars(select(Attendee.id).where(in_chunks(Attendee.id, found), gets_no_summaries()))
    for attendee_id in stopped:
        del found[attendee_id]
    return found


def gets_no_summaries() -> ColumnElement[bool]:
    """Return the condition for attendees who stopped summaries, or do not consent to them."""
    consents = Consent.permits(
        ConsentPurpose.NOTIFICATIONS, event_id=Attendee.event_id, attendee_id=Attendee.id
    )
    return or_(Attendee.summaries_stopped_at.is_not(None), not_(consents))


def queue_summaries(
    session: Session,
    seen: InvitationPlan,
    version: int,
    todo: PendingInvitations,
    dropped: Mapping[int, Summary],
) -> int:
    """Queue the summaries of version number `version` to the people of `todo`. Return their number."""
    changed = summary_changes(session, todo, dropped)
    people = find_recipients(session, changed.keys())
    open_ = unscheduled_summaries.unscheduled_by_attendee(
        session, seen.version_id, seen.event.id, changed.keys()
    )
    mails = []
    for attendee_id in sorted(changed):
        agenda, new = seen.agenda(attendee_id, todo), changed[attendee_id]
        made = Summary(version, seen.now, agenda, new, open_.get(attendee_id, ()))
        mails.append(_mail(attendee_id, made, seen, people[attendee_id]))
    outbox.enqueue(session, mails)
    return len(mails)


def summary_payload(made: Summary, texts: email_texts.Texts, event: Event) -> dict[str, Any]:
    """Return the payload of an outbox row: the summary, and the event's current texts."""
    own = texts.get(summary_mail.latest_meeting(made).language, {})
    return (
        made.to_json()
        | {"wording": wording.chosen_texts(own, "overview")}
        | email_texts.email_settings(event)
    )


def _mail(attendee_id: int, made: Summary, seen: InvitationPlan, to: tuple[str, str]) -> NewMail:
    return NewMail(
        kind=OutboxKind.SUMMARY,
        event_id=seen.event.id,
        version_id=seen.version_id,
        to_address=to[0],
        to_name=to[1],
        attendee_id=attendee_id,
        # The token is this meeting's: a bounce or a free-text reply finds the attendee, as for an invitation.
        uid=made.changes[0].uid,
        message_id=summary_mail.message_id(made, attendee_id, seen.mail_domain),
        thread_id=summary_mail.thread_id(attendee_id, seen.mail_domain),
        payload=summary_payload(made, seen.shown.texts, seen.event),
        created_at=made.stamp,
        next_attempt_at=made.stamp,
    )


def _of(event_id: int, people: Collection[int] | None = None) -> ColumnElement[bool]:
    found = (OutboxEmail.event_id == event_id) & (OutboxEmail.kind == OutboxKind.SUMMARY)
    return found if people is None else found & in_chunks(OutboxEmail.attendee_id, people)


def _waiting(event_id: int, people: Collection[int] | None = None) -> ColumnElement[bool]:
    return _of(event_id, people) & (outbox.untouched_condition() | outbox.set_aside_condition())


def _by_attendee(rows: Iterable[Any]) -> dict[int, Summary]:
    return {attendee_id: payloads.summary_content(payload) for attendee_id, payload in rows if attendee_id}


def _told(
    told: Mapping[itip.EntryKey, itip.SentEntry], attendee_id: int, old: Summary
) -> Iterator[tuple[str, itip.SentEntry]]:
    for change in old.changes:
        key = itip.EntryKey(change.uid, attendee_id)
        if key in told:
            yield change.uid, told[key]

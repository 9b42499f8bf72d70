"""Publish preview: emails by kind and firm, the person with most changes, and samples."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import Method, OutboxKind
from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.invites.ical import itip
from scheduler.invites.ical.view import mail_kind
from scheduler.invites.mail.summary import Summary, SummaryChange
from scheduler.services import links
from scheduler.services.delivery import email_texts
from scheduler.services.directory.references import PersonRef, person_ref
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.outbox import outbox
from scheduler.services.outbox.outbox import NewMail
from scheduler.services.publishing import invitation_diff, release, summaries
from scheduler.services.publishing.interpreter_notices import notifications as briefings
from scheduler.services.publishing.invitation_diff import InvitationPlan, PendingInvitations
from scheduler.storage.models import (
    Account,
    Attendee,
    Comparison,
    Firm,
    OutboxEmail,
    Place,
    PlannedMeeting,
    ScheduleVersion,
)

SUMMARY, BRIEFING = OutboxKind.SUMMARY.value, OutboxKind.BRIEFING.value
KINDS = ("new", "update", "details", "cancel", "uninvited", SUMMARY, BRIEFING)
"""Kinds of emails in display order. The first ones are those of `email_texts`."""
CHANGES = frozenset(("update", "cancel", "uninvited"))
"""Kinds that tell of another time, place or people, or of a meeting that does not take place."""

Report = Callable[[int, int], None]
"""Called with the number of people done and the total."""


@dataclass(slots=True)
class NotificationCounter:
    """Counts emails while messages are derived. Emails that are already being sent are not counted."""

    kinds: Counter[str] = field(default_factory=Counter)
    people: dict[int, Counter[str]] = field(default_factory=dict)
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def mails(self) -> int:
        return self.kinds.total()

    def add(
        self, session: Session, seen: InvitationPlan, version: int, todo: PendingInvitations, sums: _Sums
    ) -> None:
        """Count the messages to some people, and their summaries."""
        new = _without_queued(session, seen, todo)
        for message in new:
            kind = mail_kind(message)
            self._count(message.attendee_id, kind)
            if kind not in self.samples:
                self.samples[kind] = email_texts.build_payload(message, seen.shown.texts, seen.event)
        for attendee_id in sorted(sums.keys() & {message.attendee_id for message in new}):
            self._count(attendee_id, SUMMARY)
            if SUMMARY not in self.samples:
                agenda = seen.agenda(attendee_id, todo)
                made = Summary(version, seen.now, agenda, sums[attendee_id])
                self.samples[SUMMARY] = summaries.summary_payload(made, seen.shown.texts, seen.event)

    def _count(self, attendee_id: int, kind: str) -> None:
        self.kinds[kind] += 1
        self.people.setdefault(attendee_id, Counter())[kind] += 1

    def to_json(self, firms: Mapping[int, int], changes: Mapping[int, int]) -> dict[str, Any]:
        """Return the JSON that a comparison stores.

        `firms` gives each attendee's firm, `changes` the number of changes they were told of before.
        """
        by_firm: dict[int, list[int]] = {}
        for attendee_id, counts in self.people.items():
            row = by_firm.setdefault(firms[attendee_id], [0, 0])
            row[0] += 1
            row[1] += counts.total()
        rows = [[firm, *counts] for firm, counts in by_firm.items()]
        largest = max(self.people, key=lambda who: (_changes(self.people[who]), -who), default=None)
        return {
            "kinds": dict(self.kinds),
            "firms": sorted(rows, key=lambda row: (-row[2], row[0])),
            "largest": None if largest is None else [largest, dict(self.people[largest])],
            "again": self._changed_again(changes),
            "samples": self.samples,
        }

    def _changed_again(self, changes: Mapping[int, int]) -> list[int] | None:
        """Return how many people with earlier changes get another, who had most, and how many those were."""
        again = [who for who, counts in self.people.items() if who in changes and CHANGES & counts.keys()]
        most = max(again, key=lambda who: (changes[who], -who), default=None)
        return None if most is None else [len(again), most, changes[most]]


_Sums = Mapping[int, Sequence[SummaryChange]]


def compute_preview(
    session: Session, version: ScheduleVersion, settings: Settings, *, now: datetime, report: Report
) -> NotificationCounter:
    """Derive all emails that publishing a draft sends, and count them. Writes nothing."""
    seen = release.plan_invitations(session, version, settings, now=now)
    sums_up = seen.event.summary_mails
    waiting = summaries.find_summary_attendees(session, version.event_id) if sums_up else set()
    total, done = len(seen.changed.keys() | waiting), 0
    told = NotificationCounter()
    for portion in seen.portions(waiting):
        dropped = summaries.find_unsent_summaries(session, version.event_id, portion) if sums_up else {}
        todo = invitation_diff.derive_invitations(session, seen, portion, release.summary_uids(dropped))
        sums = summaries.summary_changes(session, todo, dropped) if sums_up else {}
        told.add(session, seen, version.number, todo, sums)
        done += len(portion)
        report(done, total)
    if briefed := briefings.pending_notices(session, version, settings, now=now, with_queued=True):
        told.kinds[BRIEFING] += len(briefed)
    return told


def firms_by_attendee(session: Session, event_id: int) -> dict[int, int]:
    """Return the firm of each attendee."""
    rows = session.execute(select(Attendee.id, Attendee.firm_id).where(Attendee.event_id == event_id))
    return {attendee_id: firm_id for attendee_id, firm_id in rows}  # noqa: C416 -- dict(rows) loses the types


@dataclass(frozen=True, slots=True)
class FirmNotifications:
    key: str
    name: str
    latin_name: str
    people: int
    mails: int


@dataclass(frozen=True, slots=True)
class ChangedAgain:
    """People with a change whom earlier publications changed too: their number, and who had most changes."""

    people: int
    person: PersonRef
    changes: int
    """Changes of that person before this publication."""


@dataclass(frozen=True, slots=True)
class PublishPreview:
    """Preview of a publication: emails by kind in the order of KINDS, and the firms that get most emails.

    `largest` is the person with most changes, with emails by kind. `left_booths` counts meetings at booths
    that their firms have left since the run.
    """

    kinds: Mapping[str, int]
    firms: Sequence[FirmNotifications]
    firm_count: int
    largest: tuple[PersonRef, Mapping[str, int]] | None
    again: ChangedAgain | None
    left_booths: int


def read_preview(
    session: Session, version: ScheduleVersion, found: Comparison, *, most: int
) -> PublishPreview:
    """Return the preview, with at most `most` firms."""
    told = found.told or {}
    rows = told.get("firms", ())
    ids = [row[0] for row in rows[:most]]
    known = {firm.id: firm for firm in session.scalars(select(Firm).where(Firm.id.in_(ids)))}
    return PublishPreview(
        kinds=sort_kinds(told.get("kinds", {})),
        firms=[
            FirmNotifications(known[firm].key, known[firm].name, known[firm].latin_name, people, mails)
            for firm, people, mails in rows[:most]
            if firm in known
        ],
        firm_count=len(rows),
        largest=_largest(session, told.get("largest")),
        again=_changed_again(session, told.get("again")),
        left_booths=_left_booths(session, version.id),
    )


def queue_sample_emails(
    session: Session, actor: Actor, version: ScheduleVersion, found: Comparison, *, settings: Settings,
    now: datetime,
) -> tuple[str, int]:  # fmt: skip
    """Queue a sample of each kind to the actor's own address. Return the address and the number of emails.

    The samples have no calendar part and cannot be replied to. Raises NotAllowed if the actor has no address.
    """
    actor.require(Right.PUBLISH)
    account = session.get(Account, actor.account_id) if actor.account_id is not None else None
    if account is None:
        raise NotAllowed(gettext_lazy("Sign in to get test emails."))
    link = links.absolute_url(settings, links.version(actor.event_key, version.number))
    samples = (found.told or {}).get("samples", {})
    mails = [
        NewMail(
            kind=OutboxKind.TEST,  # without an event, so that it does not wait behind the event's emails
            to_address=account.email,
            to_name=account.name,
            message_id=f"<{uuid.uuid4()}@{settings.mail_domain}>",
            payload=samples[kind] | {"link": link},
            created_at=now,
            next_attempt_at=now,
        )
        for kind in sort_kinds(samples)
    ]
    outbox.enqueue(session, mails)
    return account.email, len(samples)


def sort_kinds(by_kind: Mapping[str, Any]) -> dict[str, Any]:
    return {kind: by_kind[kind] for kind in KINDS if kind in by_kind}


def _without_queued(
    session: Session, seen: InvitationPlan, todo: PendingInvitations
) -> list[itip.ItipMessage]:
    """Return the messages that no queued email contains yet."""
    people = {message.attendee_id for message in todo.messages}
    queued = _queued_invitations(session, seen.event.id, people)
    if not queued:
        return list(todo.messages)
    facts: dict[int, Mapping[int, str]] = {}

    def is_queued(message: itip.ItipMessage) -> bool:
        method, says = queued.get(message.key, (None, None))
        if method is not message.method or method is Method.CANCEL:
            return method is message.method
        request = todo.requests[message.key]
        if request not in facts:
            facts[request] = seen.shown.facts(request)
        return says == facts[request][message.attendee_id]

    return [message for message in todo.messages if not is_queued(message)]


def _queued_invitations(
    session: Session, event_id: int, people: Collection[int]
) -> dict[itip.EntryKey, tuple[Method, str | None]]:
    """Return method and digest of each unclaimed invitation in the queue, by UID and attendee."""
    rows = session.execute(
        select(
            OutboxEmail.uid,
            OutboxEmail.attendee_id,
            OutboxEmail.method,
            OutboxEmail.facts,
        ).where(
            OutboxEmail.event_id == event_id,
            OutboxEmail.kind == OutboxKind.INVITATION,
            outbox.untouched_condition(),
            OutboxEmail.stopped_at.is_(None),
            OutboxEmail.attendee_id.in_(people),
        )
    )
    return {
        itip.EntryKey(uid, who): (method, facts) for uid, who, method, facts in rows if uid and who and method
    }


def _changes(counts: Mapping[str, int]) -> tuple[int, int]:
    """Sort key: number of changes to known meetings, then number of emails."""
    new = counts.get("new", 0) + counts.get(SUMMARY, 0)
    return sum(counts.values()) - new, sum(counts.values())


def _largest(session: Session, row: Sequence[Any] | None) -> tuple[PersonRef, Mapping[str, int]] | None:
    person = session.get(Attendee, row[0]) if row else None
    return (person_ref(person), sort_kinds(row[1])) if row and person else None


def _changed_again(session: Session, row: Sequence[int] | None) -> ChangedAgain | None:
    person = session.get(Attendee, row[1]) if row else None
    return ChangedAgain(row[0], person_ref(person), row[2]) if row and person else None


def _left_booths(session: Session, version_id: int) -> int:
    query = (
        select(func.count())
        .select_from(PlannedMeeting)
        .join(Place, Place.id == PlannedMeeting.place_id)
        .where(PlannedMeeting.version_id == version_id, Place.is_retired)
    )
    return session.scalars(query).one()

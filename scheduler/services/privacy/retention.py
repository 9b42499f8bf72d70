"""Retention periods of personal data: which rows of each kind have expired, and how they are deleted.

Each period is a setting, in days. What belongs to an event counts from the end of its last meeting time. What
shows who met whom is no kind here: it stays until the event is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailOutcome, OutboxKind, OutboxState, RunState, VersionState
from scheduler.domain.team import RegistrationState
from scheduler.domain.webhooks import MessageState
from scheduler.i18n import gettext_lazy
from scheduler.services.outbox import outbox
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    AddressChange,
    Alert,
    Attendee,
    BusySource,
    FirmRegistration,
    IdempotencyKey,
    ImportFile,
    InboundEmail,
    OutboxEmail,
    RegistryChange,
    Run,
    ScheduleVersion,
    SignInLink,
    Slot,
    TeamInvitation,
    WebhookAttempt,
    WebhookMessage,
)


class DataKind(StrEnum):
    """Kind of personal data with a retention period. The setting is `keep_` and the name of the kind."""

    ORIGINAL_EMAILS = "original_emails"
    RECEIVED_EMAILS = "received_emails"
    SENT_EMAILS = "sent_emails"
    LETTERS = "letters"
    SIGN_IN_LINKS = "sign_in_links"
    CALENDAR_PREVIEWS = "calendar_previews"
    CALENDARS = "calendars"
    RUNS = "runs"
    REGISTRATIONS = "registrations"
    UNCONFIRMED_REGISTRATIONS = "unconfirmed_registrations"
    TEAM_INVITATIONS = "team_invitations"
    IMPORT_FILES = "import_files"
    PARTICIPANT_CHANGES = "participant_changes"
    ADDRESS_CHANGES = "address_changes"
    API_RESPONSES = "api_responses"
    WEBHOOK_MESSAGES = "webhook_messages"
    ALERTS = "alerts"

    @property
    def setting(self) -> str:
        """Name of the setting with the period."""
        return f"keep_{self}"


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """One kind: what it contains, since when its period runs, and how expired rows are found and deleted."""

    kind: DataKind
    label: str
    counts_from: str
    """The start of the period, as a sentence."""
    table: Any
    """Model with an `id`."""
    expired: Callable[[datetime], ColumnElement[bool]]
    """Condition for rows whose period started before the given moment."""
    remove: Callable[[Session, Sequence[int]], None]

    def days(self, settings: Settings) -> int:
        """Return the period in days."""
        days: int = getattr(settings, self.kind.setting)
        return days

    def condition(self, settings: Settings, now: datetime) -> ColumnElement[bool]:
        """Return the condition for rows whose period has ended."""
        return self.expired(now - timedelta(days=self.days(settings)))


def _ended_events(before: datetime) -> Any:
    """Return the ids of events whose last meeting time ended before the moment."""
    last = func.max(Slot.end) < before
    return select(Slot.event_id).where(Slot.is_retired.is_(False)).group_by(Slot.event_id).having(last)


def _old_originals(before: datetime) -> ColumnElement[bool]:
    settled = InboundEmail.outcome.in_((MailOutcome.APPLIED, MailOutcome.IGNORED))
    return and_(settled, InboundEmail.handled_at < before, InboundEmail.stored_size > 0)


def _remove_originals(session: Session, ids: Sequence[int]) -> None:
    _set(session, InboundEmail, ids, raw=b"", stored_size=0)


def _old_received(before: datetime) -> ColumnElement[bool]:
    settled = InboundEmail.outcome.in_((MailOutcome.APPLIED, MailOutcome.IGNORED))
    texts = InboundEmail.sender, InboundEmail.subject, InboundEmail.text, InboundEmail.note
    old = or_(
        and_(settled, InboundEmail.handled_at < before),
        and_(
            InboundEmail.outcome == MailOutcome.WAITING,
            InboundEmail.received_at < before,
            InboundEmail.event_id.in_(_ended_events(before)),
        ),
    )
    return and_(old, or_(InboundEmail.stored_size > 0, *(each != "" for each in texts)))


def _remove_received(session: Session, ids: Sequence[int]) -> None:
    """Delete the content. The row stays, so that the same email is not processed again."""
    texts = {"sender": "", "subject": "", "text": "", "note": "", "answers": [], "bounce": {}}
    _set(session, InboundEmail, ids, raw=b"", stored_size=0, **texts)


_LETTERS = OutboxKind.DESK, OutboxKind.ALERT, OutboxKind.TEST, OutboxKind.SIGN_IN
_OPEN = OutboxState.QUEUED, OutboxState.SENDING


def _old_letters(before: datetime) -> ColumnElement[bool]:
    return and_(
        OutboxEmail.kind.in_(_LETTERS),
        OutboxEmail.sign_in_link_id.is_(None),
        OutboxEmail.state.not_in(_OPEN),
        OutboxEmail.created_at < before,
    )


def _old_sent(before: datetime) -> ColumnElement[bool]:
    return and_(
        OutboxEmail.kind.not_in(_LETTERS),
        OutboxEmail.event_id.in_(_ended_events(before)),
        OutboxEmail.created_at < before,
        or_(OutboxEmail.state.not_in(_OPEN), OutboxEmail.stopped_at.is_not(None)),
    )


def _old_links(before: datetime) -> ColumnElement[bool]:
    in_outbox = select(OutboxEmail.id).where(
        OutboxEmail.sign_in_link_id == SignInLink.id, OutboxEmail.state.in_(_OPEN)
    )
    return and_(SignInLink.expires_at < before, ~in_outbox.exists())


def _remove_links(session: Session, ids: Sequence[int]) -> None:
    emails = session.scalars(select(OutboxEmail.id).where(in_chunks(OutboxEmail.sign_in_link_id, ids))).all()
    if emails:
        outbox.delete_expired(session, emails)
    _delete(session, SignInLink, ids)


def _old_calendars(before: datetime) -> ColumnElement[bool]:
    people = select(Attendee.id).where(Attendee.event_id.in_(_ended_events(before)))
    return and_(BusySource.is_saved, BusySource.attendee_id.in_(people))


def _old_runs(before: datetime) -> ColumnElement[bool]:
    """Runs of ended events, and runs that led to no version, or to one that was discarded."""
    used = select(ScheduleVersion.run_id).where(
        ScheduleVersion.run_id.is_not(None), ScheduleVersion.state != VersionState.DISCARDED
    )
    return and_(
        Run.state.in_((RunState.FINISHED, RunState.FAILED, RunState.CANCELLED)),
        func.coalesce(Run.finished_at, Run.created_at) < before,
        or_(Run.problem.is_not(None), Run.plan.is_not(None), Run.basis.is_not(None)),
        or_(Run.event_id.in_(_ended_events(before)), Run.id.not_in(used)),
    )


def _remove_runs(session: Session, ids: Sequence[int]) -> None:
    """Delete input and result. The run stays in the history."""
    _set(session, Run, ids, problem=None, plan=None, basis=None)


def _declined(before: datetime) -> ColumnElement[bool]:
    declined = FirmRegistration.state == RegistrationState.DECLINED
    return and_(declined, FirmRegistration.decided_at < before)


def _unconfirmed(before: datetime) -> ColumnElement[bool]:
    unconfirmed = FirmRegistration.state == RegistrationState.UNCONFIRMED
    return and_(unconfirmed, FirmRegistration.expires_at < before)


def _remove_changes(session: Session, ids: Sequence[int]) -> None:
    of_these = in_chunks(ImportFile.registry_change_id, ids)
    session.execute(
        update(ImportFile).where(of_these).values(registry_change_id=None), execution_options=_NO_SYNC
    )
    _delete(session, RegistryChange, ids)


def _old_messages(before: datetime) -> ColumnElement[bool]:
    return and_(WebhookMessage.created_at < before, WebhookMessage.state != MessageState.PENDING)


def _remove_messages(session: Session, ids: Sequence[int]) -> None:
    attempts = delete(WebhookAttempt).where(in_chunks(WebhookAttempt.message_id, ids))
    session.execute(attempts, execution_options=_NO_SYNC)
    _delete(session, WebhookMessage, ids)


_NO_SYNC = {"synchronize_session": False}


def _set(session: Session, table: Any, ids: Sequence[int], **values: Any) -> None:
    session.execute(
        update(table).where(in_chunks(table.id, ids)).values(**values), execution_options=_NO_SYNC
    )


def _delete(session: Session, table: Any, ids: Sequence[int]) -> None:
    session.execute(delete(table).where(in_chunks(table.id, ids)), execution_options=_NO_SYNC)


def _deletes(table: Any) -> Callable[[Session, Sequence[int]], None]:
    return lambda session, ids: _delete(session, table, ids)


RULES: tuple[RetentionRule, ...] = (
    RetentionRule(
        DataKind.ORIGINAL_EMAILS,
        gettext_lazy("Original received emails"),
        gettext_lazy("after they were applied or ignored"),
        InboundEmail,
        _old_originals,
        _remove_originals,
    ),
    RetentionRule(
        DataKind.RECEIVED_EMAILS,
        gettext_lazy("Senders and texts of received emails"),
        gettext_lazy("after they were applied or ignored, or after the event if they still wait"),
        InboundEmail,
        _old_received,
        _remove_received,
    ),
    RetentionRule(
        DataKind.SENT_EMAILS,
        gettext_lazy("Sent invitations, summaries and digests"),
        gettext_lazy("after the event"),
        OutboxEmail,
        _old_sent,
        outbox.delete_expired,
    ),
    RetentionRule(
        DataKind.LETTERS,
        gettext_lazy("Other sent emails"),
        gettext_lazy("after they were created"),
        OutboxEmail,
        _old_letters,
        outbox.delete_expired,
    ),
    RetentionRule(
        DataKind.SIGN_IN_LINKS,
        gettext_lazy("Sign-in links and their emails"),
        gettext_lazy("after the link expired"),
        SignInLink,
        _old_links,
        _remove_links,
    ),
    RetentionRule(
        DataKind.CALENDAR_PREVIEWS,
        gettext_lazy("Calendars that were uploaded and not saved"),
        gettext_lazy("after the upload"),
        BusySource,
        lambda before: and_(~BusySource.is_saved, BusySource.read_at < before),
        _deletes(BusySource),
    ),
    RetentionRule(
        DataKind.CALENDARS,
        gettext_lazy("People's calendars with their links and app passwords"),
        gettext_lazy("after the event"),
        BusySource,
        _old_calendars,
        _deletes(BusySource),
    ),
    RetentionRule(
        DataKind.RUNS,
        gettext_lazy("Input and result of runs"),
        gettext_lazy("after the event, or after the run if no schedule version uses it"),
        Run,
        _old_runs,
        _remove_runs,
    ),
    RetentionRule(
        DataKind.REGISTRATIONS,
        gettext_lazy("Registrations that were declined"),
        gettext_lazy("after the decision"),
        FirmRegistration,
        _declined,
        _deletes(FirmRegistration),
    ),
    RetentionRule(
        DataKind.UNCONFIRMED_REGISTRATIONS,
        gettext_lazy("Registrations that were never confirmed"),
        gettext_lazy("after the link expired"),
        FirmRegistration,
        _unconfirmed,
        _deletes(FirmRegistration),
    ),
    RetentionRule(
        DataKind.TEAM_INVITATIONS,
        gettext_lazy("Invitations to teams that no one accepted"),
        gettext_lazy("after the link expired"),
        TeamInvitation,
        lambda before: TeamInvitation.expires_at < before,
        _deletes(TeamInvitation),
    ),
    RetentionRule(
        DataKind.IMPORT_FILES,
        gettext_lazy("Uploaded files that were not imported"),
        gettext_lazy("after the upload"),
        ImportFile,
        lambda before: and_(ImportFile.imported_at.is_(None), ImportFile.created_at < before),
        _deletes(ImportFile),
    ),
    RetentionRule(
        DataKind.PARTICIPANT_CHANGES,
        gettext_lazy("Changes of participants that can be undone"),
        gettext_lazy("after the change"),
        RegistryChange,
        lambda before: RegistryChange.changed_at < before,
        _remove_changes,
    ),
    RetentionRule(
        DataKind.ADDRESS_CHANGES,
        gettext_lazy("Earlier email addresses of people"),
        gettext_lazy("after the change"),
        AddressChange,
        lambda before: AddressChange.changed_at < before,
        _deletes(AddressChange),
    ),
    RetentionRule(
        DataKind.API_RESPONSES,
        gettext_lazy("Stored responses of the API"),
        gettext_lazy("after the request"),
        IdempotencyKey,
        lambda before: IdempotencyKey.created_at < before,
        _deletes(IdempotencyKey),
    ),
    RetentionRule(
        DataKind.WEBHOOK_MESSAGES,
        gettext_lazy("Webhook messages and the responses to them"),
        gettext_lazy("after they were sent"),
        WebhookMessage,
        _old_messages,
        _remove_messages,
    ),
    RetentionRule(
        DataKind.ALERTS,
        gettext_lazy("Resolved alerts"),
        gettext_lazy("after they were resolved"),
        Alert,
        lambda before: Alert.resolved_at < before,
        _deletes(Alert),
    ),
)
"""All kinds, as pages list them."""

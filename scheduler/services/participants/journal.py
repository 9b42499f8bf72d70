"""Journal of participant changes: each step with the rows that it changed, for undo.

A step must write through ORM objects. Bulk statements are not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import delete, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.consents import ConsentChannel
from scheduler.domain.errors import NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording, subjects
from scheduler.services.audit_log.acts import Act
from scheduler.services.emails.email_addresses import address_change_emails, address_corrections
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.row_changes import TABLES, RowChanges, value_from_json, value_to_json
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import clean_lines
from scheduler.storage.base import Base
from scheduler.storage.models import (
    Account,
    Attendee,
    Consent,
    Interpreter,
    MeetingRequest,
    Place,
    PlannedMeeting,
    RegistryChange,
)

_ADDRESS_COLUMNS = frozenset(
    (
        "email",
        "account_id",
        "feed_seed",
        "feed_hash",
        "feed_address",
        "summary_hash",
        "summaries_stopped_at",
        "bounced_at",
        "bounce",
        "invited_at",
    )
)
"""Columns tied to an email address. They are not restored: an address set again gets new ones."""
MAX_SHOWN = 200
ACT_BY_KIND = {
    ImportKind.FIRMS: Act.FIRM,
    ImportKind.PEOPLE: Act.PERSON,
    ImportKind.INTERPRETERS: Act.INTERPRETER,
    ImportKind.REQUESTS: Act.LOCK,
}


class StepKind(StrEnum):
    """Kind of a journal step."""

    EDIT = "edit"
    REMOVE = "withdraw"
    RESTORE = "bring-back"
    UNAVAILABILITY = "absence"
    SHIFTS = "shifts"
    MERGE = "merge"
    IMPORT = "import"
    FIX = "remedy"
    REGISTRATION = "register"


@dataclass(frozen=True, slots=True)
class StepCard:
    """A change of records that can be undone."""

    id: int
    kind: StepKind
    subject: str
    note: str
    by: str
    """The account's email address, or empty."""
    at: datetime
    undone_at: datetime | None


@contextmanager
def record_step(
    session: Session,
    actor: Actor,
    kind: StepKind,
    of: ImportKind,
    subject: str,
    *,
    note: str = "",
    now: datetime,
) -> Iterator[None]:
    """Context manager: record all changes inside the block as one step.

    A step without changes is not stored.
    """
    session.flush()
    notes = RowChanges()
    event.listen(session, "before_flush", notes.before_flush)
    try:
        yield
        session.flush()
    finally:
        event.remove(session, "before_flush", notes.before_flush)
    if notes.is_empty:
        return
    session.add(
        RegistryChange(
            event_id=actor.event_id,
            kind=kind,
            subject=subject[: fields.limits(fields.FirmName).most],
            note=clean_lines(note),
            changed_by=actor.account_id,
            changed_at=now,
            changes=notes.document(),
        )
    )
    before, after = notes.audit_values()
    recording.record_act(
        session,
        actor,
        ACT_BY_KIND[of],
        subjects.step_subject(kind, subject),
        before=before,
        after=after,
        now=now,
    )
    session.flush()


def list_steps(session: Session, actor: Actor, *, most: int = 20) -> tuple[StepCard, ...]:
    """Return the event's latest steps, newest first."""
    actor.require(Right.MANAGE_PARTICIPANTS)
    rows = session.execute(
        select(RegistryChange.id, RegistryChange.kind, RegistryChange.subject, RegistryChange.note,
               Account.email, RegistryChange.changed_at, RegistryChange.undone_at)
        .outerjoin(Account, Account.id == RegistryChange.changed_by)
        .where(RegistryChange.event_id == actor.event_id)
        .order_by(RegistryChange.id.desc())
        .limit(min(most, MAX_SHOWN))
    )  # fmt: skip
    return tuple(
        StepCard(step_id, StepKind(kind), subject, text, by or "", at, undone)
        for step_id, kind, subject, text, by, at, undone in rows
    )


def undo_step(session: Session, actor: Actor, step_id: int, *, settings: Settings, now: datetime) -> StepCard:
    """Undo a step.

    Raises NotFound, and WrongState if it is undone already or its rows have changed since.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    found = session.scalar(
        select(RegistryChange)
        .where(RegistryChange.event_id == actor.event_id, RegistryChange.id == step_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound("step", step_id)
    if found.undone_at is not None:
        raise _refused(found, "undone")
    try:
        with session.begin_nested():  # SAVEPOINT: the pair may have another open request by now
            _StepReversal(session, actor, found, settings, now).put_back()
    except IntegrityError:
        raise _refused(found, "used by something newer") from None
    found.undone_by, found.undone_at = actor.account_id, now
    session.flush()
    recording.record_act(session, actor, Act.UNDO, subjects.step_subject(found.kind, found.subject), now=now)
    return StepCard(
        found.id, StepKind(found.kind), found.subject, found.note, "", found.changed_at, found.undone_at
    )


@dataclass(slots=True)
class _StepReversal:
    """Reverses one journal step."""

    session: Session
    actor: Actor
    step: RegistryChange
    settings: Settings
    now: datetime

    def put_back(self) -> None:
        changed = [(self._row(table, key), columns) for table, key, columns in self.step.changes["changed"]]
        for row, columns in changed:
            self._check(row, columns)
        # Requests reopen after their firms are back: the index of open pairs checks each row.
        for is_state in (False, True):
            for row, columns in changed:
                self._change_back(row, {k: v for k, v in columns.items() if (k == "state") is is_state})
            self.session.flush()
        order = {table: at for at, table in enumerate(TABLES)}
        added = sorted(self.step.changes["added"], key=lambda each: -order[each[0]])
        for _, rows in groupby(added, key=lambda each: each[0]):  # referring rows first
            for table, key in rows:
                row = self._row(table, key)
                if isinstance(row, Place) and self._is_used(row):
                    row.is_retired = True  # still used by stored schedules or locks
                else:
                    if isinstance(row, Attendee):  # the registration keeps the decisions
                        of_row = Consent.attendee_id == row.id, Consent.channel == ConsentChannel.REGISTRATION
                        self.session.execute(delete(Consent).where(*of_row))
                    self.session.delete(row)
            self.session.flush()
        for table, values in self.step.changes["deleted"]:
            kind = TABLES[table]
            self.session.add(
                kind(**{name: value_from_json(kind, name, value) for name, value in values.items()})
            )
            self.session.flush()

    def _check(self, row: Base, columns: dict[str, list[Any]]) -> None:
        """Raises WrongState if a column differs from the value that the step wrote."""
        for name, (_, new) in columns.items():
            is_kept = isinstance(row, Attendee) and name in _ADDRESS_COLUMNS - {"email"}
            if not is_kept and value_to_json(getattr(row, name)) != new:
                raise _refused(self.step, "changed again since")

    def _change_back(self, row: Base, columns: dict[str, list[Any]]) -> None:
        if isinstance(row, Attendee) and "email" in columns:
            address = columns["email"][0]
            is_quiet = bool(self.step.changes.get("quiet"))
            address_corrections.correct_address(
                self.session,
                self.actor,
                row.key,
                address,
                settings=self.settings,
                quiet=is_quiet,
                now=self.now,
            )
            if is_quiet:
                address_change_emails.undo_change_emails(self.session, row, since=self.step.changed_at)
        if isinstance(row, Interpreter) and "email" in columns:
            address_corrections.correct_interpreter_address(
                self.session, self.actor, row, columns["email"][0], now=self.now
            )
        for name, (old, _) in columns.items():
            if not (isinstance(row, Attendee) and name in _ADDRESS_COLUMNS):
                setattr(row, name, value_from_json(type(row), name, old))

    def _is_used(self, place: Place) -> bool:
        """Return True if a scheduled meeting or a lock refers to the place."""
        meeting = select(PlannedMeeting.id).where(PlannedMeeting.place_id == place.id)
        lock = select(MeetingRequest.id).where(MeetingRequest.fixed_place_id == place.id)
        return any(self.session.scalar(query.limit(1)) is not None for query in (meeting, lock))

    def _row(self, table: str, key: str) -> Base:
        kind = TABLES[table]
        found = self.session.get(
            kind, tuple(map(int, key.split("-"))), with_for_update={"key_share": True}, populate_existing=True
        )
        if found is None:
            raise _refused(self.step, "changed again since")
        return found


def _refused(step: RegistryChange, state: str) -> WrongState:
    told = {
        "undone": gettext_lazy("The change to %(subject)s has already been undone.", subject=step.subject),
        "used by something newer": gettext_lazy(
            "The change to %(subject)s can't be undone, because newer data uses what it created.",
            subject=step.subject,
        ),
    }.get(
        state,
        gettext_lazy(
            "The change to %(subject)s can't be undone, because the same data has changed again since.",
            subject=step.subject,
        ),
    )
    return WrongState("step about", step.subject, state, "undone", user_message=told)

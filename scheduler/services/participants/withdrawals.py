"""Withdrawal of firms, people and interpreters from the event, and their restoration.

Rows are kept, because schedules and emails refer to them. The next run schedules no meeting with them. The
people affected are notified once, when that schedule is published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from scheduler.domain import fields, names
from scheduler.domain.entities import Side
from scheduler.domain.errors import Fault, InvalidInput, NotFound, WrongState
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.participants.affected_meetings import count_affected, is_meeting_of, list_upcoming
from scheduler.services.participants.cancellations import cancel_request, lock_open_requests, release_person
from scheduler.services.participants.editing import MAX_ROWS, RECORD_TABLES
from scheduler.services.participants.journal import StepKind, record_step
from scheduler.services.replies import decline_effects
from scheduler.services.spreadsheets.columns import ImportKind
from scheduler.services.text import clean_lines, is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Attendee, Firm, Interpreter, MeetingRequest, RequestPerson


class SoleAttendee(StrEnum):
    """What happens to a request if the withdrawn person is its only named attendee of the firm."""

    COLLEAGUE = "colleague"
    """A colleague attends, if the firm has one."""
    CANCEL = "call-off"


@dataclass(frozen=True, slots=True)
class WithdrawalResult:
    """Effects of a withdrawal: ended requests, and affected published meetings.

    `stay` counts meetings within the freeze that take place as published. `left_to_colleagues` counts
    meetings within the freeze that take place without the absent person.
    """

    requests: int
    meetings: int
    stay: int = 0
    left_to_colleagues: int = 0

    @property
    def soon(self) -> int:
        """Number of an absent person's meetings within the freeze, which change at once."""
        return self.requests + self.left_to_colleagues


def withdraw_records(
    session: Session,
    actor: Actor,
    kind: ImportKind,
    keys: Sequence[str],
    *,
    note: str = "",
    named_alone: str = SoleAttendee.COLLEAGUE,
    quiet: bool = False,
    now: datetime,
) -> WithdrawalResult:
    """Withdraw firms, people or interpreters from the event.

    All open requests of a firm end; of a person, those that no one else can attend. `note` is sent to the
    partners; digests skip it if `quiet`. Raises NotFound, InvalidInput, and WrongState if a record is
    withdrawn already.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    note = clean_lines(note)
    fields.require_valid("note", note, fields.Note)
    if named_alone not in set(SoleAttendee):
        raise InvalidInput(
            [Fault("named_alone", gettext_lazy("choose one of %(names)s", names=", ".join(SoleAttendee)))]
        )
    rows = load_rows(session, actor, kind, keys)
    gone = next((row for row in rows if row.withdrawn_at is not None), None)
    if gone is not None:
        raise WrongState(_what(kind), gone.key, "withdrawn", "withdrawn")
    found = count_affected(session, actor, kind, keys, now=now)
    stay = found.soon if kind is ImportKind.INTERPRETERS else 0
    requests = 0
    with record_step(session, actor, StepKind.REMOVE, kind, list_names(rows), note=note, now=now):
        for row in rows:
            row.withdrawn_at = now
        session.flush()
        for row in rows:
            if isinstance(row, Firm):
                requests += _cancel_all(session, actor, row.id, note, now, quiet=quiet)
            elif isinstance(row, Attendee):
                requests += _cancel_without(
                    session, actor, row, SoleAttendee(named_alone), note, now, quiet=quiet
                )
    return WithdrawalResult(requests, found.meetings, stay)


def withdraw_colleague(
    session: Session, actor: Actor, person: Attendee, *, now: datetime
) -> WithdrawalResult:
    """Withdraw a person on behalf of an exhibitor of their firm. The caller checks the permission.

    A colleague attends where possible. Organisers can undo the recorded step.
    """
    theirs = is_meeting_of(actor.event_id, ImportKind.PEOPLE, [person.key])
    meetings = len(list_upcoming(session, actor.event_id, theirs, now=now))
    with record_step(session, actor, StepKind.REMOVE, ImportKind.PEOPLE, list_names([person]), now=now):
        person.withdrawn_at = now
        session.flush()
        requests = _cancel_without(session, actor, person, SoleAttendee.COLLEAGUE, "", now)
    return WithdrawalResult(requests, meetings)


def restore_records(
    session: Session, actor: Actor, kind: ImportKind, keys: Sequence[str], *, now: datetime
) -> int:
    """Restore withdrawn records. Ended requests stay ended; only undoing the withdrawal reopens them.

    Return the number of restored records. Raises WrongState if a record was merged.
    """
    actor.require(Right.MANAGE_PARTICIPANTS)
    rows = [row for row in load_rows(session, actor, kind, keys) if row.withdrawn_at is not None]
    merged = next((row for row in rows if row.merged_into_id is not None), None)
    if merged is not None:
        raise WrongState(
            _what(kind),
            merged.key,
            "merged into another",
            "brought back",
            user_message=gettext_lazy(
                "%(key)s was merged into another record and can't be restored.", key=merged.key
            ),
        )
    with record_step(session, actor, StepKind.RESTORE, kind, list_names(rows), now=now):
        for row in rows:
            row.withdrawn_at = None
    return len(rows)


def load_rows(
    session: Session, actor: Actor, kind: ImportKind, keys: Sequence[str], *, lock: bool = True
) -> list[Firm | Attendee | Interpreter]:
    """Return the rows of these keys in id order, locked by default. Raises NotFound, InvalidInput."""
    wanted = set(keys)
    if not 1 <= len(wanted) <= MAX_ROWS:
        raise InvalidInput(
            [Fault("keys", gettext_lazy("select 1 to %(most_at_once)s rows", most_at_once=MAX_ROWS))]
        )
    table = RECORD_TABLES[kind]
    query = select(table).where(
        table.event_id == actor.event_id, in_chunks(table.key, filter(is_storable, wanted))
    )
    if lock:
        # A full lock: a request that refers to the firm waits, and then finds it withdrawn.
        query = query.with_for_update().execution_options(populate_existing=True)
    rows = session.scalars(query.order_by(table.id)).all()
    missing = wanted - {row.key for row in rows}
    if missing:
        raise NotFound(_what(kind), min(missing))
    return list(rows)


def list_names(rows: Sequence[Firm | Attendee | Interpreter]) -> str:
    """Return names of the rows, for the journal."""
    return ", ".join(names.record_name(row.name, row.latin_name) for row in rows)


def _what(kind: ImportKind) -> str:
    return {ImportKind.FIRMS: "firm", ImportKind.PEOPLE: "person"}.get(kind, "interpreter")


def _cancel_all(
    session: Session, actor: Actor, firm_id: int, note: str, now: datetime, *, quiet: bool = False
) -> int:
    either = or_(MeetingRequest.from_firm_id == firm_id, MeetingRequest.to_firm_id == firm_id)
    requests = lock_open_requests(session, actor.event_id, either, now=now)
    for request in requests:
        side = Side.FROM if request.from_firm_id == firm_id else Side.TO
        cancel_request(session, actor, request, side, note, quiet=quiet, now=now)
    session.flush()
    return len(requests)


def _cancel_without(
    session: Session,
    actor: Actor,
    person: Attendee,
    alone: SoleAttendee,
    note: str,
    now: datetime,
    *,
    quiet: bool = False,
) -> int:
    """Handle a firm's requests without a person: others attend, a colleague attends, or the request ends.

    Return the number of ended requests.
    """
    colleague = session.scalar(
        select(Attendee.id)
        .where(Attendee.firm_id == person.firm_id, Attendee.id != person.id, Attendee.withdrawn_at.is_(None))
        .limit(1)
    )
    if colleague is None:
        return _cancel_all(session, actor, person.firm_id, note, now, quiet=quiet)
    naming = select(RequestPerson.request_id).where(RequestPerson.attendee_id == person.id)
    ended = 0
    for request in lock_open_requests(session, actor.event_id, MeetingRequest.id.in_(naming), now=now):
        side = decline_effects.side_of(request, person)
        others = [named for named in request.people if named.side is side and named.attendee_id != person.id]
        if others or alone is SoleAttendee.COLLEAGUE:
            request.people = [named for named in request.people if named.attendee_id != person.id]
        else:
            cancel_request(session, actor, request, side, note, quiet=quiet, now=now)
            ended += 1
    session.flush()
    theirs = list_upcoming(
        session, actor.event_id, is_meeting_of(actor.event_id, ImportKind.PEOPLE, [person.key]), now=now
    )
    soon = [meeting for meeting in theirs if meeting.is_soon]
    ended += release_person(session, actor, person, soon, note, now=now).called_off
    session.flush()
    return ended

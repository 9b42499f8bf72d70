"""Archiving, restoring and deleting events. `deletion` removes the rows afterwards."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from scheduler.domain.entities import JobState, OutboxState, RunState
from scheduler.domain.errors import Fault, InvalidInput, NotAllowed, NotFound, WrongState
from scheduler.domain.team import TeamRole
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.recording import NamedDoer
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.planning.runs import overnight
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import (
    Account,
    Attendee,
    Event,
    Firm,
    MeetingRequest,
    OutboxEmail,
    Run,
    RunSchedule,
    ScheduleVersion,
    TeamMember,
    VersionJob,
)

MAX_LISTED: Final = 200
DELETE_REASON: Final = gettext_lazy("delete the event")


@dataclass(frozen=True, slots=True)
class EventTotals:
    """Record counts of an event, shown before it is archived or deleted."""

    key: str
    name: str
    archived_at: datetime | None
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class EventOverview:
    """An event as operators see it, without its content."""

    key: str
    name: str
    timezone: str
    created_at: datetime
    archived_at: datetime | None
    owners: tuple[str, ...]
    firms: int
    people: int


def list_all_events(session: Session, asker: SignedIn) -> list[EventOverview]:
    """Return the newest events of the installation, for operators."""
    _require_operator(session, asker)
    events = session.scalars(
        select(Event).where(Event.is_there()).order_by(Event.id.desc()).limit(MAX_LISTED)
    ).all()
    ids = [event.id for event in events]
    owners: dict[int, list[str]] = defaultdict(list)
    members = select(TeamMember.event_id, Account.email).join(Account, Account.id == TeamMember.account_id)
    of_owner = TeamMember.role == TeamRole.OWNER, in_chunks(TeamMember.event_id, ids)
    for event_id, email in session.execute(members.where(*of_owner).order_by(Account.email)):
        owners[event_id].append(email)
    firms, people = _counted(session, Firm), _counted(session, Attendee)
    return [
        EventOverview(
            event.key,
            event.name,
            event.timezone,
            event.created_at,
            event.archived_at,
            tuple(owners[event.id]),
            firms.get(event.id, 0),
            people.get(event.id, 0),
        )
        for event in events
    ]


def _counted(session: Session, table: type[Firm | Attendee]) -> dict[int, int]:
    """Count the rows of a table by event."""
    rows = session.execute(select(table.event_id, func.count()).group_by(table.event_id))
    return dict(rows.all())


def get_totals(session: Session, actor: Actor) -> EventTotals:
    """Count what would be deleted with the event."""
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    return _count_totals(session, session.get_one(Event, actor.event_id))


def archive_event(session: Session, actor: Actor, *, now: datetime) -> None:
    """Archive the event: it becomes read-only and no overnight run starts. Raises WrongState."""
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    _require_idle(session, event, "archived")
    if event.archived_at is None:
        event.archived_at = now
        about = pgettext_lazy("audit log", "event %(key)s archived", key=event.key)
        recording.record_act(session, actor, Act.EVENT, about, now=now)


def restore_event(session: Session, actor: Actor, *, now: datetime) -> None:
    """Restore an archived event."""
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    event = session.get_one(Event, actor.event_id, with_for_update={"key_share": True})
    if event.archived_at is not None:
        event.archived_at = None
        zone = ZoneInfo(event.timezone)
        for night in session.scalars(select(RunSchedule).where(RunSchedule.event_id == event.id)):
            night.next_at = overnight.next_run_at(night.at, night.weekdays, zone, after=now)
        about = pgettext_lazy("audit log", "event %(key)s restored", key=event.key)
        recording.record_act(session, actor, Act.EVENT, about, now=now)


def delete_event(session: Session, actor: Actor, *, typed: str, now: datetime) -> str:
    """Delete the event, if its name was typed correctly. Return the name.

    From then on no page, link, feed or token finds it, and none of its emails is sent. A worker deletes its
    rows later. The audit log stays. Raises InvalidInput for `typed`, and WrongState.
    """
    actor.require(Right.MANAGE_EVENT, sentence=gettext_lazy("Only owners of the event can do this."))
    actor.require_fresh(DELETE_REASON)
    event = session.get_one(Event, actor.event_id, with_for_update=True)
    by = NamedDoer(account_id=actor.account_id, roles=tuple(actor.roles))
    return _mark_deleted(session, event, by, typed, now)


def delete_event_as_operator(
    session: Session, asker: SignedIn, key: str, *, typed: str, now: datetime
) -> str:
    """Delete an event as an operator. Raises NotAllowed, NotFound, InvalidInput, WrongState."""
    event = _find_event(session, asker, key)
    asker.require_fresh(DELETE_REASON)
    return _mark_deleted(
        session, event, NamedDoer(account_id=asker.account_id, roles=("operator",)), typed, now
    )


def _require_operator(session: Session, asker: SignedIn) -> None:
    if not asker.is_operator or not session.get_one(Account, asker.account_id).is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))


def _find_event(session: Session, asker: SignedIn, key: str) -> Event:
    _require_operator(session, asker)
    event = session.scalar(select(Event).where(Event.by_key(key)))
    if event is None:
        raise NotFound("event", key)
    return event


def _count_totals(session: Session, event: Event) -> EventTotals:
    counted: dict[str, Any] = {
        "firms": Firm,
        "people": Attendee,
        "requests": MeetingRequest,
        "schedule versions": ScheduleVersion,
        "mails": OutboxEmail,
    }
    counts = {
        what: session.scalars(select(func.count()).where(table.event_id == event.id)).one()
        for what, table in counted.items()
    }
    return EventTotals(event.key, event.name, event.archived_at, counts)


def _require_idle(session: Session, event: Event, step: str) -> None:
    """Raise WrongState while a run, comparison or publication of the event is open."""
    running = select(Run.id).where(
        Run.event_id == event.id, Run.state.in_((RunState.QUEUED, RunState.RUNNING))
    )
    if session.scalar(running.limit(1)) is not None:
        raise WrongState(
            "event",
            event.key,
            "being planned by a run",
            step,
            user_message=gettext_lazy(
                "A run of this event is in progress. Wait for it to end, or cancel it."
            ),
        )
    open_jobs = VersionJob.event_id == event.id, VersionJob.state.in_((JobState.QUEUED, JobState.RUNNING))
    if session.scalar(select(VersionJob.id).where(*open_jobs).limit(1)) is not None:
        raise WrongState(
            "event",
            event.key,
            "being published or compared",
            step,
            user_message=gettext_lazy(
                "A version of this event is being published or compared. Wait until that is done."
            ),
        )


def _mark_deleted(session: Session, event: Event, by: NamedDoer, typed: str, now: datetime) -> str:
    if " ".join(typed.split()) != " ".join(event.name.split()):
        raise InvalidInput([Fault("typed", gettext_lazy("enter the event name: %(name)s", name=event.name))])
    _require_idle(session, event, "deleted")
    about = pgettext_lazy("audit log", "event %(key)s deleted", key=event.key)
    before = {"name": event.name, **_count_totals(session, event).counts}
    event.key = f"deleted.{event.id}"  # valid keys have no dot, so this frees the event's key
    event.deleted_at, event.deleted_by_id = now, by.account_id
    event.archived_at = event.archived_at or now
    event.mails_paused_at = event.mails_paused_at or now
    letters = OutboxEmail.about_event_id == event.id, OutboxEmail.state == OutboxState.QUEUED
    session.execute(update(OutboxEmail).where(*letters).values(stopped_at=now))
    session.flush()
    recording.record_act(session, by, Act.EVENT, about, before=before, now=now)
    return event.name

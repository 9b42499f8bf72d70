"""Runs, schedule versions, manual drafts, meetings, and slot occupancy of the published version."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.orderinglist import ordering_list
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import AfterRun, HolderKind, RunState, VersionState
from scheduler.domain.fields import (
    Budget,
    Count,
    LengthInSlots,
    MaxMoved,
    RunNote,
    RunSeconds,
    WhatIfName,
    WhatIfSeconds,
)
from scheduler.domain.manual_edits import EditStepState, LockKind
from scheduler.domain.solving import ScenarioKind, ScenarioState
from scheduler.logs import REQUEST_ID_LENGTH, current_request
from scheduler.storage.base import Base, enum_column

_OPEN = "state IN ('queued', 'running')"
_PUBLISHED = "state = 'published'"


class Run(Base):
    """One solve of an event. `problem` and `plan` are its files (docs/problem-format.md), zlib-compressed."""

    __tablename__ = "run"
    __table_args__ = (
        UniqueConstraint("event_id", "number"),
        Index(
            "uq_run_open",
            "event_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_run_state", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    number: Mapped[Count]
    """Sequential from 1 in each event."""
    state: Mapped[RunState] = mapped_column(enum_column(RunState, "run_state"))
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """None for an overnight run."""
    then: Mapped[AfterRun] = mapped_column(enum_column(AfterRun, "after_run"), default=AfterRun.DRAFT)
    budget: Mapped[Budget | None]
    max_moved: Mapped[MaxMoved | None]
    """Maximum number of voluntary changes to published meetings, beside forced ones.

    None: whatever improves the score by the event's priorities.
    """
    manual_draft: Mapped[Count | None]
    """Version number whose manual locks it respects: the one it was started with, else the current one."""
    start_by: Mapped[datetime | None]
    """Overnight runs only: a later start makes a draft, whatever `then` says."""
    change_budget: Mapped[dict[str, Any] | None]
    """Overnight runs that publish: their change limits, as in `OvernightBudget`."""
    seconds: Mapped[RunSeconds]
    seed: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    attempts: Mapped[Count] = mapped_column(default=0)
    send_at: Mapped[datetime | None]
    """When its task is due to be sent (again), while it is queued."""
    sends: Mapped[Count] = mapped_column(default=0, server_default="0")
    worker: Mapped[str | None] = mapped_column(String(120))
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    stop_requested: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Request to end the search now and keep the incumbent."""
    note: Mapped[RunNote] = mapped_column(default="", server_default="")
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Last progress report: phase, seconds, score, bound, served_bound, terms."""
    curve: Mapped[list[Any]] = mapped_column(JSON, default=list)
    """Progress reports over time, thinned to some hundreds."""
    error: Mapped[str | None] = mapped_column(Text)
    problem: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    plan: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    basis: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    """Digests of the planning inputs at the time (`scheduler.domain.planning_inputs`), zlib-compressed."""
    changed: Mapped[list[dict[str, Any]] | None] = mapped_column(JSON(none_as_null=True))
    """Changes since the published plan was made, as `Difference`. Empty if there are none."""
    not_kept: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`not_kept` and `clashes` of its plan, if some commitments could not be met."""
    web_request: Mapped[str | None] = mapped_column(String(REQUEST_ID_LENGTH), default=current_request)
    """ID of the web request that started it, as in the logs."""


class Scenario(Base):
    """A modified problem of an event, solved beside the live plan. It never creates a version."""

    __tablename__ = "scenario"
    __table_args__ = (
        UniqueConstraint("event_id", "number"),
        Index("ix_scenario_state", "state"),
        {"sqlite_autoincrement": True},  # ids are never reused, so a worker cannot confuse scenarios
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    number: Mapped[Count]
    """Sequential from 1 in each event."""
    kind: Mapped[ScenarioKind] = mapped_column(enum_column(ScenarioKind, "scenario_kind"))
    name: Mapped[WhatIfName]
    changes: Mapped[list[Any]] = mapped_column(JSON)
    """As written by `planning/scenarios/scenario_changes.py`."""
    seconds: Mapped[WhatIfSeconds]
    created_at: Mapped[datetime]
    state: Mapped[ScenarioState] = mapped_column(enum_column(ScenarioState, "scenario_state"))
    turn: Mapped[Count] = mapped_column(default=0)
    """Number of requests to solve it. A worker with an older turn knows that it is outdated."""
    requested_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any] | None]
    """The statistics `now` and `then`, as made by `planning/scenarios/scenario_execution.py`."""
    error: Mapped[str | None] = mapped_column(Text)


class UnscheduledRequest(Base):
    """Reason why a version leaves a request unscheduled. `answer` is its row in the plan's `unscheduled`."""

    __tablename__ = "unscheduled_request"
    __table_args__ = (Index("ix_unscheduled_request_version_id_position", "version_id", "position"),)

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    request_key: Mapped[str] = mapped_column(String(64), primary_key=True)
    position: Mapped[Count]
    """From 0, in plan order."""
    reason: Mapped[str] = mapped_column(String(40))
    group_number: Mapped[Count | None]
    """Index among the version's `groups`, from 0."""
    answer: Mapped[dict[str, Any]]

    @classmethod
    def of(cls, answer: dict[str, Any]) -> UnscheduledRequest:
        return cls(request_key=answer["request"], reason=answer.get("reason", ""), answer=answer)


class ScheduleVersion(Base):
    """A stored plan. `compared_with_id` is the version that was published when it was made."""

    __tablename__ = "schedule_version"
    __table_args__ = (
        UniqueConstraint("event_id", "number"),
        Index(
            "uq_schedule_version_published",
            "event_id",
            unique=True,
            sqlite_where=text(_PUBLISHED),
            postgresql_where=text(_PUBLISHED),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    number: Mapped[Count]
    """Sequential from 1 in each event."""
    state: Mapped[VersionState] = mapped_column(enum_column(VersionState, "version_state"))
    run_id: Mapped[int | None] = mapped_column(ForeignKey("run.id"), index=True)
    compared_with_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    copy_of_id: Mapped[int | None] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """For a restored version: the version whose content it repeats."""
    status: Mapped[str] = mapped_column(String(16))
    score: Mapped[float]
    bound: Mapped[float | None]
    served_bound: Mapped[float | None]
    meetings_bound: Mapped[Count | None]
    """Upper bound on the number of scheduled requests for the run's problem."""
    terms: Mapped[dict[str, Any]]
    groups: Mapped[list[Any] | None] = mapped_column(JSON, deferred=True)
    """Groups of unscheduled requests: the plan's `groups` without their requests. None for older versions."""
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)

    run: Mapped[Run | None] = relationship(viewonly=True)
    answers: Mapped[list[UnscheduledRequest]] = relationship(
        order_by="UnscheduledRequest.position",
        collection_class=ordering_list("position"),
        cascade="all, delete-orphan",
    )
    unscheduled: AssociationProxy[list[dict[str, Any]]] = association_proxy(
        "answers", "answer", creator=UnscheduledRequest.of
    )
    """All rows of the plan's `unscheduled`: megabytes for a large event."""


class ManualDraft(Base):
    """A version that organisers edit manually. Each step done or undone creates a new revision."""

    __tablename__ = "manual_draft"

    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), primary_key=True)
    base_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"), index=True)
    """The version whose meetings it started with."""
    revision: Mapped[Count] = mapped_column(default=0)
    started_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)


class EditStep(Base):
    """One edit command: its changes, and the score before and after."""

    __tablename__ = "edit_step"
    __table_args__ = (
        UniqueConstraint("version_id", "number"),
        Index("ix_edit_step_version_id_revision", "version_id", "revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("manual_draft.version_id"))
    number: Mapped[Count]
    """Sequential from 1 in each draft."""
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[EditStepState] = mapped_column(enum_column(EditStepState, "edit_step_state"))
    revision: Mapped[Count]
    """Draft revision at which the step was last done, undone or redone."""
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The account that last did, undid or redid it."""
    changed_at: Mapped[datetime]
    changes: Mapped[dict[str, Any]]
    """Meeting, lock and blocked slots before and after, by request key."""
    score: Mapped[dict[str, Any]]
    """Score and terms before and after."""


class MeetingLock(Base):
    """How a run that keeps the draft treats a request."""

    __tablename__ = "meeting_lock"

    version_id: Mapped[int] = mapped_column(ForeignKey("manual_draft.version_id"), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True, index=True)
    kind: Mapped[LockKind] = mapped_column(enum_column(LockKind, "meeting_lock_kind"))


class BlockedSlot(Base):
    """A slot in which a request must not be scheduled, also by a run that keeps the draft."""

    __tablename__ = "blocked_slot"

    version_id: Mapped[int] = mapped_column(ForeignKey("manual_draft.version_id"), primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True, index=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True, index=True)


class PlannedMeeting(Base):
    """One meeting of a version."""

    __tablename__ = "planned_meeting"
    __table_args__ = (
        UniqueConstraint("version_id", "request_id"),
        Index("ix_planned_meeting_request_id", "request_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("schedule_version.id"))
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"))
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    length: Mapped[LengthInSlots] = mapped_column(default=1)
    last_slot_id: Mapped[int] = mapped_column(server_default="0")
    """The slot in which the meeting ends, even if the venue's slots have changed. Slots are never deleted."""
    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    interpreter_id: Mapped[int | None] = mapped_column(ForeignKey("interpreter.id"), index=True)

    attendees: Mapped[list[PlannedAttendee]] = relationship(viewonly=True)


class PlannedAttendee(Base):
    """An attendee of a meeting of a version."""

    __tablename__ = "planned_attendee"
    __table_args__ = (Index("ix_planned_attendee_attendee_id", "attendee_id"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("planned_meeting.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)


class Booking(Base):
    """A resource occupied by the published version in one slot. The primary key prevents double booking.

    `holder_id` is the row id within its kind. `seat` counts from 0 to a place's capacity, and is 0 for
    people.
    """

    __tablename__ = "booking"
    __table_args__ = (Index("ix_booking_event_id", "event_id"),)

    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), primary_key=True)
    kind: Mapped[HolderKind] = mapped_column(enum_column(HolderKind, "kind"), primary_key=True)
    holder_id: Mapped[int] = mapped_column(primary_key=True)
    seat: Mapped[int] = mapped_column(primary_key=True, default=0)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    meeting_id: Mapped[int] = mapped_column(ForeignKey("planned_meeting.id"), index=True)

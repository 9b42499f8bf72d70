"""Meeting requests from one firm to another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    case,
    false,
    select,
    text,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.domain.fields import (
    Amount,
    Count,
    Currency,
    Key,
    LengthInSlots,
    MinutesLate,
    Priority,
    TemplateName,
    Topic,
)
from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.storage.base import Base, Timestamped, enum_column
from scheduler.storage.models.people import Attendee, Firm

_OPEN = "state IN ('pending', 'accepted')"


def _of_both(choose: Callable[[int, int], int]) -> Callable[[Any], int]:
    """Return a column default that is the smaller or larger of a request's firm ids."""

    def default(context: Any) -> int:
        row = context.get_current_parameters()
        return choose(row["from_firm_id"], row["to_firm_id"])

    return default


class MeetingRequest(Timestamped, Base):
    """A meeting request from one firm to another. `priority` is from 1 to 5, as set by the sender."""

    __tablename__ = "meeting_request"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("priority >= 1", name="priority_positive"),
        CheckConstraint("length >= 1", name="length_positive"),
        CheckConstraint("from_firm_id <> to_firm_id", name="two_firms"),
        CheckConstraint(
            "lower_firm_id < upper_firm_id AND lower_firm_id IN (from_firm_id, to_firm_id)"
            " AND upper_firm_id IN (from_firm_id, to_firm_id)",
            name="pair_of_both_firms",
        ),
        Index(
            "uq_meeting_request_open_pair",
            "lower_firm_id",
            "upper_firm_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_meeting_request_from_firm_id_state", "from_firm_id", "state"),
        Index("ix_meeting_request_to_firm_id_state", "to_firm_id", "state"),
        Index("ix_meeting_request_event_id_state", "event_id", "state"),
        Index("ix_meeting_request_updates", "event_id", "updated_at", "id"),
        Index(
            "ix_meeting_request_excluded",
            "event_id",
            sqlite_where=text("is_excluded = 1"),
            postgresql_where=text("is_excluded"),
        ),
        Index(
            "ix_meeting_request_locked",
            "event_id",
            sqlite_where=text("is_locked = 1"),
            postgresql_where=text("is_locked"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[Key]
    from_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    to_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    lower_firm_id: Mapped[int] = mapped_column(insert_default=_of_both(min))
    upper_firm_id: Mapped[int] = mapped_column(insert_default=_of_both(max))
    """The two firm ids in sorted order, for a unique index on open requests per pair."""
    priority: Mapped[Priority]
    length: Mapped[LengthInSlots] = mapped_column(default=1)
    """In slots."""
    place: Mapped[PlaceWish] = mapped_column(
        enum_column(PlaceWish, "place_preference"), default=PlaceWish.ANY
    )
    topic: Mapped[Topic]
    message: Mapped[str] = mapped_column(Text, default="")
    preference_rank: Mapped[Count | None]
    """Position among the sender's requests of equal priority, or null to come after those that have one."""
    reply_priority: Mapped[Priority | None]
    """The receiver's priority, if it sent a request of its own. The weight is the larger of the two."""
    reply_topic: Mapped[Topic] = mapped_column(default="")
    reply_message: Mapped[str] = mapped_column(Text, default="")
    """The receiver's message, if it sent a request of its own rather than only accepting."""
    slots: Mapped[list[str] | None]
    """Keys of the allowed start slots, or null for any."""
    fixed_slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"), index=True)
    fixed_place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    is_locked: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if an organiser locked it: it must be scheduled there."""
    is_excluded: Mapped[bool] = mapped_column(default=False, server_default=false())
    """True if an organiser rejected the meeting. Runs schedule it only if published or placed manually."""
    state: Mapped[RequestState] = mapped_column(enum_column(RequestState, "request_state"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    responded_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    responded_at: Mapped[datetime | None]
    response_note: Mapped[str] = mapped_column(Text, default="")
    responded_side: Mapped[Side | None] = mapped_column(enum_column(Side, "responded_side"))
    """The side of the last transition, or null for an organiser acting for neither."""
    quiet_until: Mapped[datetime | None]
    """Digests omit its activity up to this time: it was imported, or a publication reports it."""
    before: Mapped[dict[str, Any] | None]
    """Columns that the last transition replaced, by name, for undo."""
    uid: Mapped[str] = mapped_column(String(64))
    """UUID of the meeting's UID (RFC 5545 3.8.4.7). Replaced after calendars have cancelled the meeting."""

    from_firm: Mapped[Firm] = relationship(foreign_keys=[from_firm_id], viewonly=True)
    to_firm: Mapped[Firm] = relationship(foreign_keys=[to_firm_id], viewonly=True)
    people: Mapped[list[RequestPerson]] = relationship(cascade="all, delete-orphan")
    excluded: Mapped[list[ExcludedPerson]] = relationship(cascade="all, delete-orphan")

    @hybrid_property
    def weight(self) -> int:
        """Weight in the problem: the higher of the two firms' priorities."""
        return max(self.priority, self.reply_priority or 0)

    @weight.inplace.expression
    @classmethod
    def _weight(cls) -> ColumnElement[int]:
        return case((cls.reply_priority > cls.priority, cls.reply_priority), else_=cls.priority)

    @hybrid_property
    def topics(self) -> str:
        """Topics of both firms, as shown in calendars and agendas."""
        return " · ".join(filter(None, (self.topic, self.reply_topic)))

    @topics.inplace.expression
    @classmethod
    def _topics(cls) -> ColumnElement[str]:
        return case((cls.reply_topic == "", cls.topic), else_=cls.topic + " · " + cls.reply_topic)

    @classmethod
    def of_pair(cls, firm_id: int, other_id: int) -> ColumnElement[bool]:
        """Return the condition for requests between two firms, in either direction."""
        lower, upper = sorted((firm_id, other_id))
        return and_(cls.lower_firm_id == lower, cls.upper_firm_id == upper)


class RequestPerson(Base):
    """An attendee named in a request, who must attend."""

    __tablename__ = "request_person"

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True, index=True)
    side: Mapped[Side] = mapped_column(enum_column(Side, "side"))

    attendee: Mapped[Attendee] = relationship(viewonly=True)


class RequestDraft(Base):
    """An unsent request: a draft to one firm, or a named template for any firm."""

    __tablename__ = "request_draft"
    __table_args__ = (Index("ix_request_draft_firm_id", "firm_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    to_firm_id: Mapped[int | None] = mapped_column(ForeignKey("firm.id"), index=True)
    name: Mapped[TemplateName] = mapped_column(default="")
    form: Mapped[dict[str, Any]]
    """A partially completed `NewRequest`."""
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    changed_at: Mapped[datetime]


class RequestTransition(Base):
    """One transition of a request, as shown to both firms in its history. Append-only."""

    __tablename__ = "request_transition"
    __table_args__ = (Index("ix_request_transition_request_id", "request_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"))
    verb: Mapped[str] = mapped_column(String(16))
    """The action: ask, accept, decline, withdraw, undo."""
    side: Mapped[Side | None] = mapped_column(enum_column(Side, "transition_side"))
    """The side acted for, or null for an organiser acting for neither."""
    attendee_id: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"), index=True)
    """The acting attendee, or null for an organiser."""
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    """The acting account, visible to organisers."""
    note: Mapped[str] = mapped_column(Text, default="")
    changed_at: Mapped[datetime]


class ExcludedPerson(Base):
    """An attendee who declined a meeting that takes place without them."""

    __tablename__ = "excluded_person"

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True, index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    """Note to the exhibitors of their firm."""
    excluded_at: Mapped[datetime]

    attendee: Mapped[Attendee] = relationship(viewonly=True)

    @classmethod
    def others_go(cls) -> ColumnElement[bool]:
        """Return the condition that others of their firm are named. If not, a plan assigns a colleague."""
        mine, other = aliased(Attendee), aliased(Attendee)
        return (
            select(RequestPerson.request_id)
            .join(other, other.id == RequestPerson.attendee_id)
            .join(mine, mine.firm_id == other.firm_id)
            .where(RequestPerson.request_id == cls.request_id, mine.id == cls.attendee_id)
            .exists()
        )


class SeenChange(Base):
    """A change that an exhibitor marked as seen on the dashboard."""

    __tablename__ = "seen_change"
    __table_args__ = (Index("ix_seen_change_attendee_id", "attendee_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id", ondelete="CASCADE"))
    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id", ondelete="CASCADE"), index=True)
    colleague_id: Mapped[int | None] = mapped_column(
        ForeignKey("attendee.id", ondelete="CASCADE"), index=True
    )
    """The person who cannot attend, or null for a change of the request itself."""
    moment: Mapped[datetime]
    """Time of the change. A later change of the same request is shown again."""


class MeetingOutcome(Timestamped, Base):
    """The outcome of a published meeting reported by one side. A newer report replaces it.

    The row of a withdrawn report stays, so that programs notice.
    """

    __tablename__ = "meeting_outcome"
    __table_args__ = (
        CheckConstraint("amount >= 1", name="amount_positive"),
        Index("ix_meeting_outcome_updates", "updated_at", "request_id"),
    )

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    side: Mapped[Side] = mapped_column(enum_column(Side, "outcome_side"), primary_key=True)
    kind: Mapped[OutcomeKind] = mapped_column(enum_column(OutcomeKind, "outcome_kind"))
    amount: Mapped[Amount | None] = mapped_column(BigInteger)
    """Whole units of the currency. None if not stated."""
    currency: Mapped[Currency | None]
    reported_by: Mapped[int] = mapped_column(ForeignKey("attendee.id"), index=True)
    reported_at: Mapped[datetime]
    before: Mapped[dict[str, Any] | None]
    """The side's previous report: columns by name, or null for the first one."""
    withdrawn_at: Mapped[datetime | None]
    """When the side withdrew its only report. Its amount is null then."""


class LateNotice(Base):
    """Minutes that an attendee will be late for a published meeting, 0 for on time. The latest one counts."""

    __tablename__ = "late_notice"

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True, index=True)
    minutes: Mapped[MinutesLate]
    reported_at: Mapped[datetime]

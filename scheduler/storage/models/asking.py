"""Meeting requests: one firm asks another."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.storage.base import Base, states
from scheduler.storage.models.people import Attendee, Firm

_OPEN = "state IN ('pending', 'accepted')"


class MeetingRequest(Base):
    """A firm asks another for a meeting. `priority` 1 to 5 is the weight in the problem."""

    __tablename__ = "meeting_request"
    __table_args__ = (
        UniqueConstraint("event_id", "key"),
        CheckConstraint("priority >= 1", name="priority_positive"),
        CheckConstraint("length >= 1", name="length_positive"),
        CheckConstraint("from_firm_id <> to_firm_id", name="two_firms"),
        Index(
            "uq_meeting_request_open_pair",
            "from_firm_id",
            "to_firm_id",
            unique=True,
            sqlite_where=text(_OPEN),
            postgresql_where=text(_OPEN),
        ),
        Index("ix_meeting_request_to_firm_id_state", "to_firm_id", "state"),
        Index("ix_meeting_request_event_id_state", "event_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    key: Mapped[str] = mapped_column(String(64))
    from_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    to_firm_id: Mapped[int] = mapped_column(ForeignKey("firm.id"))
    priority: Mapped[int]
    length: Mapped[int] = mapped_column(default=1)
    """In slots."""
    place: Mapped[PlaceWish] = mapped_column(states(PlaceWish, "place_wish"), default=PlaceWish.ANY)
    topic: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(Text, default="")
    slots: Mapped[list[str] | None]
    """Keys of the allowed start slots; null for any."""
    fixed_slot_id: Mapped[int | None] = mapped_column(ForeignKey("slot.id"))
    fixed_place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    state: Mapped[RequestState] = mapped_column(states(RequestState, "request_state"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("attendee.id"))
    answered_at: Mapped[datetime | None]
    answer_note: Mapped[str] = mapped_column(Text, default="")
    uid: Mapped[str] = mapped_column(String(64))
    """UUID of the meeting's UID (RFC 5545 3.8.4.7); replaced once the meeting was cancelled in calendars."""

    from_firm: Mapped[Firm] = relationship(foreign_keys=[from_firm_id], viewonly=True)
    to_firm: Mapped[Firm] = relationship(foreign_keys=[to_firm_id], viewonly=True)
    people: Mapped[list[RequestPerson]] = relationship(cascade="all, delete-orphan")


class RequestPerson(Base):
    """An attendee who is named in a request and must be there."""

    __tablename__ = "request_person"

    request_id: Mapped[int] = mapped_column(ForeignKey("meeting_request.id"), primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), primary_key=True)
    side: Mapped[Side] = mapped_column(states(Side, "side"))

    attendee: Mapped[Attendee] = relationship(viewonly=True)

"""Privacy notices of events, people's decisions about their purposes, and answers to a compliance audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, UniqueConstraint, and_, exists, not_, or_, text
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from scheduler.domain.compliance import ComplianceTopic
from scheduler.domain.consents import ConsentChannel, ConsentPurpose
from scheduler.domain.fields import ComplianceAnswerText, Count, Language, NoticeParty
from scheduler.storage.base import Base, enum_column


class PrivacyNotice(Base):
    """A published version of an event's privacy notice. It never changes, only the next one supersedes it."""

    __tablename__ = "privacy_notice"
    __table_args__ = (UniqueConstraint("event_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    version: Mapped[Count]
    """Counts from 1 within the event."""
    published_at: Mapped[datetime]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    superseded_at: Mapped[datetime | None]
    """None for the current version."""
    controller: Mapped[NoticeParty]
    """Who is responsible for the data, on one line."""
    contact: Mapped[NoticeParty]
    """How people reach the controller, on one line."""
    texts: Mapped[dict[str, Any]]
    """The notice by language: `text`, and the parts of the notice of transfers abroad."""
    asks_partner_contacts: Mapped[bool]
    asks_directory: Mapped[bool]
    asks_notifications: Mapped[bool]
    asks_abroad: Mapped[bool]

    @classmethod
    def asks(cls, purpose: ConsentPurpose) -> InstrumentedAttribute[bool]:
        """Return the column that says whether a notice asks for consent to the purpose."""
        column: InstrumentedAttribute[bool] = getattr(cls, f"asks_{purpose}")
        return column

    @classmethod
    def current(cls, event_id: Any) -> ColumnElement[bool]:
        """Return the condition for the event's current notice."""
        return and_(cls.event_id == event_id, cls.superseded_at.is_(None))

    @property
    def purposes(self) -> tuple[ConsentPurpose, ...]:
        """The purposes that the notice asks for consent to."""
        return tuple(each for each in ConsentPurpose if getattr(self, f"asks_{each}"))


class Consent(Base):
    """A person's decision about one purpose, by the version and language of the notice that they read."""

    __tablename__ = "consent"
    __table_args__ = (
        Index(
            "uq_consent_current", "attendee_id", "purpose", unique=True,
            postgresql_where=text("ended_at IS NULL"), sqlite_where=text("ended_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    attendee_id: Mapped[int] = mapped_column(ForeignKey("attendee.id"), index=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("privacy_notice.id"), index=True)
    purpose: Mapped[ConsentPurpose] = mapped_column(enum_column(ConsentPurpose, "consent_purpose"))
    is_given: Mapped[bool]
    """False if the person refused, or withdrew an earlier consent."""
    language: Mapped[Language]
    """Language of the notice as the person read it."""
    channel: Mapped[ConsentChannel] = mapped_column(enum_column(ConsentChannel, "consent_channel"))
    decided_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When a later decision replaced this one, or a new notice ended it. None for the current decision."""

    @classmethod
    def permits(cls, purpose: ConsentPurpose, *, event_id: Any, attendee_id: Any) -> ColumnElement[bool]:
        """Return the condition for attendees whose data may be used for the purpose.

        Without a current notice that asks for it, the purpose needs no consent.
        """
        is_asked = exists().where(PrivacyNotice.current(event_id), PrivacyNotice.asks(purpose))
        is_given = exists().where(
            cls.attendee_id == attendee_id, cls.purpose == purpose, cls.ended_at.is_(None), cls.is_given
        )
        return or_(not_(is_asked), is_given)


class ComplianceAnswer(Base):
    """An organiser's answer to a topic of a compliance audit. A topic that is not answered has no row."""

    __tablename__ = "compliance_answer"

    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    topic: Mapped[ComplianceTopic] = mapped_column(
        enum_column(ComplianceTopic, "compliance_topic"), primary_key=True
    )
    is_applicable: Mapped[bool]
    text: Mapped[ComplianceAnswerText]
    """The answer, or why the topic is not applicable, which can be empty."""
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    changed_at: Mapped[datetime]

"""Organisers' answers to a compliance audit, stored by topic and event beside what this site knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain import fields
from scheduler.domain.compliance import AnswerState, ComplianceTopic
from scheduler.domain.errors import Fault, InvalidInput
from scheduler.domain.fields import ComplianceAnswerText
from scheduler.i18n import gettext_lazy
from scheduler.services.audit_log import recording
from scheduler.services.audit_log.acts import Act
from scheduler.services.audit_log.subjects import pgettext_lazy
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.privacy import audit_answers
from scheduler.services.privacy.audit_answers import AuditTopic
from scheduler.services.text import clean_lines
from scheduler.storage.models import Account, ComplianceAnswer, Event

NOT_APPLICABLE = "not applicable"
"""The audit log's value of a topic that is not applicable, with the reason after a colon."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. A topic that was never answered has an empty one."""

    text: str = ""
    is_applicable: bool = True

    @property
    def state(self) -> AnswerState:
        if not self.is_applicable:
            return AnswerState.NOT_APPLICABLE
        return AnswerState.ANSWERED if self.text else AnswerState.MISSING

    @property
    def version(self) -> str:
        """Digest for optimistic locking."""
        return hashlib.sha256(json.dumps([self.text, self.is_applicable]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class TypedAnswer:
    """An answer as typed, and the version of the one that the form was filled with."""

    answer: Answer
    seen: str


@dataclass(frozen=True, slots=True)
class AnsweredTopic:
    """A topic with what this site knows, and the stored answer.

    `changed_at` is None without an answer, and `changed_by` is empty if the account is not known.
    """

    topic: AuditTopic
    answer: Answer
    changed_by: str
    changed_at: datetime | None


def list_answers(
    session: Session, actor: Actor, settings: Settings, *, now: datetime
) -> tuple[AnsweredTopic, ...]:
    """Return all topics with their answers, for organisers. Runs at most four queries. Raises NotAllowed."""
    actor.require(Right.CHANGE_SETTINGS)
    topics = audit_answers.list_event_topics(session, actor, settings, now=now)
    stored = _stored(session, actor)
    found = []
    for topic in topics:
        row, email = stored.get(topic.key, (None, ""))
        found.append(AnsweredTopic(topic, _answer(row), email, row.changed_at if row is not None else None))
    return tuple(found)


def save_answers(
    session: Session, actor: Actor, typed: Mapping[ComplianceTopic, TypedAnswer], *, now: datetime
) -> int:
    """Store the answers that differ from those that the form was filled with. Return how many changed.

    Raises NotAllowed, and InvalidInput by topic for a text that is too long, and for an answer that someone
    else has changed since.
    """
    actor.require(Right.CHANGE_SETTINGS)
    session.get_one(Event, actor.event_id, with_for_update={"key_share": True})  # serialises changes
    stored = _stored(session, actor)
    changed: dict[ComplianceTopic, Answer] = {}
    faults: list[Fault] = []
    for topic, each in typed.items():
        new = Answer(clean_lines(each.answer.text), each.answer.is_applicable)
        row, email = stored.get(topic, (None, ""))
        old = _answer(row)
        if new == old or new.version == each.seen:
            continue
        if old.version != each.seen:
            faults.append(Fault(topic.value, _conflict(email)))
        faults += fields.check_field(topic.value, new.text, ComplianceAnswerText)
        changed[topic] = new
    if faults:
        raise InvalidInput(faults)
    for topic, new in changed.items():
        row, _ = stored.get(topic, (None, ""))
        before = {topic.value: _logged(_answer(row))}
        _store(session, actor, topic, row, new, now)
        about = pgettext_lazy("audit log", "answers to the PIPL audit")
        after = {topic.value: _logged(new)}
        recording.record_act(session, actor, Act.PRIVACY, about, before=before, after=after, now=now)
    return len(changed)


def _stored(session: Session, actor: Actor) -> dict[ComplianceTopic, tuple[ComplianceAnswer, str]]:
    """Return the rows of the actor's event by topic, each with the address of who changed it, or ""."""
    rows = session.execute(
        select(ComplianceAnswer, Account.email)
        .outerjoin(Account, Account.id == ComplianceAnswer.changed_by)
        .where(ComplianceAnswer.event_id == actor.event_id)
    )
    return {row.topic: (row, email or "") for row, email in rows}


def _answer(row: ComplianceAnswer | None) -> Answer:
    return Answer() if row is None else Answer(row.text, row.is_applicable)


def _store(
    session: Session,
    actor: Actor,
    topic: ComplianceTopic,
    row: ComplianceAnswer | None,
    new: Answer,
    now: datetime,
) -> None:
    if new.state is AnswerState.MISSING:
        if row is not None:
            session.delete(row)
        return
    if row is None:
        row = ComplianceAnswer(event_id=actor.event_id, topic=topic)
        session.add(row)
    row.text, row.is_applicable = new.text, new.is_applicable
    row.changed_by, row.changed_at = actor.account_id, now


def _conflict(email: str) -> str:
    if email:
        return gettext_lazy("%(who)s has changed this answer since you opened the page", who=email)
    return gettext_lazy("someone else has changed this answer since you opened the page")


def _logged(answer: Answer) -> str:
    if answer.is_applicable:
        return answer.text
    return f"{NOT_APPLICABLE}: {answer.text}" if answer.text else NOT_APPLICABLE

"""What became of accepted requests in the published schedule, in words that both firms may read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.invites.catalogue import words
from scheduler.services import agendas, versions
from scheduler.services.actors import Actor
from scheduler.services.agendas import AgendaItem
from scheduler.services.request_lists import RequestCard
from scheduler.storage.models import ScheduleVersion

OWN_TIMES = frozenset({"no-common-slot", "people-busy"})
"""Reasons that a reader's own busy times may be part of."""


@dataclass(frozen=True, slots=True)
class RequestOutcome:
    """Held: `meeting` as the reader's side sees it. Not held: the `reason`, a sentence without its beginning.

    Neither, if the request was accepted after the published schedule was made. `may_open_times` tells
    whether more of the reader's own times might let it in.
    """

    meeting: AgendaItem | None = None
    reason: str | None = None
    may_open_times: bool = False


def outcomes(session: Session, actor: Actor, cards: Iterable[RequestCard]) -> dict[str, RequestOutcome]:
    """Of the accepted ones among these requests, by key; empty as long as no schedule is published."""
    keys = [card.key for card in cards if card.state is RequestState.ACCEPTED]
    version = versions.published(session, actor.event_id) if keys else None
    if version is None:
        return {}
    held = agendas.meetings_of(session, actor, version, keys)
    codes = reasons(session, version.id) if len(held) < len(keys) else {}
    return {key: _outcome(held.get(key), codes.get(key), actor) for key in keys}


def _outcome(meeting: AgendaItem | None, reason: str | None, actor: Actor) -> RequestOutcome:
    if meeting is not None or reason is None:
        return RequestOutcome(meeting=meeting)
    may_open = reason in OWN_TIMES and actor.attendee_id is not None
    return RequestOutcome(reason=_clause(reason), may_open_times=may_open)


def _clause(code: str) -> str:
    """The reason as the end of a sentence. Never whose diary, cap or absence it is: either firm reads it."""
    said = words("en").reason_of(code).removesuffix(".")
    return said[:1].lower() + said[1:]


def reasons(session: Session, version_id: int) -> dict[str, str]:
    """The reason codes of what a version does not hold, by request."""
    rows = session.scalar(select(ScheduleVersion.unscheduled).where(ScheduleVersion.id == version_id))
    return {row["request"]: row["reason"] for row in rows or ()}

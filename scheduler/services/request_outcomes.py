"""What became of accepted requests in the published schedule, in words that both firms may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain.entities import RequestState
from scheduler.services import agendas, versions
from scheduler.services.actors import Actor
from scheduler.services.agendas import AgendaItem
from scheduler.services.request_lists import RequestCard
from scheduler.storage.models import ScheduleVersion

REASONS: Mapping[str, str] = {
    "no-place": "no booth or table that suits it is free when its people are",
    "no-interpreter": "the two firms share no language, and no interpreter for both is free when they are",
    "no-common-slot": "there is no time at which all the people it needs are available",
    "fixed-clash": "it is fixed to a time or place at which it cannot be held",
    "frozen": "every time that is left for it begins too soon",
    "people-busy": "at every time that suits both firms, the people it needs are in other meetings",
    "person-cap": "somebody it needs has as many meetings a day as they may have",
    "firm-cap": "one of the firms has as many meetings a day as it may have",
    "precedence": "it has to come after or before another meeting, which leaves no time for it",
    "walking": "its people could not walk from one hall to the other in time",
    "no-people": "one of the firms has nobody who could sit in it",
    "no-colleague": "somebody who could sit in it does not take part, and no colleague can come instead",
    "no-gain": "other meetings that were asked for more urgently leave no room for it",
}
"""By the reason codes of a plan. Never whose diary, cap or absence it is: either firm reads them."""

OTHER_REASON = "it did not fit beside the other meetings"
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
    reasons = _reasons(session, version) if len(held) < len(keys) else {}
    return {key: _outcome(held.get(key), reasons.get(key), actor) for key in keys}


def _outcome(meeting: AgendaItem | None, reason: str | None, actor: Actor) -> RequestOutcome:
    if meeting is not None or reason is None:
        return RequestOutcome(meeting=meeting)
    may_open = reason in OWN_TIMES and actor.attendee_id is not None
    return RequestOutcome(reason=REASONS.get(reason, OTHER_REASON), may_open_times=may_open)


def _reasons(session: Session, version: ScheduleVersion) -> dict[str, str]:
    """The reason codes of what the version does not hold, by request."""
    rows = session.scalar(select(ScheduleVersion.unscheduled).where(ScheduleVersion.id == version.id))
    return {row["request"]: row["reason"] for row in rows or ()}

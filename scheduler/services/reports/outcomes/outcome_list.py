"""A firm's list of meeting outcomes, with those still missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from scheduler.domain.rules.outcomes import OutcomeKind
from scheduler.services.identity.actors import Actor
from scheduler.services.identity.rights import Right
from scheduler.services.reports.outcomes import outcomes
from scheduler.services.reports.outcomes.outcomes import MeetingOutcomes, MeetingWithOutcomes
from scheduler.services.schedule import agendas


class OutcomeFilter(StrEnum):
    """Filter of the list: all, missing reports, or the outcome that counts."""

    ALL = "all"
    OURS_MISSING = "ours-missing"
    THEIRS_MISSING = "theirs-missing"
    DIFFER = "differ"
    SIGNED = "signed"
    INTENT = "intent"
    FOLLOW_UP = "follow-up"
    NOTHING = "none"


@dataclass(frozen=True, slots=True)
class OutcomeList:
    """Started meetings that match the filter, in time order. `counts` has the number of all started ones by
    filter.

    `ahead` counts meetings that have not started. `is_whole` is True if the list covers the firm, and not the
    viewer alone. `version` is None before a schedule is published.
    """

    meetings: Sequence[MeetingWithOutcomes]
    counts: Mapping[OutcomeFilter, int]
    ahead: int
    is_whole: bool
    version: int | None


def get_outcome_list(session: Session, actor: Actor, *, show: OutcomeFilter, now: datetime) -> OutcomeList:
    """Return meetings of the actor's firm, or of the attendee alone. The number of queries is constant.

    Cancelled meetings are left out. Raises NotFound for actors without a firm.
    """
    agenda = agendas.firm_agenda(session, actor)
    is_whole = actor.may(Right.READ_OUTCOMES, firm_id=actor.firm_id)
    if not is_whole:
        own = agendas.attendee_agenda(session, actor)
        mine = {item.request_key for item in own.items}
    items = [
        item for item in agenda.items if not item.is_called_off and (is_whole or item.request_key in mine)
    ]
    words = outcomes.list_outcomes(session, actor, items, now=now)
    begun = [
        MeetingWithOutcomes(item, words[item.request_key]) for item in items if item.request_key in words
    ]
    return OutcomeList(
        meetings=[each for each in begun if _is_shown(each.words, show)],
        counts={each: sum(_is_shown(meeting.words, each) for meeting in begun) for each in OutcomeFilter},
        ahead=len(items) - len(begun),
        is_whole=is_whole,
        version=agenda.version,
    )


def _is_shown(words: MeetingOutcomes, show: OutcomeFilter) -> bool:
    match show:
        case OutcomeFilter.ALL:
            return True
        case OutcomeFilter.OURS_MISSING:
            return words.own is None
        case OutcomeFilter.THEIRS_MISSING:
            return words.partner is None
        case OutcomeFilter.DIFFER:
            return words.differ
        case _:
            return words.counted is not None and words.counted.kind is OutcomeKind(show.value)

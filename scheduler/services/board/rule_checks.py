"""Rule checks of a change to a draft: newly broken rules, and the score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.errors import NotFound
from scheduler.domain.plan import Meeting, Number
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import Violation
from scheduler.domain.rules.score import weighted_total
from scheduler.services.board import rule_sentences
from scheduler.services.board.broken_rules import BreaksRules
from scheduler.services.problems import manual_edits, snapshot
from scheduler.services.problems.scope import find_free_interpreters, scope_around
from scheduler.services.schedule import versions
from scheduler.services.text import is_storable
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import Interpreter, MeetingRequest, Place, ScheduleVersion, Slot

WantedMeetings = Mapping[str, Meeting | None]
"""Wanted meetings by request key. None: not scheduled."""

MAX_INTERPRETERS = 12
"""Maximum number of free interpreters considered if one is to be chosen."""


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The part of a draft around some requests, sufficient to validate changes to them."""

    problem: Problem
    meetings: tuple[Meeting, ...]

    @property
    def held(self) -> dict[str, Meeting]:
        return {meeting.request: meeting for meeting in self.meetings}

    def after(self, wanted: WantedMeetings) -> tuple[Meeting, ...]:
        """Return the meetings after the change."""
        kept = [meeting for meeting in self.meetings if meeting.request not in wanted]
        return (*kept, *(meeting for meeting in wanted.values() if meeting is not None))

    def breaches(self, wanted: WantedMeetings) -> list[Violation]:
        """Return the rules that the change newly breaks."""
        known = Counter(rules.violations(self.problem, self.meetings))
        found = Counter(rules.violations(self.problem, self.after(wanted)))
        return [breach for breach in found if found[breach] > known[breach]]

    def gain(self, wanted: WantedMeetings) -> dict[str, Number]:
        """Return the change of each term of the score."""
        before = rules.score(self.problem, self.meetings).terms
        after = rules.score(self.problem, self.after(wanted)).terms
        return {term: after[term] - before[term] for term in after}

    def rescored(self, terms: Mapping[str, Any], gain: Mapping[str, Number]) -> dict[str, Any]:
        """Return the score and terms of the whole draft, from its earlier terms and the gain."""
        new = {term: terms.get(term, 0) + gain.get(term, 0) for term in dict.fromkeys((*terms, *gain))}
        counted = {term: count for term, count in new.items() if term in self.problem.policy.factors}
        return {"score": float(weighted_total(self.problem, {"served": 0, **counted})), "terms": new}


def load_part(
    session: Session,
    version: ScheduleVersion,
    requests: Sequence[str],
    *,
    places: Sequence[str] = (),
    interpreters: Sequence[str] = (),
    slot: str | None = None,
    now: datetime,
) -> PlanPart:
    """Load the part of a version around requests, and around places and interpreters that they may use.

    With a `slot`, interpreters who are free then are included. Raises NotFound for keys outside the event and
    for requests that are not accepted.
    """
    event_id = version.event_id
    asked = _ids(session, MeetingRequest, "meeting request", event_id, requests)
    speakers = _ids(session, Interpreter, "interpreter", event_id, interpreters)
    if slot is not None:
        speakers |= _list_free_interpreters(session, version, slot, requests)
    at = _ids(session, Place, "place", event_id, places)
    scope = scope_around(session, event_id, version.id, asked, at, speakers)
    problem = snapshot.build_problem(
        session, event_id, now=now, scope=scope, as_put_by_hand=False, is_by_hand=True
    )
    problem = manual_edits.without_bans(problem, manual_edits.list_bans(session, version.id))
    for key in requests:
        if key not in problem.index.requests:
            raise NotFound("accepted meeting request", key)
    known = problem.index.requests
    planned = versions.list_meetings(session, version.id, scope.requests)
    return PlanPart(problem, tuple(meeting for meeting in planned if meeting.request in known))


def check_rules(session: Session, version: ScheduleVersion, part: PlanPart, wanted: WantedMeetings) -> None:
    """Raise BreaksRules if the change newly breaks a rule."""
    found = part.breaches(wanted)
    if found:
        words = rule_sentences.load_words(
            session, version.event_id, part.problem, part.after(wanted), set(wanted)
        )
        raise BreaksRules(words.all_of(found))


def _list_free_interpreters(
    session: Session, version: ScheduleVersion, slot: str, requests: Sequence[str]
) -> set[int]:
    if not is_storable(slot):
        return set()
    found = session.scalar(select(Slot).where(Slot.of(version.event_id), Slot.key == slot))
    if found is None:
        return set()
    lengths = select(MeetingRequest.length).where(
        MeetingRequest.event_id == version.event_id, in_chunks(MeetingRequest.key, requests)
    )
    longest = max(session.scalars(lengths), default=1)
    slots = session.scalars(found.following(longest)).all()
    return set(find_free_interpreters(session, version.event_id, version.id, slots, MAX_INTERPRETERS))


def _ids(session: Session, table: Any, what: str, event_id: int, keys: Sequence[str]) -> set[int]:
    """Return the ids of the keys. Raises NotFound for an unknown key."""
    wanted = [key for key in dict.fromkeys(keys) if is_storable(key)]
    rows = session.execute(
        select(table.key, table.id).where(table.event_id == event_id, in_chunks(table.key, wanted))
    )
    found = {key: value for key, value in rows}  # noqa: C416 -- dict(rows) loses the types
    for key in keys:
        if key not in found:
            raise NotFound(what, key)
    return set(found.values())

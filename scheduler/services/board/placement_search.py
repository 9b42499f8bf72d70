"""Placement suggestions for the board. Plans are cached in memory and updated by each manual step.

Runs in workers only.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.domain import rules
from scheduler.domain.manual_edits import LockKind
from scheduler.domain.plan import Meeting
from scheduler.domain.problem import Problem
from scheduler.domain.rules.resolved import Schedule, Violation
from scheduler.i18n import Separator, gettext_lazy, join_texts, to_json
from scheduler.services.board.plan_fingerprint import get_plan_fingerprint
from scheduler.services.board.rule_sentences import (
    FORBIDDEN,
    OTHERS_FORBIDDEN,
    BoardNames,
    RuleWords,
    describe_other_place,
    load_names,
)
from scheduler.services.problems import manual_edits, snapshot
from scheduler.services.schedule import versions
from scheduler.solver.place_search import PlaceSearchResult, SearchOutcome, search_place
from scheduler.solver.repair.repairer import MAX_PEOPLE, Repairer
from scheduler.solver.repair.repairs import Repair
from scheduler.solver.repair.targets import Target, TargetStatus, evaluate_targets
from scheduler.storage.database import Database
from scheduler.storage.in_list import in_chunks
from scheduler.storage.models import EditStep, ManualDraft, MeetingRequest

MAX_PLANS: Final = 4
"""Plans cached per process. A plan of a large event takes some hundred megabytes."""
MAX_BEST: Final = 10
MAX_SLOTS, MAX_PLACES = 40, 400

Json = dict[str, Any]


@dataclass(slots=True)
class CachedPlan:
    """A cached draft.

    `aside` are requests whose meetings currently break a rule, which the repairer leaves out. `bans` are the
    manually forbidden slots, which the repairer does not know.
    """

    fingerprint: str
    revision: int
    begun: int
    """Number of slots that had begun when the plan was loaded. Their meetings are frozen."""
    repairer: Repairer
    names: BoardNames
    aside: frozenset[str]
    meetings: dict[str, Meeting]
    bans: Mapping[str, Collection[str]] = field(default_factory=dict)
    searched: dict[tuple[str, str, str], Json] = field(default_factory=dict)
    """Results of searches at this revision. A page whose request timed out asks again."""
    best: dict[str, tuple[Mapping[str, Any], list[Repair]]] = field(default_factory=dict)
    """The best placements of a request at this revision, with the last filter. Pages ask repeatedly."""

    def is_banned(self, request: str, start: str) -> bool:
        """Return True if the request would use a forbidden slot when starting at `start`."""
        problem = self.repairer.problem
        first = problem.index.slots[start]
        length = problem.requests[problem.index.requests[request]].length
        taken = problem.slots[first : first + length]
        return any(slot.id in self.bans.get(request, ()) for slot in taken)

    def is_allowed(self, repair: Repair) -> bool:
        return not any(self.is_banned(m.request, m.slot) for m in (repair.meeting, *repair.moved))


class PlacementSearch:
    """LRU cache of the plans of one process. Answers one question at a time."""

    def __init__(self, database: Database, *, most: int = MAX_PLANS) -> None:
        self._database, self._most = database, most
        self._plans: OrderedDict[int, CachedPlan] = OrderedDict()
        self._turn = threading.Lock()
        self.loads = 0
        """Number of complete loads of a plan."""

    def answer(self, event_id: int, number: int, question: Mapping[str, Any]) -> Json:
        """Return placement suggestions for one request of a manual draft.

        Parameters
        ----------
        question
            `request`, and the view: keys of `slots` and `places`. Without a request the draft is only loaded.
            With `search`, a slot and a place, search for a way there that may move any other meetings.
            With `only`, the best placements are restricted to `slots`, a `hall`, places of a `kind`, or to
            those that change no other meeting (`still`). Each of these is optional.

        Returns
        -------
        Json
            `revision` of the draft; `targets`: a row for each start and place of the view; `best`: the best
            placements anywhere; `searched`: the result of the search (`outcome`). A row has the meetings to
            place (`put`) and to drop (`dropped`), and a description (`say`). Empty if there is no such
            request.
        """
        with self._turn, self._database.read() as session:
            version = versions.get_version(session, event_id, number)
            plan = self._plan(session, event_id, version.id)
            request = question.get("request")
            index = plan.repairer.problem.index
            if not request:
                return {"revision": plan.revision}
            if request not in index.requests:
                return {}
            slots = [s for s in question.get("slots", ()) if s in index.slots][:MAX_SLOTS]
            places = [p for p in question.get("places", ()) if p in index.places][:MAX_PLACES]
            answer = _PlacementAnswer(plan, request)
            found = answer.to_json(slots, places, question.get("only") or {})
            slot, place = question.get("search") or ("", "")
            if slot in index.slots and place in index.places:
                found["searched"] = answer.searched(slot, place)
            return found

    def _plan(self, session: Session, event_id: int, version_id: int) -> CachedPlan:
        """Return the current plan of a draft: from the cache, updated step by step, or loaded."""
        now = self._database.now_in(session)
        fingerprint = get_plan_fingerprint(session, event_id)
        revision = (
            session.scalar(select(ManualDraft.revision).where(ManualDraft.version_id == version_id)) or 0
        )
        found = self._plans.pop(version_id, None)
        if (
            found is None
            or found.fingerprint != fingerprint
            or found.begun != _count_started_slots(found.repairer.problem, now)
        ):
            found = None
        elif found.revision != revision:
            found = self._follow(session, event_id, version_id, found, revision)
        if found is None:
            found = self._read(session, event_id, version_id, fingerprint, revision, now)
        marks = manual_edits.list_draft_edits(session, version_id)
        found.repairer.keep([key for key, kind in marks.items() if kind is LockKind.LOCKED])
        found.bans = manual_edits.list_bans(session, version_id)
        self._plans[version_id] = found
        while len(self._plans) > self._most:
            self._plans.popitem(last=False)
        return found

    def _read(
        self, session: Session, event_id: int, version_id: int, fingerprint: str, revision: int, now: datetime
    ) -> CachedPlan:
        self.loads += 1
        problem = snapshot.build_problem(session, event_id, now=now, as_put_by_hand=False, is_by_hand=True)
        known = problem.index.requests
        every = [m for m in versions.list_meetings(session, version_id) if m.request in known]
        aside = _find_broken_requests(problem, every)
        repairer = Repairer(problem, [m for m in every if m.request not in aside])
        names = load_names(session, event_id, problem)
        held = {meeting.request: meeting for meeting in repairer.meetings()}
        return CachedPlan(
            fingerprint, revision, _count_started_slots(problem, now), repairer, names, frozenset(aside), held
        )

    def _follow(
        self, session: Session, event_id: int, version_id: int, plan: CachedPlan, revision: int
    ) -> CachedPlan | None:
        """Apply later steps to the plan. Return None if it must be loaded anew.

        That is the case if a step changed a meeting that was left out.
        """
        rows = session.scalars(
            select(EditStep.changes).where(
                EditStep.version_id == version_id, EditStep.revision > plan.revision
            )
        )
        touched = {key for changes in rows for key in changes}
        if touched & plan.aside or not touched <= plan.repairer.problem.index.requests.keys():
            return None
        ids = session.scalars(
            select(MeetingRequest.id).where(
                MeetingRequest.event_id == event_id, in_chunks(MeetingRequest.key, touched)
            )
        ).all()
        try:
            meetings = versions.list_meetings(session, version_id, ids)
            plan.repairer.become(touched, meetings)
        except ValueError:
            return None
        for key in touched:
            plan.meetings.pop(key, None)
        plan.meetings.update((meeting.request, meeting) for meeting in meetings)
        plan.revision = revision
        plan.searched.clear()
        plan.best.clear()
        return plan


def _count_started_slots(problem: Problem, now: datetime) -> int:
    """Return the number of slots that have begun."""
    return sum(slot.start < now for slot in problem.slots)


def _find_broken_requests(problem: Problem, meetings: Sequence[Meeting]) -> set[str]:
    """Return requests whose meetings break a rule: a small set, chosen greedily."""
    aside: set[str] = set()
    requests = problem.index.requests
    while True:
        kept = [meeting for meeting in meetings if meeting.request not in aside]
        held = {meeting.request for meeting in kept}
        found = [b for b in rules.violations(problem, kept) if b.rule not in ("H1", "H12", "H13")]
        new = {_find_offender(breach, requests, held, kept) for breach in found} - {None}
        if not new:
            return aside
        aside |= {key for key in new if key is not None}


def _find_offender(
    breach: Violation, requests: Collection[str], held: Collection[str], meetings: Sequence[Meeting]
) -> str | None:
    """Return one request to blame for a violation: the last one named.

    For a daily limit, return one whose participants are named.
    """
    named = [key for key in breach.ids if key in requests and key in held]
    if named:
        return named[-1]
    return next((m.request for m in meetings if set(breach.ids) & set(m.attendees)), None)


class _PlacementAnswer:
    """Builds the answer about one request of a plan."""

    def __init__(self, plan: CachedPlan, request: str) -> None:
        self.plan, self.request = plan, request
        self.repairer, self.problem, self.names = plan.repairer, plan.repairer.problem, plan.names
        self.meetings = plan.meetings

    def to_json(self, slots: Sequence[str], places: Sequence[str], only: Mapping[str, Any]) -> Json:
        return {
            "revision": self.plan.revision,
            "best": [self._repair(repair) for repair in self._best(only)],
            "targets": [
                self._spot(spot) for spot in evaluate_targets(self.repairer, self.request, slots, places)
            ],
            "aside": self.request in self.plan.aside,
        }

    def _best(self, only: Mapping[str, Any]) -> list[Repair]:
        """Return the best placements. The filter applies before the best are chosen."""
        known = self.plan.best.get(self.request)
        if known is None or known[0] != only:
            known = self.plan.best[self.request] = only, self._find_best(only)
        return known[1]

    def _find_best(self, only: Mapping[str, Any]) -> list[Repair]:
        hall, kind = only.get("hall"), only.get("kind")
        places = [
            place.id
            for place in self.problem.places
            if hall in (None, self.problem.halls[place.hall]) and kind in (None, place.kind.value)
        ]
        return self.repairer.best(
            self.request,
            MAX_BEST,
            max_people=0 if only.get("still") else MAX_PEOPLE,
            allowed=self.plan.is_allowed,
            slots=only.get("slots"),
            places=places if hall or kind else None,
        )

    def searched(self, slot: str, place: str) -> Json:
        """Search for a placement at one time and place. Return its outcome, and the placement if found."""
        known = self.plan.searched.get((self.request, slot, place))
        if known is not None:
            return known
        if self.plan.is_banned(self.request, slot):
            found = PlaceSearchResult(SearchOutcome.IMPOSSIBLE)
        else:
            found = search_place(self.repairer, self.request, slot, place, allowed=self.plan.is_allowed)
        row: Json = {"slot": slot, "place": place, "place_name": to_json(self._place(place))}
        if found.repair is not None:
            row |= self._repair(found.repair) | {"meetings": len(found.repair.moved)}
        row["outcome"] = found.outcome.value
        self.plan.searched[self.request, slot, place] = row
        return row

    def _spot(self, spot: Target) -> Json:
        row: Json = {"slot": spot.slot, "place": spot.place, "standing": spot.standing.value}
        if spot.standing is TargetStatus.HERE:
            others = spot.repair if spot.repair is not None and self.plan.is_allowed(spot.repair) else None
            return row if others is None else row | {"others": self._repair(others)}
        if self.plan.is_banned(self.request, spot.slot):
            return row | {"standing": TargetStatus.FORBIDDEN.value, "say": to_json(FORBIDDEN)}
        if spot.standing is TargetStatus.FREE and spot.meeting is not None:
            other = self._other_people(spot.meeting)
            return row | {
                "gain": spot.gain,
                "put": [_row(spot.meeting)],
                "say": to_json(
                    gettext_lazy("free, with %(people)s", people=other) if other else gettext_lazy("free")
                ),
            }
        if spot.standing is TargetStatus.LIKE and spot.meeting is not None:
            other = self._other_people(spot.meeting)
            there = self.names.places.get(spot.meeting.place, spot.meeting.place)
            kind = self.problem.places[self.problem.index.places[spot.place]].kind
            return row | {
                "gain": spot.gain,
                "put": [_row(spot.meeting)],
                "at": there,
                "say": to_json(describe_other_place(kind, there, other)),
            }
        if spot.repair is not None and self.plan.is_allowed(spot.repair):
            return row | self._repair(spot.repair)
        if spot.repair is not None:
            return row | {"standing": TargetStatus.BLOCKED.value, "say": to_json(OTHERS_FORBIDDEN)}
        reasons = dict.fromkeys(self._why(spot, breach) for breach in spot.breaches[:3])
        return row | {"say": to_json(join_texts(reasons, Separator.SENTENCES))}

    def _repair(self, repair: Repair) -> Json:
        moved = [self._moved(meeting) for meeting in repair.moved]
        dropped = [
            gettext_lazy("%(pair)s is no longer scheduled", pair=self._pair(key)) for key in repair.dropped
        ]
        other = self._other_people(repair.meeting)
        clauses = [*moved, *dropped, *([gettext_lazy("with %(people)s", people=other)] if other else [])]
        return {
            "slot": repair.meeting.slot,
            "place": repair.meeting.place,
            "place_name": to_json(self._place(repair.meeting.place)),
            "hall": self.problem.halls[self._hall(repair.meeting.place)],
            "gain": repair.gain,
            "put": [_row(meeting) for meeting in (repair.meeting, *repair.moved)],
            "dropped": list(repair.dropped),
            "people": [self.names.people.get(key, key) for key in repair.people],
            "say": to_json(
                join_texts(clauses, Separator.CLAUSES) if clauses else gettext_lazy("no other meetings move")
            ),
        }

    def _moved(self, meeting: Meeting) -> str:
        before, pair = self.meetings.get(meeting.request), self._pair(meeting.request)
        place = self.names.places.get(meeting.place, meeting.place)
        if before is not None and before.slot == meeting.slot:
            if before.place == meeting.place:
                return gettext_lazy("%(pair)s with %(people)s", pair=pair, people=self._people(meeting))
            return gettext_lazy("%(pair)s moves to %(place)s", pair=pair, place=place)
        return gettext_lazy(
            "%(pair)s moves to %(time)s, %(place)s", pair=pair, time=self._time(meeting.slot), place=place
        )

    def _other_people(self, meeting: Meeting) -> str:
        """Return the meeting's people as text if they differ from the current ones, else an empty text."""
        before = self.meetings.get(self.request)
        same = before is not None and set(before.attendees) == set(meeting.attendees)
        return "" if same or before is None else self._people(meeting)

    def _place(self, key: str) -> str:
        hall = self.problem.halls[self._hall(key)]
        return join_texts((self.names.places.get(key, key), self.names.halls.get(hall, hall)))

    def _hall(self, place: str) -> int:
        return self.problem.places[self.problem.index.places[place]].hall

    def _people(self, meeting: Meeting) -> str:
        return join_texts((self.names.people.get(key, key) for key in meeting.attendees), Separator.PEOPLE)

    def _pair(self, request: str) -> str:
        return self._words(()).pair(request)

    def _time(self, slot: str) -> str:
        return self._words(()).time(self.problem.index.slots[slot])

    def _why(self, spot: Target, breach: Violation) -> str:
        """Describe a violation at the target, with the meetings that it names."""
        named = [self.meetings.get(key) for key in dict.fromkeys(breach.ids) if key != self.request]
        others = [meeting for meeting in named if meeting is not None]
        here = Meeting(self.request, spot.slot, spot.place, ())
        return self._words((*others, here)).of(breach)

    def _words(self, meetings: Collection[Meeting]) -> RuleWords:
        return RuleWords(self.problem, Schedule.of(self.problem, meetings), self.names, {self.request})


def _row(meeting: Meeting) -> list[Any]:
    return [meeting.request, meeting.slot, meeting.place, list(meeting.attendees), meeting.interpreter]

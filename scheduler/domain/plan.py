"""Plan and Meeting: the output of a solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.entities import PlanStatus

Json = dict[str, Any]
Number = int | float


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting by ids. A published one may refer to objects that its problem no longer has."""

    request: str
    slot: str
    place: str
    attendees: tuple[str, ...]
    interpreter: str | None = None

    def to_json(self) -> Json:
        return {
            "request": self.request,
            "slot": self.slot,
            "place": self.place,
            "attendees": list(self.attendees),
            "interpreter": self.interpreter,
        }


@dataclass(frozen=True, slots=True)
class FixAction:
    """A machine-readable fix: its kind, the ids it concerns, and the slot to schedule the request in."""

    kind: str
    ids: tuple[str, ...] = ()
    slot: str = ""

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slot": self.slot}


@dataclass(frozen=True, slots=True)
class ReasonSubject:
    """Subject of a reason: people, languages or places as `ids`, and the part of a day that starts at `slot`.

    An empty `kind` means no subject.
    """

    kind: str = ""
    ids: tuple[str, ...] = ()
    slot: str = ""

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slot": self.slot}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What blocks a request at `count` start slots of one day. `slots` holds the first of them.

    `what` is one of: away, busy, person-cap, days-cap, row-cap or walk of person `who`; firm-cap of firm
    `who`; precedence with request `who`; pair-cap, place-kind, place-full or interpreter, with an empty
    `who`.
    """

    what: str
    who: str
    slots: tuple[str, ...]
    count: int

    def to_json(self) -> Json:
        return {"what": self.what, "who": self.who, "slots": list(self.slots), "count": self.count}


NOT_EXAMINED: Final = "not-examined"
"""Reason of a request that was not examined, as time ran out or the run was stopped."""


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """Why a request is unscheduled: reason code, sentence, blocking requests and fixes."""

    request: str
    reason: str
    detail: str
    blockers: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    ways: tuple[FixAction, ...] = ()
    """The same fixes in machine-readable form, in the same order."""
    about: ReasonSubject = ReasonSubject()
    obstacles: tuple[Obstacle, ...] = ()
    """Blocking people and resources, by day."""

    def to_json(self) -> Json:
        row: Json = {
            "request": self.request,
            "reason": self.reason,
            "detail": self.detail,
            "blockers": list(self.blockers),
            "remedies": list(self.remedies),
        }
        if self.ways:
            row["ways"] = [way.to_json() for way in self.ways]
        if self.obstacles:
            row["obstacles"] = [each.to_json() for each in self.obstacles]
        return row | {"about": self.about.to_json()} if self.about.kind else row


@dataclass(frozen=True, slots=True)
class EventFix:
    """A change to the event that may fit in several requests.

    `kind` is the type of change, `ids` the objects concerned. `slots` is set for availability only.
    """

    kind: str
    ids: tuple[str, ...]
    slots: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slots": list(self.slots)}


@dataclass(frozen=True, slots=True)
class UnscheduledGroup:
    """Requests unscheduled for one reason about one subject, with the most effective fix.

    With the fix, `holds` of them fit beside the unchanged plan, and the score gains `gains`. Both are None if
    there was no time to calculate them.
    """

    reason: str
    about: ReasonSubject
    requests: tuple[str, ...]
    weight: Number
    lever: EventFix | None = None
    holds: int | None = None
    gains: Number | None = None

    def to_json(self) -> Json:
        return {
            "reason": self.reason,
            "about": self.about.to_json(),
            "requests": list(self.requests),
            "weight": self.weight,
            "lever": None if self.lever is None else self.lever.to_json(),
            "holds": self.holds,
            "gains": self.gains,
        }


@dataclass(frozen=True, slots=True)
class CommitmentClash:
    """A minimal conflict: compulsory requests or frozen meetings that no plan can keep together."""

    requests: tuple[str, ...]
    cause: str
    """alone (the only one of the set cannot be scheduled there at all), people (a person would be in two
    meetings at once), walk, person-cap, days-cap, firm-cap, pair-cap, row-cap, place, interpreter,
    precedence, or rules (several of these)."""
    who: tuple[str, ...] = ()
    """Keys of the people, firms or places concerned."""
    detail: str = ""
    """A sentence."""

    def to_json(self) -> Json:
        return {
            "requests": list(self.requests),
            "cause": self.cause,
            "who": list(self.who),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Who meets whom, when and where. `problem` is the fingerprint of the solved problem."""

    problem: str
    status: PlanStatus
    score: Number
    terms: Mapping[str, Number]
    bound: Number | None
    served_bound: Number | None
    meetings: tuple[Meeting, ...]
    unscheduled: tuple[Unscheduled, ...] = ()
    seconds: float = 0.0
    seed: int = 0
    workers: int = 1
    meetings_bound: int | None = None
    """Upper bound on the number of scheduled requests."""
    groups: tuple[UnscheduledGroup, ...] = ()
    """Unscheduled requests grouped by reason and subject. Empty after a plain solve."""
    not_kept: tuple[str, ...] = ()
    """Compulsory requests left unscheduled, or frozen meetings that were not kept. With these released, the
    plan is feasible. Empty unless the status is infeasible or unknown.
    """
    clashes: tuple[CommitmentClash, ...] = ()
    """Proven conflicts that explain some of them."""

    @property
    def is_answer(self) -> bool:
        """True if there is a plan: its meetings satisfy all rules, except those released in `not_kept`."""
        return self.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE) or bool(self.not_kept)

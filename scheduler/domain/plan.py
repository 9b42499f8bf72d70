"""Plan, Meeting: the output of a solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from scheduler.domain.entities import PlanStatus

Json = dict[str, Any]
Number = int | float


@dataclass(frozen=True, slots=True)
class Meeting:
    """One meeting by ids: a published one may name things that its problem no longer has."""

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
    """A remedy for programs: what kind of thing to do with which ids, and the slot to hold the request in."""

    kind: str
    ids: tuple[str, ...] = ()
    slot: str = ""

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slot": self.slot}


@dataclass(frozen=True, slots=True)
class ReasonSubject:
    """What a reason is about: whom, which languages or places by `ids`; and the part of a day that begins at
    `slot`. Without a kind nothing is named.
    """

    kind: str = ""
    ids: tuple[str, ...] = ()
    slot: str = ""

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slot": self.slot}


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What is in the way of a request at `count` starts of one day, the first of which are `slots`.

    `what`: away, busy, person-cap or walk of person `who`; firm-cap of firm `who`; precedence with
    request `who`; place-kind, place-full or interpreter, of nobody.
    """

    what: str
    who: str
    slots: tuple[str, ...]
    count: int

    def to_json(self) -> Json:
        return {"what": self.what, "who": self.who, "slots": list(self.slots), "count": self.count}


NOT_EXAMINED: Final = "not-examined"
"""The reason of a request into which nobody looked: its time was over, or somebody stopped it."""


@dataclass(frozen=True, slots=True)
class Unscheduled:
    """Why a request is not held: a code, a sentence, what stands in the way, what would let it in.

    `ways` are the remedies once more, in the same order, for programs.
    """

    request: str
    reason: str
    detail: str
    blockers: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    ways: tuple[FixAction, ...] = ()
    about: ReasonSubject = ReasonSubject()
    obstacles: tuple[Obstacle, ...] = ()
    """Who and what is in the way on each day."""

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
    """A change of the event that may let in several requests: what kind of thing to do, about which ids, and,
    for availability, in which slots.
    """

    kind: str
    ids: tuple[str, ...]
    slots: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slots": list(self.slots)}


@dataclass(frozen=True, slots=True)
class UnscheduledGroup:
    """Requests that are not held for one reason about the same, with the change that helps them best.

    With the change, `holds` of them can be held beside the plan as it is, and the score gains `gains`. Both
    are None where there was no time to count.
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
    """Requests that have to be held, or frozen meetings, which no plan keeps all of, and any fewer of them it
    can: a minimal set. `detail` is a sentence.

    `cause` is what stands in the way: "alone" (the only one of the set cannot be held there at all),
    "people" (somebody would be in two at once), "walk", "person-cap", "firm-cap", "place", "interpreter",
    "precedence", or "rules" (several of these). `who` has the ids of the people, firms or places concerned.
    """

    requests: tuple[str, ...]
    cause: str
    who: tuple[str, ...] = ()
    detail: str = ""

    def to_json(self) -> Json:
        return {
            "requests": list(self.requests),
            "cause": self.cause,
            "who": list(self.who),
            "detail": self.detail,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Who meets whom, when and where. `problem` is the fingerprint of the problem that it answers."""

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
    """No plan holds more requests."""
    groups: tuple[UnscheduledGroup, ...] = ()
    """What is not held, by reason and what that is about. A solve alone makes none."""
    not_kept: tuple[str, ...] = ()
    """Requests that have to be held and are not, or whose frozen meeting does not stay: with them released,
    the plan keeps every rule. Empty unless the status is infeasible or unknown."""
    clashes: tuple[CommitmentClash, ...] = ()
    """Why some of them cannot be kept, where that is proved."""

    @property
    def is_answer(self) -> bool:
        """Whether there is a plan: its meetings keep all rules, or all but for those of `not_kept`."""
        return self.status in (PlanStatus.OPTIMAL, PlanStatus.FEASIBLE) or bool(self.not_kept)

"""Plan, Meeting: the output of a solve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
class Way:
    """A remedy for programs: what kind of thing to do with which ids, and the slot to hold the request in."""

    kind: str
    ids: tuple[str, ...] = ()
    slot: str = ""

    def to_json(self) -> Json:
        return {"kind": self.kind, "ids": list(self.ids), "slot": self.slot}


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
    ways: tuple[Way, ...] = ()

    def to_json(self) -> Json:
        row: Json = {
            "request": self.request,
            "reason": self.reason,
            "detail": self.detail,
            "blockers": list(self.blockers),
            "remedies": list(self.remedies),
        }
        return row | {"ways": [way.to_json() for way in self.ways]} if self.ways else row


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

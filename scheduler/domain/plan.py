"""Plan, Meeting: the output of a solve, as in the plan file (docs/problem-format.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import Fault, MalformedPlan
from scheduler.domain.files.reading import is_number

FORMAT = "chainmeet.plan/1"

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
    """Who meets whom, when, where; `problem` is the fingerprint of the problem that it answers."""

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

    def to_json(self) -> Json:
        return {
            "format": FORMAT,
            "problem": self.problem,
            "status": str(self.status),
            "score": self.score,
            "terms": dict(self.terms),
            "bound": self.bound,
            "served_bound": self.served_bound,
            "meetings": [meeting.to_json() for meeting in self.meetings],
            "unscheduled": [row.to_json() for row in self.unscheduled],
            "seconds": self.seconds,
            "seed": self.seed,
            "workers": self.workers,
        }

    @classmethod
    def from_json(cls, document: object) -> Plan:
        """Read a plan file; raises MalformedPlan with every fault by path."""
        return _PlanReader().read(document)


def read_meetings(rows: object, path: str, faults: list[Fault]) -> tuple[Meeting, ...]:
    """Read a list of meetings, of a plan or of a problem's `published`; faults are added to `faults`."""
    if not isinstance(rows, list):
        faults.append(Fault(path, "must be a list"))
        return ()
    meetings: list[Meeting] = []
    seen: dict[str, int] = {}
    for i, row in enumerate(rows):
        meeting = _read_meeting(row, f"{path}[{i}]", faults)
        if meeting is None:
            continue
        if meeting.request in seen:
            first = seen[meeting.request]
            message = f"request {meeting.request!r} is held already by {path}[{first}]"
            faults.append(Fault(f"{path}[{i}].request", message))
        seen.setdefault(meeting.request, i)
        meetings.append(meeting)
    return tuple(meetings)


_MEETING_KEYS = frozenset(("request", "slot", "place", "attendees", "interpreter"))


def _read_meeting(row: object, path: str, faults: list[Fault]) -> Meeting | None:
    if not isinstance(row, dict):
        faults.append(Fault(path, "must be an object"))
        return None
    before = len(faults)
    for key in sorted(row.keys() - _MEETING_KEYS):
        faults.append(Fault(f"{path}.{key}", "unknown key"))
    for key in ("request", "slot", "place"):
        if not _is_id(row.get(key)):
            faults.append(Fault(f"{path}.{key}", "must be a non-empty string"))
    people = row.get("attendees")
    if not isinstance(people, list) or not all(_is_id(person) for person in people):
        faults.append(Fault(f"{path}.attendees", "must be a list of ids"))
    interpreter = row.get("interpreter")
    if interpreter is not None and not _is_id(interpreter):
        faults.append(Fault(f"{path}.interpreter", "must be an id or null"))
    if len(faults) > before:
        return None
    return Meeting(row["request"], row["slot"], row["place"], tuple(row["attendees"]), interpreter)


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != ""


@dataclass(slots=True)
class _PlanReader:
    faults: list[Fault] = field(default_factory=list)

    def fault(self, path: str, message: str) -> None:
        self.faults.append(Fault(path, message))

    def read(self, document: object) -> Plan:
        if not isinstance(document, dict):
            raise MalformedPlan([Fault("", "a plan file is one JSON object")])
        if document.get("format") != FORMAT:
            self.fault("format", f"must be {FORMAT!r}")
        known = {
            "format", "problem", "status", "score", "terms", "bound", "served_bound",
            "meetings", "unscheduled", "seconds", "seed", "workers",
        }  # fmt: skip
        for key in sorted(document.keys() - known):
            self.fault(key, "unknown key")
        if not _is_id(document.get("problem")):
            self.fault("problem", "must be the fingerprint of the problem")
        if document.get("status") not in tuple(PlanStatus):
            self.fault("status", "must be one of " + ", ".join(PlanStatus))
        for key in ("score", "seconds", "seed", "workers"):
            if not is_number(document.get(key)):
                self.fault(key, "must be a number")
        for key in ("bound", "served_bound"):
            if document.get(key) is not None and not is_number(document[key]):
                self.fault(key, "must be a number or null")
        terms = document.get("terms")
        if not isinstance(terms, dict) or not all(is_number(value) for value in terms.values()):
            self.fault("terms", "must map each term to its count")
        meetings = read_meetings(document.get("meetings"), "meetings", self.faults)
        unscheduled = self.read_unscheduled(document.get("unscheduled", []))
        if self.faults:
            raise MalformedPlan(self.faults)
        return Plan(
            problem=document["problem"],
            status=PlanStatus(document["status"]),
            score=document["score"],
            terms=document["terms"],
            bound=document.get("bound"),
            served_bound=document.get("served_bound"),
            meetings=meetings,
            unscheduled=unscheduled,
            seconds=document["seconds"],
            seed=document["seed"],
            workers=document["workers"],
        )

    def read_unscheduled(self, rows: object) -> tuple[Unscheduled, ...]:
        if not isinstance(rows, list):
            self.fault("unscheduled", "must be a list")
            return ()
        read: list[Unscheduled] = []
        for i, row in enumerate(rows):
            path = f"unscheduled[{i}]"
            if not isinstance(row, dict):
                self.fault(path, "must be an object")
                continue
            for key in sorted(row.keys() - {"request", "reason", "detail", "blockers", "remedies", "ways"}):
                self.fault(f"{path}.{key}", "unknown key")
            texts = [row.get(key) for key in ("request", "reason", "detail")]
            lists = [row.get(key, []) for key in ("blockers", "remedies")]
            if not all(isinstance(text, str) for text in texts):
                self.fault(path, "request, reason and detail must be strings")
            elif not all(isinstance(values, list) for values in lists):
                self.fault(path, "blockers and remedies must be lists")
            else:
                ways = self.ways(path, row.get("ways", []))
                blockers, remedies = map(_strings, lists)
                read.append(
                    Unscheduled(row["request"], row["reason"], row["detail"], blockers, remedies, ways)
                )
        return tuple(read)

    def ways(self, path: str, rows: object) -> tuple[Way, ...]:
        if not isinstance(rows, list):
            self.fault(f"{path}.ways", "must be a list")
            return ()
        read: list[Way] = []
        for i, row in enumerate(rows):
            is_one = isinstance(row, dict) and row.keys() == {"kind", "ids", "slot"}
            if not is_one or not isinstance(row["ids"], list):
                self.fault(f"{path}.ways[{i}]", "must be an object with kind, slot and the list ids")
            else:
                read.append(Way(str(row["kind"]), _strings(row["ids"]), str(row["slot"])))
        return tuple(read)


def _strings(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)

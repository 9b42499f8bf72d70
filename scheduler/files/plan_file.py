"""Plan files: parsing and serialising a Plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from scheduler.domain.entities import PlanStatus
from scheduler.domain.errors import Fault, MalformedPlan
from scheduler.domain.plan import (
    CommitmentClash,
    EventFix,
    FixAction,
    Json,
    Obstacle,
    Plan,
    ReasonSubject,
    Unscheduled,
    UnscheduledGroup,
)
from scheduler.files.meetings import is_id, read_meetings
from scheduler.files.readers import is_number

FORMAT = "chainmeet.plan/1"
_OF_ANSWER = {"request", "reason", "detail", "blockers", "remedies", "ways", "about", "obstacles"}
_OF_CLASH = {"requests", "cause", "who", "detail"}
_OF_GROUP = {"reason", "about", "requests", "weight", "lever", "holds", "gains"}


def read_plan(document: object) -> Plan:
    """Return a Plan from a parsed plan file. Raises MalformedPlan with all errors by path."""
    return _PlanReader().read(document)


def read_answers(rows: object) -> tuple[Unscheduled, ...]:
    """Return the parsed rows of a plan's `unscheduled`. Raises MalformedPlan with all errors by path."""
    reader = _PlanReader()
    answers = reader.read_unscheduled(rows)
    if reader.faults:
        raise MalformedPlan(reader.faults)
    return answers


def write_plan(plan: Plan) -> Json:
    """Return the document described in docs/problem-format.md."""
    return {
        "format": FORMAT,
        "problem": plan.problem,
        "status": str(plan.status),
        "score": plan.score,
        "terms": dict(plan.terms),
        "bound": plan.bound,
        "served_bound": plan.served_bound,
        **({} if plan.meetings_bound is None else {"meetings_bound": plan.meetings_bound}),
        "meetings": [meeting.to_json() for meeting in plan.meetings],
        "unscheduled": [row.to_json() for row in plan.unscheduled],
        **({"groups": [group.to_json() for group in plan.groups]} if plan.groups else {}),
        **({"not_kept": list(plan.not_kept)} if plan.not_kept else {}),
        **({"clashes": [clash.to_json() for clash in plan.clashes]} if plan.clashes else {}),
        "seconds": plan.seconds,
        "seed": plan.seed,
        "workers": plan.workers,
    }


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
            "meetings_bound", "meetings", "unscheduled", "groups", "not_kept", "clashes",
            "seconds", "seed", "workers",
        }  # fmt: skip
        for key in sorted(document.keys() - known):
            self.fault(key, "unknown key")
        if not is_id(document.get("problem")):
            self.fault("problem", "must be the fingerprint of the problem")
        if document.get("status") not in tuple(PlanStatus):
            self.fault("status", "must be one of " + ", ".join(PlanStatus))
        for key in ("score", "seconds", "seed", "workers"):
            if not is_number(document.get(key)):
                self.fault(key, "must be a number")
        for key in ("bound", "served_bound", "meetings_bound"):
            if document.get(key) is not None and not is_number(document[key]):
                self.fault(key, "must be a number or null")
        terms = document.get("terms")
        if not isinstance(terms, dict) or not all(is_number(value) for value in terms.values()):
            self.fault("terms", "must map each term to its count")
        meetings = read_meetings(document.get("meetings"), "meetings", self.faults)
        unscheduled = self.read_unscheduled(document.get("unscheduled", []))
        groups = self.read_groups(document.get("groups", []))
        clashes = self.read_clashes(document.get("clashes", []))
        not_kept = document.get("not_kept", [])
        if not isinstance(not_kept, list) or not all(map(is_id, not_kept)):
            self.fault("not_kept", "must be a list of ids")
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
            meetings_bound=document.get("meetings_bound"),
            groups=groups,
            not_kept=tuple(not_kept),
            clashes=clashes,
        )

    def read_clashes(self, rows: object) -> tuple[CommitmentClash, ...]:
        if not isinstance(rows, list):
            self.fault("clashes", "must be a list")
            return ()
        read: list[CommitmentClash] = []
        for i, row in enumerate(rows):
            if not isinstance(row, dict) or row.keys() != _OF_CLASH or not isinstance(row["requests"], list):
                self.fault(f"clashes[{i}]", f"must be an object with {', '.join(sorted(_OF_CLASH))}")
            else:
                who, requests = _strings(row["who"]), _strings(row["requests"])
                read.append(CommitmentClash(requests, str(row["cause"]), who, str(row["detail"])))
        return tuple(read)

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
            for key in sorted(row.keys() - _OF_ANSWER):
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
                about = self.about(f"{path}.about", row.get("about"))
                read.append(
                    Unscheduled(
                        row["request"],
                        row["reason"],
                        row["detail"],
                        blockers,
                        remedies,
                        ways,
                        about,
                        self.obstacles(path, row.get("obstacles", [])),
                    )
                )
        return tuple(read)

    def about(self, path: str, row: object) -> ReasonSubject:
        if row is None:
            return ReasonSubject()
        if (
            not isinstance(row, dict)
            or row.keys() != {"kind", "ids", "slot"}
            or not isinstance(row["ids"], list)
        ):
            self.fault(path, "must be an object with kind, slot and the list ids")
            return ReasonSubject()
        return ReasonSubject(str(row["kind"]), _strings(row["ids"]), str(row["slot"]))

    def read_groups(self, rows: object) -> tuple[UnscheduledGroup, ...]:
        if not isinstance(rows, list):
            self.fault("groups", "must be a list")
            return ()
        return tuple(self.group(f"groups[{i}]", row) for i, row in enumerate(rows))

    def group(self, path: str, row: object) -> UnscheduledGroup:
        if not isinstance(row, dict) or row.keys() != _OF_GROUP or not isinstance(row["requests"], list):
            self.fault(path, f"must be an object with {', '.join(sorted(_OF_GROUP))}")
            return UnscheduledGroup("", ReasonSubject(), (), 0)
        for key in ("weight", "holds", "gains"):
            if not is_number(row[key]) and (key == "weight" or row[key] is not None):
                self.fault(f"{path}.{key}", "must be a number")
        lever = row["lever"]
        if lever is not None and (not isinstance(lever, dict) or lever.keys() != {"kind", "ids", "slots"}):
            self.fault(f"{path}.lever", "must be an object with kind, ids and slots, or null")
            lever = None
        return UnscheduledGroup(
            reason=str(row["reason"]),
            about=self.about(f"{path}.about", row["about"]),
            requests=_strings(row["requests"]),
            weight=row["weight"],
            lever=lever and EventFix(str(lever["kind"]), _strings(lever["ids"]), _strings(lever["slots"])),
            holds=row["holds"],
            gains=row["gains"],
        )

    def obstacles(self, path: str, rows: object) -> tuple[Obstacle, ...]:
        if not isinstance(rows, list):
            self.fault(f"{path}.obstacles", "must be a list")
            return ()
        read: list[Obstacle] = []
        for i, row in enumerate(rows):
            is_one = isinstance(row, dict) and row.keys() == {"what", "who", "slots", "count"}
            if not is_one or not isinstance(row["slots"], list) or type(row["count"]) is not int:
                self.fault(f"{path}.obstacles[{i}]", "must be an object with what, who, slots and count")
            else:
                slots = _strings(row["slots"])
                read.append(Obstacle(str(row["what"]), str(row["who"]), slots, row["count"]))
        return tuple(read)

    def ways(self, path: str, rows: object) -> tuple[FixAction, ...]:
        if not isinstance(rows, list):
            self.fault(f"{path}.ways", "must be a list")
            return ()
        read: list[FixAction] = []
        for i, row in enumerate(rows):
            is_one = isinstance(row, dict) and row.keys() == {"kind", "ids", "slot"}
            if not is_one or not isinstance(row["ids"], list):
                self.fault(f"{path}.ways[{i}]", "must be an object with kind, slot and the list ids")
            else:
                read.append(FixAction(str(row["kind"]), _strings(row["ids"]), str(row["slot"])))
        return tuple(read)


def _strings(values: object) -> tuple[str, ...]:
    """Return the values as strings. Empty if it is not a list."""
    return tuple(str(value) for value in values) if isinstance(values, list) else ()

"""Problem files: parsing a Problem, with all errors by path, and serialising it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scheduler.domain.errors import Fault, MalformedProblem
from scheduler.domain.firm_groups import GroupBy
from scheduler.domain.problem import SAME_START, FairShare, Fixed, Interpreter, Policy, Problem, Request
from scheduler.files.lists import OPTIONAL, REQUIRED, Lists
from scheduler.files.people import read_attendees, read_firm_groups, read_firms, read_interpreters
from scheduler.files.policy import read_policy
from scheduler.files.requests import read_frozen_until, read_precedences, read_published, read_requests
from scheduler.files.venue import read_event, read_places, read_slots, read_walking

FORMAT = "chainmeet.problem/1"

Json = dict[str, Any]

MAX_POINTS = 2**53
"""Largest range in which a float represents every integer, so that scores are exact."""


def read_problem(document: object) -> Problem:
    """Return a Problem from a parsed problem file. Raises MalformedProblem with all errors by path."""
    if not isinstance(document, dict):
        raise MalformedProblem([Fault("", "a problem file is one JSON object")])
    lists = Lists(document=document)
    problem = _read(lists)
    if not lists.faults:
        _check_points(lists, problem)
    if lists.faults:
        raise MalformedProblem(lists.faults)
    return problem


def with_fingerprint(problem: Problem) -> tuple[Problem, Json]:
    """Return the problem with its fingerprint set, and the document that the fingerprint is of."""
    document = write_problem(problem)
    return replace(problem, source_fingerprint=document_fingerprint(document)), document


def problem_fingerprint(problem: Problem) -> str:
    """Return the fingerprint of the file that a problem was read from, or of its serialisation."""
    return problem.source_fingerprint or document_fingerprint(write_problem(problem))


def document_fingerprint(document: Json) -> str:
    """Return the SHA-256, in hex, of a problem file's canonical JSON (sorted keys, no spaces, UTF-8)."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _read(lists: Lists) -> Problem:
    document = lists.document
    if document.get("format") != FORMAT:
        lists.fault("format", f"must be {FORMAT!r}")
    for key in sorted(document.keys() - set(REQUIRED) - set(OPTIONAL)):
        lists.fault(key, "unknown key")
    for key in REQUIRED:
        if key not in document:
            lists.fault(key, "is missing")
    name, timezone = read_event(lists)
    lists.collect_ids()
    slots = read_slots(lists, timezone)
    return Problem(
        name=name,
        timezone=timezone,
        slots=slots,
        halls=tuple(lists.halls),
        walking=read_walking(lists),
        firms=tuple(read_firms(lists)),
        places=tuple(read_places(lists)),
        attendees=tuple(read_attendees(lists, slots, timezone)),
        interpreters=tuple(read_interpreters(lists)),
        requests=tuple(read_requests(lists)),
        precedences=tuple(read_precedences(lists)),
        published=read_published(lists),
        frozen_until=read_frozen_until(lists),
        named_groups=tuple(read_firm_groups(lists)),
        policy=read_policy(lists, document.get("policy", {})),
        source_fingerprint=None if lists.faults else document_fingerprint(document),
    )


def _check_points(lists: Lists, problem: Problem) -> None:
    """Check that all possible gains and losses of a plan add up to an integer that a float represents."""
    factors, days = problem.policy.factors, len(problem.attendees) * len(problem.slots)
    counts = {
        "served": sum(request.weight for request in problem.requests),
        "shortfall": sum(problem.floors),
        "idle": days,
        "hall_change": days,
        "repeated": len(problem.attendees) * len(problem.published) ** 2
        + sum(attendee.changed_before for attendee in problem.attendees) * len(problem.published),
        "unfair": sum(level * price for levels in problem.fair_levels for level, price in levels),
        "group_gap": sum(problem.group_request_counts),
    }
    points = sum(value * counts.get(term, len(problem.published)) for term, value in factors.items())
    if points > MAX_POINTS:
        message = f"with these weights a score may have {points:.3g} points, more than {MAX_POINTS}"
        lists.fault("policy.factors", message)


def write_problem(problem: Problem) -> Json:
    """Serialise a Problem. Indices become ids. All keys are written, except newer ones at their default."""
    return {
        "format": FORMAT,
        "event": {"name": problem.name, "timezone": problem.timezone},
        **_venue(problem),
        **_people(problem),
        "requests": [_request(problem, request) for request in problem.requests],
        "precedences": [
            {"before": problem.requests[before].id, "after": problem.requests[after].id}
            for before, after in problem.precedences
        ],
        "published": [meeting.to_json() for meeting in problem.published],
        "frozen_until": problem.frozen_until.isoformat() if problem.frozen_until else None,
        **_firm_groups(problem),
        "policy": _policy(problem.policy),
    }


def _venue(problem: Problem) -> Json:
    halls, firms = problem.halls, problem.firms
    return {
        "slots": [
            {"id": s.id, "start": s.start.isoformat(), "end": s.end.isoformat(), "block": s.block}
            for s in problem.slots
        ],
        "halls": list(halls),
        "walking_minutes": [
            {"from": halls[a], "to": halls[b], "minutes": problem.walking[a][b]}
            for a in range(len(halls))
            for b in range(a + 1, len(halls))
        ],
        "places": [
            {
                "id": p.id,
                "hall": halls[p.hall],
                "kind": str(p.kind),
                "firm": None if p.firm is None else firms[p.firm].id,
                "capacity": p.capacity,
                "unavailable": _slot_ids(problem, sorted(p.unavailable)),
                **({"partners": [firms[f].id for f in sorted(p.partners)]} if p.partners else {}),
            }
            for p in problem.places
        ],
    }


def _people(problem: Problem) -> Json:
    return {
        "firms": [
            {
                "id": f.id,
                "name": f.name,
                "tier": str(f.tier),
                "areas": list(f.areas),
                "country": f.country,
                "max_per_day": f.max_per_day,
                "min_meetings": f.min_meetings,
            }
            for f in problem.firms
        ],
        "attendees": [
            {
                "id": a.id,
                "firm": problem.firms[a.firm].id,
                "languages": sorted(a.languages),
                "unavailable": _slot_ids(problem, sorted(a.unavailable)),
                "max_per_day": a.max_per_day,
                **({"changed_before": a.changed_before} if a.changed_before else {}),
                **({} if a.max_in_row is None else {"max_in_row": a.max_in_row}),
                **({} if a.max_days is None else {"max_days": a.max_days}),
            }
            for a in problem.attendees
        ],
        "interpreters": [
            {
                "id": i.id,
                "languages": sorted(i.languages),
                "unavailable": _slot_ids(problem, sorted(i.unavailable)),
                **({"stations": _stations(problem, i)} if i.stations else {}),
            }
            for i in problem.interpreters
        ],
    }


def _stations(problem: Problem, interpreter: Interpreter) -> list[Json]:
    slots: dict[int, list[int]] = {}
    for slot, place in interpreter.stations:
        slots.setdefault(place, []).append(slot)
    return [
        {"place": problem.places[place].id, "slots": _slot_ids(problem, mine)}
        for place, mine in sorted(slots.items())
    ]


def _firm_groups(problem: Problem) -> Json:
    rows = [
        {"id": group.id, "firms": [problem.firms[f].id for f in group.firms]}
        for group in problem.named_groups
    ]
    return {"firm_groups": rows} if rows else {}


def _policy(policy: Policy) -> Json:
    counts = policy.reassigned_counts
    return {
        "require_all": policy.require_all,
        "fair_share": policy.fair_share,
        "idle_counts": policy.idle_counts,
        "max_idle_spread": policy.max_idle_spread,
        "max_moved": policy.max_moved,
        "factors": dict(policy.factors),
        **({} if policy.group_by is GroupBy.LIST else {"group_by": str(policy.group_by)}),
        **({} if counts == SAME_START else {"reassigned_counts": counts}),
        **({"fair_shares": [_fair_share(row) for row in policy.fair_shares]} if policy.fair_shares else {}),
        **({} if policy.max_pair_per_day is None else {"max_pair_per_day": policy.max_pair_per_day}),
        **({} if policy.max_in_row is None else {"max_in_row": policy.max_in_row}),
        **({} if policy.max_days is None else {"max_days": policy.max_days}),
    }


def _fair_share(row: FairShare) -> Json:
    return {"share": row.share, "price": row.price}


def _request(problem: Problem, request: Request) -> Json:
    return {
        "id": request.id,
        "from": problem.firms[request.sender].id,
        "to": problem.firms[request.receiver].id,
        "weight": request.weight,
        "length": request.length,
        "from_attendees": [problem.attendees[a].id for a in request.from_attendees],
        "to_attendees": [problem.attendees[a].id for a in request.to_attendees],
        **_excluded(problem, request),
        "place": str(request.place),
        "slots": None if request.slots is None else _slot_ids(problem, request.slots),
        "fixed": None if request.fixed is None else _fixed(problem, request.fixed),
    }


def _excluded(problem: Problem, request: Request) -> Json:
    ids = [problem.attendees[a].id for a in sorted(request.excluded)]
    return {"excluded": ids} if ids else {}


def _fixed(problem: Problem, fixed: Fixed) -> Json:
    where = {} if fixed.place is None else {"place": problem.places[fixed.place].id}
    return {"slot": problem.slots[fixed.slot].id, **where, **({"must": True} if fixed.must else {})}


def _slot_ids(problem: Problem, slots: Iterable[int]) -> list[str]:
    return [problem.slots[s].id for s in slots]

"""A Problem as its JSON file: ids for indices, every key written but those that came later and are off."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.domain.problem import FORMAT, SAME_START, Fixed, Json, Policy, Problem, Request


def write_problem(problem: Problem) -> Json:
    """The document of docs/problem-format.md."""
    halls, firms = problem.halls, problem.firms
    return {
        "format": FORMAT,
        "event": {"name": problem.name, "timezone": problem.timezone},
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
            }
            for p in problem.places
        ],
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
            for f in firms
        ],
        "attendees": [
            {
                "id": a.id,
                "firm": firms[a.firm].id,
                "languages": sorted(a.languages),
                "unavailable": _slot_ids(problem, sorted(a.unavailable)),
                "max_per_day": a.max_per_day,
            }
            for a in problem.attendees
        ],
        "interpreters": [
            {
                "id": i.id,
                "languages": sorted(i.languages),
                "unavailable": _slot_ids(problem, sorted(i.unavailable)),
            }
            for i in problem.interpreters
        ],
        "requests": [_request(problem, request) for request in problem.requests],
        "precedences": [
            {"before": problem.requests[before].id, "after": problem.requests[after].id}
            for before, after in problem.precedences
        ],
        "published": [meeting.to_json() for meeting in problem.published],
        "frozen_until": problem.frozen_until.isoformat() if problem.frozen_until else None,
        "policy": {
            "require_all": problem.policy.require_all,
            "fair_share": problem.policy.fair_share,
            "idle_counts": problem.policy.idle_counts,
            "max_idle_spread": problem.policy.max_idle_spread,
            "max_moved": problem.policy.max_moved,
            "factors": dict(problem.policy.factors),
            **_reassigned_counts(problem.policy),
        },
    }


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


def _reassigned_counts(policy: Policy) -> Json:
    counts = policy.reassigned_counts
    return {} if counts == SAME_START else {"reassigned_counts": counts}


def _excluded(problem: Problem, request: Request) -> Json:
    ids = [problem.attendees[a].id for a in sorted(request.excluded)]
    return {"excluded": ids} if ids else {}


def _fixed(problem: Problem, fixed: Fixed) -> Json:
    where = {} if fixed.place is None else {"place": problem.places[fixed.place].id}
    return {"slot": problem.slots[fixed.slot].id, **where, **({"must": True} if fixed.must else {})}


def _slot_ids(problem: Problem, slots: Iterable[int]) -> list[str]:
    return [problem.slots[s].id for s in slots]

"""Minimal conflicting sets of commitments, and a minimum set to release so that the rest is feasible.

Each conflict is minimal: removing any member makes it feasible. The released set is a minimum hitting set of
all conflicts (Reiter 1987, doi:10.1016/0004-3702(87)90062-2).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from scheduler.domain.commitments.descriptions import describe_clash
from scheduler.domain.commitments.feasibility import PartialAssignment, is_feasible
from scheduler.domain.commitments.options import Commitments
from scheduler.domain.plan import CommitmentClash
from scheduler.domain.problem import Problem

MAX_SETS = 200
MAX_NEIGHBOURS = 100  # meetings around one that may be reassigned to make room for it
MAX_EXACT = 12  # conflicts per component for an exact hitting set; larger ones are greedy

Core = frozenset[str]
Decide = Callable[[Collection[str]], bool | None]


@dataclass(frozen=True, slots=True)
class UnkeptCommitments:
    """Commitments that cannot be met: the fewest requests to release, and the conflicts that explain why."""

    not_kept: tuple[str, ...] = ()
    clashes: tuple[CommitmentClash, ...] = ()


def find_unkept(problem: Problem, decide: Decide = lambda _: None) -> UnkeptCommitments:
    """Find the compulsory and frozen meetings that are infeasible whatever else is scheduled.

    Parameters
    ----------
    problem
        A parsed and validated problem. Requests that are compulsory only through `require_all` are ignored.
    decide
        Slower oracle, called for sets that the search cannot decide within its limit. Returns True if the set
        is feasible, False if not, None if unknown.

    Returns
    -------
    UnkeptCommitments
        Empty if all commitments are feasible, or if infeasibility was not proven. Rules about the whole plan
        (H12, H13) are not checked.
    """
    return _settle(Commitments(problem), decide)


def find_clash(problem: Problem, id: str) -> CommitmentClash | None:
    """Find the conflict that a compulsory request has with commitments that are feasible without it.

    Parameters
    ----------
    problem
        A parsed and validated problem.
    id
        The compulsory request.

    Returns
    -------
    CommitmentClash | None
        A minimal conflicting set that contains the request, or None if it is feasible too.
    """
    commitments = Commitments(problem)
    others = {other for other in commitments.of if other != id}
    out = {*commitments.of} - others | set(_settle(commitments, lambda _: None, others).not_kept)
    core = _Search(commitments, lambda _: None, others | {id}).core(out - {id}, last=id)
    return None if core is None else describe_clash(commitments, core)


def _settle(
    commitments: Commitments, decide: Decide, among: Collection[str] | None = None
) -> UnkeptCommitments:
    if not commitments.of:
        return UnkeptCommitments()
    search = _Search(commitments, decide, commitments.of if among is None else among)
    cores = [frozenset((id,)) for id in search.among if not commitments.of[id].options]
    while len(cores) < MAX_SETS:
        core = search.core(_least_hitting(commitments, cores))
        if core is None:
            break
        cores.append(core)
    out = _least_hitting(commitments, cores)
    order = commitments.problem.index.requests
    return UnkeptCommitments(
        tuple(sorted(out, key=order.__getitem__)), tuple(describe_clash(commitments, core) for core in cores)
    )


class _Search:
    """Search for conflicting sets within a subset of the commitments."""

    def __init__(self, commitments: Commitments, decide: Decide, among: Collection[str]) -> None:
        self.commitments, self.decide = commitments, decide
        self.among = [id for id in commitments.of if id in among]
        self.near = _near(commitments, self.among)

    def core(self, out: Collection[str], last: str | None = None) -> Core | None:
        """Return a minimal conflicting set that avoids `out`, or None if the other commitments are feasible.

        `last` is added last, so that a conflict found contains it.
        """
        order = sorted((id for id in self.among if id not in out), key=lambda id: id == last)
        keeping = PartialAssignment(self.commitments)
        for id in order:
            way = next(keeping.ways(id), None)
            if way is not None:
                keeping.add(id, way)
                continue
            found = self._rearranged(keeping, id)
            if isinstance(found, frozenset):
                return found
            keeping = found
        return None

    def _rearranged(self, keeping: PartialAssignment, id: str) -> PartialAssignment | Core:
        """Return the assignment extended by `id`, or a minimal conflicting set that contains it.

        The meetings that may be reassigned grow outwards from `id`, step by step.
        """
        for other in self.near[id]:
            if other in keeping.chosen and self._can_keep((other, id)) is False:
                return frozenset((other, id))
        mine = [*keeping.chosen, id]
        around, size = {id}, 0
        while size < len(around) and size < MAX_NEIGHBOURS:
            size = len(around)
            around |= {other for one in tuple(around) for other in self.near[one] if other in keeping.chosen}
            again = PartialAssignment(self.commitments)
            for other in mine:
                if other not in around:
                    again.add(other, keeping.chosen[other])
            if again.extend([other for other in mine if other in around]):
                return again
            if self._can_keep(around) is False:
                return self._minimal(around, id)
        return keeping  # undecided: a later search may still find a way

    def _minimal(self, ids: Collection[str], wanted: str) -> Core:
        """Return a minimal conflicting subset, by deletion of one member at a time. `wanted` stays in it."""
        left = [wanted, *(id for id in self.among if id in ids and id != wanted)]
        for id in left[1:]:
            rest = [other for other in left if other != id]
            if self._can_keep(rest) is False:
                left = rest
        return frozenset(left)

    def _can_keep(self, ids: Collection[str]) -> bool | None:
        answer = is_feasible(self.commitments, ids)
        return self.decide(ids) if answer is None else answer


def _near(commitments: Commitments, among: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Return each commitment's neighbours: those sharing a person, a place, a firm's day or a precedence."""
    problem = commitments.problem
    sharing: defaultdict[tuple[object, ...], set[str]] = defaultdict(set)
    for id in among:
        one = commitments.of[id]
        row = problem.requests[one.request]
        keys: set[tuple[object, ...]] = {
            ("firm", firm, problem.days[one.start])
            for firm in (row.sender, row.receiver)
            if problem.firms[firm].max_per_day is not None
        }
        for option in one.options:
            keys.update(("attendee", a) for a in option.people)
            if option.interpreter is not None:
                keys.add(("interpreter", option.interpreter))
            keys.update(("place", option.group, slot) for slot in one.slots)
        for key in keys:
            sharing[key].add(id)
    for before, after in problem.precedences:
        pair = {problem.requests[r].id for r in (before, after)}
        if pair <= commitments.of.keys():
            sharing["order", before, after] = pair & set(among)
    near: defaultdict[str, set[str]] = defaultdict(set)
    for ids in sharing.values():
        for id in ids:
            near[id] |= ids
    order = {id: k for k, id in enumerate(among)}
    return {id: sorted(near[id] - {id}, key=order.__getitem__) for id in among}


def _least_hitting(commitments: Commitments, cores: Sequence[Core]) -> set[str]:
    """Return a minimum hitting set of the conflicts. Ties: locks before frozen meetings, then low weight."""
    requests = commitments.problem.requests

    def cost(ids: Collection[str]) -> tuple[int, int, int]:
        rows = [commitments.of[id] for id in ids]
        return (
            len(rows),
            sum(row.is_frozen for row in rows),
            sum(requests[row.request].weight for row in rows),
        )

    def least(left: Sequence[Core], taken: Core, best: Core | None) -> Core | None:
        if best is not None and cost(taken) >= cost(best):
            return best
        if not left:
            return taken
        for id in sorted(left[0], key=lambda id: cost((id,))):
            best = least([core for core in left if id not in core], taken | {id}, best)
        return best

    hit = set[str]()
    for together in _components(cores):
        if len(together) <= MAX_EXACT:
            hit |= least(sorted(together, key=len), frozenset(), None) or set()
            continue
        left = list(together)
        while left:
            count = {id: sum(id in core for core in left) for core in left for id in core}
            best = min(count, key=lambda id: (-count[id], *cost((id,)), id))
            hit.add(best)
            left = [core for core in left if best not in core]
    return hit


def _components(cores: Sequence[Core]) -> list[list[Core]]:
    """Group the conflicts into connected components."""
    found: list[tuple[set[str], list[Core]]] = []
    for core in cores:
        touching = [each for each in found if not each[0].isdisjoint(core)]
        found = [each for each in found if each[0].isdisjoint(core)]
        ids = set(core).union(*(each[0] for each in touching))
        found.append((ids, [core, *(one for each in touching for one in each[1])]))
    return [together for _, together in found]

"""Benchmark instances: problem files, or expos generated from a seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chainmeet.files import read_problem
from scheduler.domain.problem import Problem
from scheduler.samples.expo import make_expo
from scheduler.samples.problem import to_problem


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem, and its name in tables."""

    name: str
    problem: Problem


def generated(firms: int, requests: int, seed: int = 1) -> Instance:
    """Return the problem that `chainmeet generate` writes for these sizes."""
    problem = to_problem(make_expo(firms=firms, requests=requests, seed=seed))
    return Instance(f"{firms} firms, {requests:,} requests", problem)


def read_instances(files: Iterable[Path]) -> list[Instance]:
    """Return the problems of files, smallest first. Raises InvalidInput."""
    found = [Instance(file.name.split(".")[0], read_problem(file)) for file in files]
    return sorted(found, key=lambda one: len(one.problem.requests))


def wanted(name: str, only: Sequence[str]) -> bool:
    """True if `only` is empty or the name contains one of its words."""
    return not only or any(word.lower() in name.lower() for word in only)

"""The solver's public functions document parameters and results in NumPy's sections."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOLVER = ROOT / "scheduler/solver"
KERNELS = ("compiled", "state", "operators", "ranges")
"""Packages and modules of compiled code, whose parameters are documented in `docs/solver.md`."""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported() -> Iterator[tuple[str, str]]:
    """Yield imports from a solver folder into another one: the module and the name."""
    for package in ("scheduler", "workers", "chainmeet", "benchmarks"):
        for path in (ROOT / package).rglob("*.py"):
            here = module_of(path).rpartition(".")[0]
            text = path.read_text("utf-8")
            for node in ast.walk(ast.parse(text)) if "scheduler.solver" in text else ():
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("scheduler.solver"):
                    module = node.module or ""
                    if module.rpartition(".")[0] != here:
                        yield from ((module, alias.name) for alias in node.names)


def doors() -> dict[str, ast.FunctionDef]:
    """Return the solver's functions, except kernels, that modules of other folders import."""
    wanted = set(imported())
    found = {}
    for path in SOLVER.rglob("*.py"):
        if not {*path.parts, path.stem} & {*KERNELS}:
            for node in ast.parse(path.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and (module_of(path), node.name) in wanted:
                    found[f"{path.relative_to(SOLVER)}:{node.name}"] = node
    return found


def faults(door: ast.FunctionDef) -> Iterator[str]:
    """Yield what a function's docstring lacks."""
    told = [line.strip() for line in (ast.get_docstring(door) or "").splitlines()]
    taken = [argument.arg for argument in (*door.args.args, *door.args.kwonlyargs)]
    if not told:
        yield "has no docstring"
    yield from (f"does not tell {word}" for word in taken if word not in told)
    if taken and "Parameters" not in told:
        yield "has no Parameters"
    gives = door.returns is not None and ast.unparse(door.returns) != "None"
    if taken and gives and "Returns" not in told:  # without parameters, the summary describes the result
        yield "has no Returns"
    if ("Raises" in told) != any(isinstance(node, ast.Raise) for node in ast.walk(door)):
        yield "Raises and raise do not agree"


def test_a_door_of_the_solver_tells_its_parameters_what_it_returns_and_what_it_raises() -> None:
    found = doors()
    assert len(found) > 25
    assert "solve.py:solve" in found
    assert [f"{name} {fault}" for name, door in found.items() for fault in faults(door)] == []

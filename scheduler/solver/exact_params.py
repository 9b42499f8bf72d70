"""How CP-SAT is set: what its known faults ask for, and workers that search in different ways."""

from __future__ import annotations

from typing import Any

# Proves: unsatisfiable cores of the objective, without an LP (the breaks of a B2BSP are all soft clauses).
CORES: dict[str, Any] = {"optimize_with_core": True, "linearization_level": 0}


def set_parameters(parameters: Any, workers: int, seed: int, seconds: float, *, suspicious: bool) -> None:
    """Fill CP-SAT's parameters; `suspicious` checks an answer on another path through presolve."""
    parameters.random_seed = seed
    parameters.max_time_in_seconds = seconds
    parameters.catch_sigint_signal = False
    # google/or-tools #5293: with it above 0, a false OPTIMAL was seen.
    parameters.presolve_inclusion_work_limit = 0
    if suspicious:
        parameters.symmetry_level = 0
        parameters.cp_model_probing_level = 0
    parameters.num_workers = max(1, workers)
    if workers <= 1:
        _set(parameters, CORES)
        return
    # What `subsolver_params.add()` returns cannot be set; a new one can.
    cores = type(parameters)()
    cores.name = "cores"
    _set(cores, CORES)
    parameters.subsolver_params.append(cores)
    # The cores prove and rarely have a plan; "no_lp" finds plans, "default_lp" bounds what has weights.
    parameters.subsolvers.extend(("cores", "no_lp", "default_lp", "quick_restart")[:workers])
    # google/or-tools #5163: limits are ignored in there.
    parameters.ignore_subsolvers.append("variables_shaving")


def _set(parameters: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        setattr(parameters, key, value)

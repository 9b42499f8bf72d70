"""How CP-SAT is set: what its known faults ask for, and workers that search in different ways."""

from __future__ import annotations

from typing import Any

# Proofs: unsatisfiable cores of the objective, without an LP. Not with `use_pb_resolution`: a check in it can
# fail in 9.15 ("We don't have a conflict!"), and that ends the process.
CORES: dict[str, Any] = {"optimize_with_core": True, "linearization_level": 0}

# Two workers on cores ("core" is CP-SAT's own) learn from each other. Where places are nearly full, "max_lp"
# bounds by counting what cores cannot, and they start from its bound. "no_lp" finds plans, "default_lp"
# bounds what has weights. CP-SAT takes the first of them, without cores if presolve leaves no objective.
PROVERS = ("cores", "core", "no_lp", "max_lp")
COUNTERS = ("cores", "max_lp", "no_lp", "core")
FINDERS = ("cores", "no_lp", "default_lp")


def configure_cp_sat(
    parameters: Any,
    workers: int,
    seed: int,
    seconds: float,
    *,
    proving: bool,
    crowded: bool = False,
    suspicious: bool = False,
) -> None:
    """Fill CP-SAT's parameters.

    `proving` takes the workers that prove before those that find plans, where a plan is had with its proof
    (all is compulsory), and `crowded` those for places that are nearly full. `suspicious` checks an answer on
    another path through presolve.
    """
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
    # What `subsolver_params.add()` returns cannot be set. A new one can.
    cores = type(parameters)()
    cores.name = "cores"
    _set(cores, CORES)
    parameters.subsolver_params.append(cores)
    provers = COUNTERS if crowded else PROVERS
    parameters.subsolvers.extend(provers if proving else FINDERS)
    if proving:
        # By itself CP-SAT would leave a worker to local search, and of two provers run only the first.
        parameters.num_full_subsolvers = min(workers, len(provers))
    # google/or-tools #5163: limits are ignored in there.
    parameters.ignore_subsolvers.append("variables_shaving")


def _set(parameters: Any, values: dict[str, Any]) -> None:
    for key, value in values.items():
        setattr(parameters, key, value)

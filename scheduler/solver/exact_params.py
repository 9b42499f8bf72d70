"""How CP-SAT is set: what its known faults ask for, and workers that search in different ways."""

from __future__ import annotations


def parameters(workers: int, seed: int, seconds: float, *, suspicious: bool = False) -> dict[str, object]:
    """Parameters of one search by name; `suspicious` checks an answer on another path through presolve."""
    values: dict[str, object] = {
        "num_workers": max(1, workers),
        "random_seed": seed,
        "max_time_in_seconds": seconds,
        "catch_sigint_signal": False,
        # google/or-tools #5293: with it above 0, a false OPTIMAL was seen.
        "presolve_inclusion_work_limit": 0,
    }
    if suspicious:
        values |= {"symmetry_level": 0, "cp_model_probing_level": 0}
    return values

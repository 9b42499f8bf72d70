"""Every key of the format in random problems: no method claims what trying every plan contradicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scheduler.domain.problem import TERMS
from scheduler.files import policy
from scheduler.files.lists import KEYS, OPTIONAL, REQUIRED
from tests.support import random_problems
from tests.support.random_problems import examine_problems, find_faults, list_keys, whole_documents

Json = dict[str, Any]
INNER = {"hours": "attendees.hours", "stations": "interpreters.stations", "fixed": "requests.fixed"}
"""Where the lists of keys stand that belong to a row of another list."""


def keys_of_the_format() -> set[str]:
    """Return the path of each key that a problem file may have."""
    of_rows = {
        f"{INNER.get(name, name)}.{key}" for name, both in KEYS.items() for keys in both for key in keys
    }
    of_policy = {f"policy.{key}" for key in policy.KEYS}
    of_shares = {f"policy.fair_shares.{key}" for keys in policy.FAIR_KEYS for key in keys}
    of_factors = {f"policy.factors.{term}" for term in TERMS}
    published = {f"published.{key}" for key in ("request", "slot", "place", "attendees", "interpreter")}
    return {*REQUIRED, *OPTIONAL} | of_rows | of_policy | of_shares | of_factors | published


def test_the_generator_draws_every_key_of_the_format() -> None:
    drawn = set[str]()

    @settings(max_examples=300, database=None, suppress_health_check=list(HealthCheck))
    @given(whole_documents())
    def draw(document: Json) -> None:
        drawn.update(list_keys(document))

    draw()
    assert drawn == keys_of_the_format()


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(whole_documents(max_requests=4))
def test_no_method_claims_what_trying_every_plan_contradicts(document: Json) -> None:
    assert list(find_faults(document)) == []


def test_the_command_counts_what_it_draws_and_stores_a_problem_with_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = examine_problems(2, 1, tmp_path)
    assert (found["problems"], found["with faults"], list(tmp_path.iterdir())) == (2, 0, [])
    monkeypatch.setattr(random_problems, "find_faults", lambda _: ["wrong"])
    assert examine_problems(1, 1, tmp_path)["with faults"] == 1
    (stored,) = tmp_path.iterdir()
    assert json.loads(stored.read_text(encoding="utf-8"))["format"] == "chainmeet.problem/1"

"""The pages of the flows say which rooms call each other, as they do when a flow is run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.flows.drawing import tree
from tests.support.flows.tracing import Call, Step

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
def test_the_pages_of_the_flows_are_what_a_run_of_each_flow_calls() -> None:
    """In a process of its own: what another test left in a cache is not called again."""
    program = [sys.executable, "-m", "tests.support.flows", "--check"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"Renew by: python -m tests.support.flows\n{done.stdout}{done.stderr[-3000:]}"
    )


def test_a_tree_has_each_room_below_the_one_that_calls_it_first() -> None:
    calls = [
        Call("start", "pages", "requests.ask"),
        Call("pages", "requests", "requests.submit"),
        Call("requests", "directory", "refs.find"),
        Call("pages", "directory", "cards.card"),
        Call("directory", "invites", "text.clean"),
    ]
    assert tree(Step("A form", calls)) == [
        "pages            requests.ask",
        "├─ requests      requests.submit",
        "│  └─ directory  refs.find",
        "└─ directory     cards.card",
        "   └─ invites    text.clean",
    ]

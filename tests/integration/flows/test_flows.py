"""The flow pages match the calls between rooms when a flow is executed."""

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
    """In a separate process, because cached calls of other tests would be missing."""
    program = [sys.executable, "-m", "tests.support.flows", "--check"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (
        f"Renew by: python -m tests.support.flows\n{done.stdout}{done.stderr[-3000:]}"
    )


def test_a_tree_has_each_room_below_the_one_that_calls_it_first() -> None:
    calls = [
        Call("start", "pages", "requests.ask"),
        Call("pages", "requests", "requests.submit_request"),
        Call("requests", "directory", "refs.find"),
        Call("pages", "directory", "cards.card"),
        Call("directory", "invites", "text.clean"),
    ]
    assert tree(Step("A form", calls)) == [
        "pages            requests.ask",
        "├─ requests      requests.submit_request",
        "│  └─ directory  refs.find",
        "└─ directory     cards.card",
        "   └─ invites    text.clean",
    ]

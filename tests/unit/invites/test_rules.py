"""Every rule of docs/invitations.md has a test named after it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RULES = re.findall(
    r"^\| ([RMI]\d+|1\.\d+|trap \d+) \|", (ROOT / "docs/invitations.md").read_text("utf-8"), re.MULTILINE
)
PREFIX = re.compile(r"def test_((?:(?:[rmi]\d+|1_\d+|trap_\d+)_)+)")


def held() -> set[str]:
    """Return the rules that tests are named after: test_m2_m3_... covers M2 and M3."""
    found: set[str] = set()
    for path in [*ROOT.glob("tests/unit/**/test_*.py"), *ROOT.glob("tests/integration/**/test_*.py")]:
        for names in PREFIX.findall(path.read_text("utf-8")):
            found |= set(re.findall(r"trap_\d+|1_\d+|[rmi]\d+", names))
    return found


HELD = held()


@pytest.mark.parametrize("rule", RULES)
def test_a_test_is_named_after_the_rule(rule: str) -> None:
    assert re.sub(r"[ .]", "_", rule.lower()) in HELD


def test_the_rules_are_all_there() -> None:
    counts = {kind: sum(rule.startswith(kind) for rule in RULES) for kind in ("R", "M", "I", "1.", "trap")}
    assert counts == {"R": 10, "M": 13, "I": 15, "1.": 10, "trap": 22}


def test_no_test_is_named_after_a_rule_that_is_not_there() -> None:
    assert {re.sub(r"[ .]", "_", rule.lower()) for rule in RULES} >= HELD

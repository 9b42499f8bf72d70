"""The tests that the accessibility statement names exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_what_the_statement_says_is_tested_has_its_test() -> None:
    said = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    named = set(re.findall(r"`(tests/[^`]+)`", said))
    assert len(named) > 4
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []

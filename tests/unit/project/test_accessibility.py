"""The accessibility statement names existing tests, and every criterion of WCAG 2.2 A and AA."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scheduler.domain import colours

ROOT = Path(__file__).parents[3]


def test_what_the_statement_says_is_tested_has_its_test() -> None:
    said = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    named = set(re.findall(r"`(tests/[^`]+)`", said))
    assert len(named) > 4
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


CRITERIA = {
    "1.1": (1,),
    "1.2": range(1, 6),
    "1.3": range(1, 6),
    "1.4": (1, 2, 3, 4, 5, 10, 11, 12, 13),
    "2.1": (1, 2, 4),
    "2.2": (1, 2),
    "2.3": (1,),
    "2.4": (*range(1, 8), 11),
    "2.5": (1, 2, 3, 4, 7, 8),
    "3.1": (1, 2),
    "3.2": (1, 2, 3, 4, 6),
    "3.3": (1, 2, 3, 4, 7, 8),
    "4.1": (1, 2, 3),
}
"""Success criteria of levels A and AA, by guideline: WCAG 2.2, and 4.1.1 of WCAG 2.1 (EN 301 549 V3.2.1)."""


def test_the_statement_judges_every_criterion_once() -> None:
    said = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    judged = re.findall(
        r"^\| (\d\.\d\.\d+) [^|]+ \| (?:met|partly met|not met|not applicable) \| \S", said, re.MULTILINE
    )
    assert judged == [
        f"{guideline}.{number}" for guideline, numbers in CRITERIA.items() for number in numbers
    ]


def test_what_is_met_in_part_is_named() -> None:
    said = (ROOT / "docs" / "accessibility.md").read_text("utf-8")
    limits = said.partition("## Known limitations")[2]
    partly = re.findall(r"^\| (\d\.\d\.\d+) [^|]+ \| (?:partly|not) met \|", said, re.MULTILINE)
    assert [each for each in partly if each not in limits] == []


LINES = ("control-line", "focus")
AREAS = ("energy", "vehicles", "digital", "healthy", "agriculture", "manufacturing", "services")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_fields_the_focus_and_charts_have_the_contrast_of_graphics(scheme: str) -> None:
    """WCAG 1.4.11: 3:1 against the page and the card."""
    sheet = (ROOT / "api" / "static" / "tokens.css").read_text("utf-8")
    token = re.compile(r"--([\w-]+):(#[0-9a-f]{6})")
    dark = re.compile(r"@media[^{]+prefers-color-scheme:dark\)\{.*?\n\}", re.DOTALL)
    tokens = dict(token.findall(dark.sub("", sheet)))
    if scheme == "dark":
        tokens |= dict(token.findall("".join(dark.findall(sheet))))
    drawn = [*LINES, *(f"area-{area}" for area in AREAS)]
    low = [
        (name, ground, ratio)
        for name in drawn
        for ground in ("paper", "card")
        if (ratio := colours.contrast(tokens[name], tokens[ground])) < 3
    ]
    assert low == []

"""Rules that have one place: what may be made there, no other module makes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("scheduler", "workers", "api", "chainmeet")


def trees() -> Iterator[tuple[str, ast.Module]]:
    """Every module of ours but the migrations, by path."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def calls(tree: ast.AST) -> Iterator[str]:
    """The last word of what each call calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                yield node.func.id
            elif isinstance(node.func, ast.Attribute):
                yield node.func.attr


def test_messages_to_calendars_are_made_by_the_revisions_of_itip_alone() -> None:
    makers = {name for name, tree in trees() if "Message" in calls(tree)}
    assert makers == {"scheduler/invites/ical/itip_revisions.py"}

"""Single-place rules: what one module may do, no other module does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PACKAGES = ("scheduler", "workers", "api", "chainmeet")


@cache
def trees() -> list[tuple[str, ast.Module]]:
    """Return every module except migrations, by path."""
    return [
        (path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8")))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "migrations" not in path.parts
    ]


def named(node: ast.AST) -> str:
    """Return a name's last part: `payload` of `row.payload`."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def calls(tree: ast.AST) -> Iterator[str]:
    """Yield the last part of each called name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield named(node.func)


def test_messages_to_calendars_are_made_by_the_revisions_of_itip_alone() -> None:
    makers = {name for name, tree in trees() if "ItipMessage" in calls(tree)}
    assert makers == {"scheduler/invites/ical/itip_revisions.py"}


def test_which_version_a_run_made_is_said_once() -> None:
    """Restoring an earlier version keeps its run, but the copy is not the run's result."""
    joins = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare) and ast.unparse(node.left) == "ScheduleVersion.run_id"
    }
    assert joins == {"scheduler/services/schedule/versions.py"}


CLOCKS = {"scheduler/solver/clock.py", "scheduler/solver/bounds/lp_process.py"}
"""The second is a separate process's program."""


def test_the_solver_reads_the_time_in_one_module() -> None:
    readers = {name for name, tree in trees() if {"monotonic", "perf_counter"} & set(calls(tree))}
    assert {name for name in readers if name.startswith("scheduler/solver")} == CLOCKS


OUTBOX = "scheduler/services/outbox/outbox.py"


def makes_or_deletes_mails(tree: ast.AST) -> bool:
    """Return True if it calls OutboxEmail(...), insert(OutboxEmail) or delete(OutboxEmail)."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    statements = [node for node in found if named(node.func) in ("insert", "delete") and node.args]
    return any(named(node.func) == "OutboxEmail" for node in found) or any(
        named(node.args[0]) == "OutboxEmail" for node in statements
    )


def test_the_outbox_has_one_way_in_and_one_that_drops() -> None:
    assert {name for name, tree in trees() if makes_or_deletes_mails(tree)} == {OUTBOX}


def asks_for_attempts(tree: ast.AST) -> bool:
    """Return True if it compares `OutboxEmail.attempts` with zero, which means "never attempted"."""
    return any(
        ast.unparse(node) == "OutboxEmail.attempts == 0"
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
    )


def test_what_no_sender_has_touched_is_said_once() -> None:
    assert {name for name, tree in trees() if asks_for_attempts(tree)} == {OUTBOX}


def reads_a_payload(tree: ast.AST) -> bool:
    """Return True if it reads a payload: by key, by `get`, or as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and named(node.value) == "payload":
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of_it = node.func.attr == "get" and named(node.func.value) == "payload"
            whole = node.func.attr == "from_json" and any(named(arg) == "payload" for arg in node.args)
            if of_it or whole:
                return True
    return False


def test_only_who_renders_a_mail_reads_its_payload() -> None:
    services = [(name, tree) for name, tree in trees() if name.startswith(("scheduler/services/", "api/"))]
    readers = {name for name, tree in services if reads_a_payload(tree)}
    assert readers == {
        "scheduler/services/outbox/payloads.py",
        "scheduler/services/delivery/rendering.py",
        "scheduler/services/delivery/journal_lines.py",
    }


def test_the_end_of_the_frozen_hours_is_worked_out_by_the_event_alone() -> None:
    """Others use `Event.frozen_until`, or store the setting as typed."""
    readers = {
        name
        for name, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "freeze_hours"
    }
    assert readers == {"api/pages/events/events.py", "scheduler/storage/models/event.py"}

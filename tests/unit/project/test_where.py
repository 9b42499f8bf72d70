"""`make where WORD` finds the package for a rule from the words of a newcomer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import where

ROOT = Path(__file__).parents[3]
FIRST = 4
"""Lines of each kind that people read."""

RULES = [
    ("undo minutes", "scheduler/services/requests"),
    ("csv formula", "scheduler/sheets"),
    ("raw email retention", "scheduler/services/emails/inbound"),
    ("digest time", "scheduler/services/requests/digests"),
    ("request expiry", "scheduler/services/requests"),
    ("spreadsheet header", "scheduler/services/spreadsheets"),
    ("max rows", "scheduler/sheets"),
    ("publish hold", "scheduler/storage/models/event.py"),
    ("idempotency lifetime", "scheduler/services/identity"),
    ("email language", "scheduler/invites/catalogue"),
    ("dtstamp", "scheduler/invites/ical"),
    ("bounce", "scheduler/services/emails/inbound"),
    ("kempe", "scheduler/solver/operators"),
    ("sign-in link", "scheduler/services/identity"),
    ("double booking", "scheduler/services/schedule"),
    ("late", "scheduler/services/agendas/my_day"),
]
"""Words for a rule, and the folder or file that implements it."""


@pytest.mark.parametrize(("words", "place"), RULES)
def test_the_first_lines_name_the_place_of_a_rule(words: str, place: str) -> None:
    hits = [hit.item for hit in where.find(words.split())]
    by_kind = [[item.place for item in hits if item.kind == kind][:FIRST] for kind in where.KINDS]
    assert [each for found in by_kind for each in found if each.startswith(place)], by_kind


@pytest.mark.parametrize(
    ("words", "kind", "name"),
    [
        ("outbox", "room", "outbox"),
        ("meeting_request", "table", "meeting_request (MeetingRequest)"),
        ("secret_key", "setting", "secret_key"),
        ("agenda", "page", "GET /agenda"),
        ("kempe", "module", "kempe"),
    ],
)
def test_each_kind_of_thing_is_found(words: str, kind: str, name: str) -> None:
    assert (kind, name) in {(hit.item.kind, hit.item.name) for hit in where.find(words.split())}


def test_a_synonym_finds_what_the_word_does_not() -> None:
    assert any(hit.item.name == "directory" for hit in where.find(["directory"]))
    assert any("email" in hit.item.text or "mail" in hit.item.text for hit in where.find(["letter", "queue"]))


def test_what_is_nowhere_is_said() -> None:
    assert where.report(["zeppelin"]) == "Nothing has zeppelin in its name or first line."


def test_the_program_needs_no_package_and_no_environment() -> None:
    program = [sys.executable, "-I", "-S", "tests/support/where.py", "outbox"]
    answer = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "scheduler/services/outbox" in answer.stdout

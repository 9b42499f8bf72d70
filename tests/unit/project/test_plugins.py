"""Entry points: loaded by name, or skipped with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import Markup

from scheduler.plugins import EVERY_GROUP, EXPORTS, SUBSCRIBERS, ExportPlugin
from scheduler.plugins.exports import RIGHTS
from scheduler.plugins.loading import found, load
from scheduler.services.identity.rights import Right
from tests.support.plugins import installed

PROJECT = """
[project]
name = "chainmeet-odd"
version = "2.0"
[project.entry-points."chainmeet.subscribers"]
good = "odd:receive"
number = "odd:NUMBER"
missing = "odd:nothing"
gone = "no_such_module:receive"
leaves = "leaving:receive"
Bad_Name = "odd:receive"
[project.entry-points."chainmeet.exports"]
too-much = "odd_right:export"
"""
ODD = "NUMBER = 7\ndef receive(event): pass\n"
ODD_RIGHT = """
from scheduler.plugins import ExportPlugin
export = ExportPlugin("All", "Everything", "MANAGE_EVENT", "text/csv", "csv", lambda schedule: b"")
"""


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[None]:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in {
        "pyproject.toml": PROJECT,
        "odd.py": ODD,
        "odd_right.py": ODD_RIGHT,
        "leaving.py": "raise SystemExit('bye')",
    }.items():
        (source / name).write_text(text, "utf-8")
    with installed(source, tmp_path / "site"):
        yield


def test_a_plugin_that_cannot_be_loaded_is_named_and_the_others_are_there(odd: None) -> None:
    assert list(load(SUBSCRIBERS)) == ["good"]
    assert dict(load(EXPORTS)) == {}
    faults = {
        each.name: each.fault for each in found(EVERY_GROUP) if each.distribution == "chainmeet-odd 2.0"
    }
    assert faults == {
        "Bad_Name": "its name must be of a-z, 0-9 and hyphens, begin with a letter, and have 40 at most",
        "gone": "ModuleNotFoundError: No module named 'no_such_module'",
        "good": "",
        "leaves": "SystemExit: bye",
        "missing": "AttributeError: module 'odd' has no attribute 'nothing'",
        "number": "odd:NUMBER is not a function that takes an AuditEvent",
        "too-much": f"ValueError: right must be one of {', '.join(RIGHTS)}",
    }


def test_every_right_that_an_export_may_name_is_one() -> None:
    assert set(RIGHTS) <= {right.name for right in Right}


def test_what_a_plugin_marks_as_html_is_text() -> None:
    made = ExportPlugin(Markup("<b>All</b>"), "", "PUBLISH", "text/csv", "csv", lambda _: b"")
    assert type(made.title) is str

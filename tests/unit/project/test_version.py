"""The version is in `pyproject.toml`, and the changelog has an entry for each."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path

ROOT = Path(__file__).parents[3]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""Headings of https://keepachangelog.com/en/1.1.0/, in order."""


def test_the_changelog_has_a_part_a_version_the_newest_first() -> None:
    first, *versions = re.findall(r"^## (.+)$", CHANGELOG, re.MULTILINE)
    assert first == "Unreleased"
    parted = [re.fullmatch(r"(\d+)\.(\d+)\.(\d+) - (\d{4}-\d\d-\d\d)", each) for each in versions]
    assert parted and all(parted), versions
    numbers = [tuple(map(int, each.groups()[:3])) for each in parted if each]
    days = [date.fromisoformat(each[4]) for each in parted if each]
    assert numbers == sorted(set(numbers), reverse=True)
    assert days == sorted(days, reverse=True)


def test_each_part_has_the_headings_of_keep_a_changelog_in_their_order() -> None:
    for part in re.split(r"^## ", CHANGELOG, flags=re.MULTILINE)[1:]:
        headings = re.findall(r"^### (.+)$", part, re.MULTILINE)
        assert headings == [kind for kind in KINDS if kind in headings], part.splitlines()[0]


def test_the_newest_version_of_the_changelog_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    versions = re.findall(r"^## (\S+) - ", CHANGELOG, re.MULTILINE)
    assert versions[0] == project["version"]

"""The README is right about settings and commands."""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from pathlib import Path

from chainmeet.cli import COMMANDS
from scheduler.config import Settings

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")


def test_every_setting_is_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `(CHAINMEET_\w+)` \| (.+) \| (.+) \|$", README, re.MULTILINE)
    expected = []
    for setting in fields(Settings):
        default = setting.default
        shown = "required" if default is MISSING else "empty" if default == "" else f"`{default!s}`"
        expected.append((f"CHAINMEET_{setting.name.upper()}", setting.metadata["about"], shown))
    assert rows == expected


def test_every_command_that_is_named_exists() -> None:
    named = set(re.findall(r"\bchainmeet ([a-z][a-z-]*)", README))
    assert named <= {command.name for command in COMMANDS}


def test_every_file_that_is_linked_exists() -> None:
    root = Path(__file__).parents[3]
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links and all((root / link).exists() for link in links)

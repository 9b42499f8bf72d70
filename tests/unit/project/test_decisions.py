"""Every choice has a page of one form, which the table lists, and names modules that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "docs/decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
HEAD = re.compile(r"# (\d+)\. (.+)\n\nDate: (\d{4}-\d\d-\d\d)(?:; changed \d{4}-\d\d-\d\d)?\n\n")
PACKAGES = ("scheduler", "workers", "api", "chainmeet")
PARTS = ["Context", "Choice", "Price", "Measurement", "Where"]


def _head(page: Path) -> tuple[str, str, str]:
    found = HEAD.match(page.read_text("utf-8"))
    assert found is not None, f"{page.name} begins with a title and a date"
    number, title, date = found.groups()
    return number, title, date


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_says_its_context_choice_price_measurement_and_place(page: Path) -> None:
    text = page.read_text("utf-8")

    assert re.findall(r"^\*\*(\w+)\.\*\* \S", text, re.MULTILINE) == PARTS
    assert max(map(len, text.splitlines())) <= 120


def test_decisions_are_numbered_in_turn_as_their_files_are() -> None:
    assert [int(_head(page)[0]) for page in PAGES] == list(range(1, len(PAGES) + 1))
    assert [int(page.name[:4]) for page in PAGES] == list(range(1, len(PAGES) + 1))


def test_the_table_of_decisions_has_each_with_its_title_and_date() -> None:
    index = (FOLDER / "index.md").read_text("utf-8")

    rows = re.findall(r"^\| \[(\d+)\]\(([^)]+)\) \| (.+?) \| (\S+) \| [^|]+ \|$", index, re.MULTILINE)

    heads = [(page, _head(page)) for page in PAGES]
    assert rows == [(number, page.name, title, date) for page, (number, title, date) in heads]


def test_the_modules_that_decisions_name_are_there() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    there = {
        f"/{found.relative_to(ROOT).with_suffix('')}" for path in modules for found in (path, path.parent)
    }

    missing = [
        f"{page.stem} names {name}"
        for page in PAGES
        for name in re.findall(r"`([^`]+)`", page.read_text("utf-8").partition("**Where.** ")[2])
        if not any(module.endswith(f"/{name}") for module in there) and not (ROOT / name).exists()
    ]

    assert missing == []

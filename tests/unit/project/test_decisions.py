"""Each decision has a page of the same form, is listed, and names existing modules."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import decisions

ROOT = Path(__file__).parents[3]
PAGES = decisions.pages()
PACKAGES = ("scheduler", "workers", "api", "chainmeet")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_decision_has_its_context_the_decision_and_its_consequences(page: Path) -> None:
    text = page.read_text("utf-8")
    parts = re.findall(r"^## (\w+)\n\n(?=\S)", text, re.MULTILINE)
    assert parts == decisions.PARTS
    assert decisions.read_decision(page).summary
    assert max(map(len, text.splitlines())) <= 120


def test_decisions_have_numbers_of_their_own_which_their_files_begin_with() -> None:
    numbers = [decisions.read_decision(page).number for page in PAGES]
    assert numbers == sorted(set(numbers)) == [int(page.name[:4]) for page in PAGES]


def test_the_list_of_decisions_is_made_of_their_pages() -> None:
    written = (decisions.FOLDER / "index.md").read_text("utf-8")
    assert written == decisions.index(), "write it by python -m tests.support.decisions"


def test_the_modules_that_decisions_name_are_there() -> None:
    modules = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    there = {
        f"/{found.relative_to(ROOT).with_suffix('')}" for path in modules for found in (path, path.parent)
    }

    missing = [
        f"{page.stem} names {name}"
        for page in PAGES
        for name in re.findall(r"`([^`]+)`", page.read_text("utf-8").partition("Kept by: ")[2])
        if not any(module.endswith(f"/{name}") for module in there) and not (ROOT / name).exists()
    ]

    assert missing == []

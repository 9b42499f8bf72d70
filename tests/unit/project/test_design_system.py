"""The design system: everything that templates use of it exists, and everything it names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.pages.static_files import digest

API = Path(__file__).parents[3] / "api"
SHEET = (API / "static/system.css").read_text("utf-8")
TEMPLATES = sorted((API / "templates").rglob("*.html"))


def on_the_system(path: Path) -> bool:
    return 'extends "person.html"' in (text := path.read_text("utf-8")) or 'extends "system.html"' in text


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(API / "templates").as_posix())
def test_an_icon_that_a_template_names_is_in_the_sheet(path: Path) -> None:
    named = re.findall(r"""\bsign\(\s*["']([\w-]+)["']\s*[,)]""", path.read_text("utf-8"))
    assert {name for name in named if f".i-{name} " not in SHEET} == set()


def test_files_that_the_sheet_names_are_named_by_their_contents() -> None:
    named = re.findall(r'url\("([\w.-]+)\?v=(\w+)"\)', SHEET)
    assert named and all(digest(API / "static" / name) == version for name, version in named)


def test_the_sheet_names_sides_by_the_direction_of_the_text() -> None:
    assert re.findall(r"[{;]\s*(?:margin|padding|border)-(?:left|right)\b", SHEET) == []


def test_a_page_of_the_system_takes_nothing_of_the_older_sheets() -> None:
    pages = [path for path in TEMPLATES if on_the_system(path)]
    assert pages, "no page is made of the system"
    for path in pages:
        assert not re.search(r"filename='(?:people|desk|chainmeet)\.css'", path.read_text("utf-8")), path

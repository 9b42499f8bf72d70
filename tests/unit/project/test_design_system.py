"""The design system: everything that templates use of it exists, and everything it names exists."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from api.pages.static_files import digest
from tests.support import missing_programs
from tests.support.workers import ROOT

API = Path(__file__).parents[3] / "api"
SHEET = (API / "static/system.css").read_text("utf-8")
MOST_OCTETS = 76_200
"""The size of all style sheets together, as they are served. Lower it when they get smaller."""
TEMPLATES = sorted((API / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(API / "templates").as_posix())
def test_an_icon_that_a_template_names_is_in_the_sheet(path: Path) -> None:
    named = re.findall(r"""\bsign\(\s*["']([\w-]+)["']\s*[,)]""", path.read_text("utf-8"))
    assert {name for name in named if not re.search(rf"\.i-{name}[,{{]", SHEET)} == set()


def test_files_that_the_sheet_names_are_named_by_their_contents() -> None:
    named = re.findall(r'url\("([\w.-]+)\?v=(\w+)"\)', SHEET)
    assert named and all(digest(API / "static" / name) == version for name, version in named)


def test_the_sheet_names_sides_by_the_direction_of_the_text() -> None:
    assert re.findall(r"[{;]\s*(?:margin|padding|border)-(?:left|right)\b", SHEET) == []


def test_the_style_sheets_together_grow_no_more() -> None:
    octets = sum(len(path.read_bytes()) for path in (API / "static").glob("*.css"))
    assert MOST_OCTETS - 2_000 < octets <= MOST_OCTETS, (
        "merge what is new with what is there, or lower the size"
    )


@pytest.mark.parametrize(
    ("sheet", "rule"),
    [
        (".a { color: red; }", "color-named"),
        (".a { color: #123456; }", "color-no-hex"),
        (".a { margin-left: 1px; }", "property-layout-mappings"),
        ("#a { gap: 1px; }", "selector-max-id"),
        (".a { gap: 1px; } .a { gap: 2px; }", "no-duplicate-selectors"),
        (".a { gapp: 1px; }", "property-no-unknown"),
        (
            ".a { padding-inline-start: 1px; padding-inline-end: 1px; }",
            "declaration-block-no-redundant-longhand",
        ),
    ],
)
def test_the_linter_of_style_sheets_sees(sheet: str, rule: str) -> None:
    assert rule in lint("--stdin", text=sheet)


def test_the_style_sheets_have_no_fault() -> None:
    assert lint(str(API / "static/*.css")) == ""


def lint(*arguments: str, text: str = "") -> str:
    """Return what `make lint` says of style sheets."""
    missing_programs.require("Node.js", "stylelint")
    program = missing_programs.NODE_MODULES / "stylelint/bin/stylelint.mjs"
    command = ["node", str(program), "--config", str(ROOT / ".stylelintrc.json"), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_no_template_has_a_style_of_its_own() -> None:
    for path in TEMPLATES:
        assert not re.search(r"\sstyle=|<style", path.read_text("utf-8")), path


def test_no_template_names_a_class_that_no_sheet_and_no_script_has() -> None:
    sheets = "".join(path.read_text("utf-8") for path in (API / "static").glob("*.css"))
    known = set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", sheets))
    scripts = "".join(path.read_text("utf-8") for path in (API / "static").glob("*.js"))
    unknown = {}
    for path in TEMPLATES:
        named = " ".join(re.findall(r'\bclass="([^"{}]*)"', path.read_text("utf-8"))).split()
        if missing := {name for name in named if name not in known and name not in scripts}:
            unknown[path.relative_to(API / "templates").as_posix()] = missing
    assert unknown == {}

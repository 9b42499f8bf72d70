"""Folders are small enough to look at, and what the documents name is there."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("scheduler", "workers", "api", "chainmeet")
MOST_MODULES = 12
LISTS = ("chainmeet/commands", "scheduler/storage/migrations/versions", "scheduler/samples")
"""Folders of many modules of one kind: a command, a migration, a vocabulary each."""

MOST_LINES = 300


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_folder_has_more_modules_than_one_can_look_at() -> None:
    sizes = Counter(named(path.parent) for path in modules() if path.name != "__init__.py")
    large = {folder for folder, size in sizes.items() if size > MOST_MODULES and not folder.startswith(LISTS)}
    assert large == set()


def test_no_module_is_longer_than_300_lines() -> None:
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {
        name: length for name, length in lengths.items() if length > MOST_LINES and not name.startswith(LISTS)
    } == {}


MOST_LINES_OF_A_FUNCTION = 60


def functions() -> dict[str, int]:
    """The lines of each function, its longest if several of a module have one name."""
    lengths: dict[str, int] = {}
    for path in modules():
        if named(path).startswith("scheduler/storage/migrations/versions"):
            continue  # a list of steps
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                name = f"{named(path)}:{node.name}"
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                lengths[name] = max(lines, lengths.get(name, 0))
    return lengths


def test_no_function_is_longer_than_60_lines() -> None:
    assert {name: size for name, size in functions().items() if size > MOST_LINES_OF_A_FUNCTION} == {}


ROWS_AND_VALUES = {"Attendee", "Firm", "InboundMail", "Interpreter", "Place", "Problem", "Slot"}
"""A row of a table, or a document of the API, and the value of the same thing."""


def test_no_two_classes_have_one_name_but_for_the_row_and_the_value_of_one_thing() -> None:
    names = Counter(
        node.name
        for path in modules()
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in names.items() if times > 1} == ROWS_AND_VALUES


NAMED = [
    ("docs/solver.md", "scheduler/solver", name)
    for name in sorted(set(re.findall(r"`([a-z_]+/[a-z_]+)`", (ROOT / "docs/solver.md").read_text("utf-8"))))
] + [
    ("docs/architecture.md", "scheduler/services", name.removesuffix(".py"))
    for name in sorted(
        set(
            re.findall(r"`((?:[a-z_0-9]+/)+[a-z_]+\.py)`", (ROOT / "docs/architecture.md").read_text("utf-8"))
        )
    )
]


ROOMS = [
    *(f"scheduler/{room}" for room in ("services", "invites", "solver")),
    *("scheduler", "chainmeet"),
]


@pytest.mark.parametrize("folder", ROOMS)
def test_the_picture_of_the_rooms_has_each_room(folder: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    picture = page.partition("```text")[2].partition("```")[0]
    rooms = {path.name for path in (ROOT / folder).iterdir() if (path / "__init__.py").exists()}
    assert rooms - set(re.findall(r"[a-z_0-9]+", picture)) == set() != rooms


@pytest.mark.parametrize(("document", "folder", "name"), NAMED, ids=str)
def test_a_module_that_a_document_names_is_there(document: str, folder: str, name: str) -> None:
    found = [base for base in (folder, ".") if (ROOT / base / f"{name}.py").exists()]
    assert found, f"{document} names {name}, which is not in {folder}"


FOLDERS_OF_THEIR_OWN = {"agenda"}
"""Pages without a room of the services: an agenda shows what `schedule` and `answers` know."""
ONLY_PAGES_OF_OTHERS = {"people"}
"""Folders of templates that are named otherwise until they are renamed; the set only gets smaller."""


def folders(place: str) -> set[str]:
    return {path.name for path in (ROOT / place).iterdir() if path.is_dir() and path.name != "__pycache__"}


def test_a_feature_has_one_name_in_services_pages_and_templates() -> None:
    rooms, pages, templates = map(folders, ("scheduler/services", "api/pages", "api/templates"))
    assert pages - rooms == FOLDERS_OF_THEIR_OWN
    assert templates - pages <= ONLY_PAGES_OF_OTHERS and templates >= {"schedule", "requests"}


def test_a_blueprint_has_the_name_of_its_module_or_of_its_feature() -> None:
    pages = [path for path in (ROOT / "api").rglob("*.py") if "Blueprint(" in path.read_text("utf-8")]
    named = {path: re.findall(r"Blueprint\(\s*\"(\w+)\"", path.read_text("utf-8")) for path in pages}
    assert len(named) > 20
    for path, names in named.items():
        assert len(names) == 1 and names[0] in (path.stem, path.parent.name), (path, names)

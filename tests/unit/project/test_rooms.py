"""Rooms and names are those that the documents have."""

from __future__ import annotations

import ast
import re
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("scheduler", "workers", "api", "chainmeet")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_import_leads_back_to_its_module() -> None:
    """Also not one for type hints alone, which import-linter's layers leave out."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()


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


def folders(place: str) -> set[str]:
    """The folders below a place that have files of the repository's kinds, by their path there."""
    found = {path.parent for path in (ROOT / place).rglob("*") if path.suffix in {".py", ".html"}}
    return {path.relative_to(ROOT / place).as_posix() for path in found} - {"."}


def test_a_feature_has_one_name_in_services_pages_templates_and_tests() -> None:
    rooms = folders("scheduler/services")
    assert folders("api/pages") <= rooms
    features = {room for room in folders("api/templates") if (ROOT / "scheduler/services" / room).is_dir()}
    assert {path.split("/")[0] for path in folders("api/templates")} <= {room.split("/")[0] for room in rooms}
    assert features > {"schedule", "requests", "planning/scenarios"}


def test_a_blueprint_has_the_name_of_its_module_or_of_its_feature() -> None:
    pages = [path for path in (ROOT / "api").rglob("*.py") if "Blueprint(" in path.read_text("utf-8")]
    named = {path: re.findall(r"Blueprint\(\s*\"(\w+)\"", path.read_text("utf-8")) for path in pages}
    assert len(named) > 20
    for path, names in named.items():
        assert len(names) == 1 and names[0] in (path.stem, path.parent.name), (path, names)

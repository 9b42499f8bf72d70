"""Packages and names are those in the documents."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "docs/_ext"))
import rooms  # noqa: E402 -- an extension of Sphinx, which is no package

PACKAGES = ("scheduler", "workers", "api", "chainmeet")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_import_leads_back_to_its_module() -> None:
    """Including imports for type hints, which import-linter's layers ignore."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()


def test_no_two_classes_of_a_room_have_one_name() -> None:
    """Class names are qualified by their package: another one may use the same noun."""
    names = Counter(
        (path.relative_to(ROOT).parts[:3], node.name)
        for path in modules()
        if len(path.relative_to(ROOT).parts) > 3
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for name, times in names.items() if times > 1] == []


NAMED = [
    ("docs/solver.md", "scheduler/solver", name)
    for name in sorted(set(re.findall(r"`([a-z_]+/[a-z_]+)`", (ROOT / "docs/solver.md").read_text("utf-8"))))
]


def test_the_picture_has_every_package_and_the_rooms_of_the_services_in_the_order_of_imports() -> None:
    page = (ROOT / "docs/architecture.md").read_text("utf-8")
    picture = page.partition("```text")[2].partition("```")[0]
    lines = picture.splitlines()
    (top, bottom) = (i for i, line in enumerate(lines) if "services" in line or "untrusted" in line)
    packages = {path.parent.name for path in (ROOT / "scheduler").glob("*/__init__.py")}
    assert packages - set(re.findall(r"[a-z_]+", picture)) == set() != packages

    layers = [
        [room.strip() for room in layer.split(" · ")]
        for layer in re.split("→|▼", _words_of(lines[top + 1 : bottom - 3]))
    ]
    assert layers == [
        layer for layer in rooms.service_layers() if (ROOT / "scheduler/services" / layer[0]).is_dir()
    ]


def _words_of(lines: list[str]) -> str:
    """Return the text inside the services' frame on one line."""
    return " ".join(" ".join(line.split("│")[1] for line in lines).split())


def test_the_page_of_rooms_has_each_room_with_its_modules_and_what_they_do() -> None:
    page = rooms.fill_page((ROOT / "docs/rooms.md").read_text("utf-8"))
    assert rooms.MARKER not in page
    there = {room.path: room for room in rooms.all_rooms()}
    for path in modules():
        if path.name == "__init__.py" or "migrations" in path.parts:
            continue
        folders = [folder for folder in path.parents if ROOT in folder.parents and named(folder) in there]
        assert folders, f"{named(path)} is in no room of the page"
        name = path.relative_to(folders[0]).with_suffix("").as_posix()
        (module,) = (each for each in there[named(folders[0])].modules if each.name == name)
        assert module.line, f"{named(path)} has no docstring"
        assert f"`{name}`" in page


def test_the_page_of_rooms_marks_what_other_rooms_may_import() -> None:
    replies = rooms.room_of(ROOT / "scheduler/services/replies")
    assert {module.name for module in replies.modules if module.is_named} == set(replies_names())


def replies_names() -> list[str]:
    tree = ast.parse((ROOT / "scheduler/services/replies/__init__.py").read_text("utf-8"))
    (names,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
    return list(ast.literal_eval(names))


@pytest.mark.parametrize(("document", "folder", "name"), NAMED, ids=str)
def test_a_module_that_a_document_names_is_there(document: str, folder: str, name: str) -> None:
    found = [base for base in (folder, ".") if (ROOT / base / f"{name}.py").exists()]
    assert found, f"{document} names {name}, which is not in {folder}"


def folders(place: str) -> set[str]:
    """Return the folders below a place that have source files, by relative path."""
    found = {path.parent for path in (ROOT / place).rglob("*") if path.suffix in {".py", ".html"}}
    return {path.relative_to(ROOT / place).as_posix() for path in found} - {"."}


def test_a_feature_has_one_name_in_services_pages_templates_and_tests() -> None:
    services = folders("scheduler/services")
    assert folders("api/pages") <= services
    templates = folders("api/templates")
    features = {room for room in templates if (ROOT / "scheduler/services" / room).is_dir()}
    assert {path.split("/")[0] for path in templates} <= {room.split("/")[0] for room in services}
    assert features > {"schedule", "requests", "planning/scenarios"}


def test_a_blueprint_has_the_name_of_its_module_or_of_its_feature() -> None:
    pages = [path for path in (ROOT / "api").rglob("*.py") if "Blueprint(" in path.read_text("utf-8")]
    named = {path: re.findall(r"Blueprint\(\s*\"(\w+)\"", path.read_text("utf-8")) for path in pages}
    assert len(named) > 20
    for path, names in named.items():
        assert len(names) == 1 and names[0] in (path.stem, path.parent.name), (path, names)

"""Sphinx extension: fills `docs/rooms.md` with each room of the code, its docstring and its modules.

It parses the files, and imports none of them: it needs neither the application's packages nor a database.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

ROOT = Path(__file__).parents[2]
MARKER = "<!-- rooms -->"
SERVICES = "scheduler/services"
PACKAGES = ("scheduler/solver", "scheduler/invites", "scheduler", "workers", "api", "chainmeet")
"""Beside the services: their folders are rooms, and their own modules are one more."""
APART = ("migrations", "solver", "invites", "services")
"""Folders that are no room of the package above: they have sections of their own, or no modules to name."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of a room: `name` is its path within the room, without the suffix."""

    name: str
    line: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Room:
    """A package, with the modules in it and below it. `docstring` is that of its `__init__`."""

    path: str
    docstring: str
    modules: tuple[Module, ...]


def service_layers() -> list[list[str]]:
    """The rooms of the services from the top, those of one layer together: the contract in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for contract in project["tool"]["importlinter"]["contracts"]:
        if contract.get("containers") == ["scheduler.services"]:
            return [layer.split(" | ") for layer in contract["layers"]]
    raise LookupError("pyproject.toml has no layers of scheduler.services")


def all_rooms() -> Iterator[Room]:
    """Each room: the services from the top layer down, then the other packages."""
    for layer in service_layers():
        for name in layer:
            if (ROOT / SERVICES / name).is_dir():
                yield room_of(ROOT / SERVICES / name)
    yield room_of(ROOT / SERVICES, deep=False)
    for package in PACKAGES:
        yield room_of(ROOT / package, deep=False)
        for folder in sorted((ROOT / package).iterdir()):
            if (folder / "__init__.py").exists() and folder.name not in APART:
                yield room_of(folder)


def room_of(folder: Path, *, deep: bool = True) -> Room:
    """The room of a folder. Without `deep`, its own modules alone."""
    found = sorted(folder.rglob("*.py") if deep else folder.glob("*.py"))
    modules = tuple(
        Module(
            path.relative_to(folder).with_suffix("").as_posix(), _first_line(path), _is_named(path, folder)
        )
        for path in found
        if path.name != "__init__.py" and not set(path.relative_to(folder).parts) & {"migrations", "versions"}
    )
    return Room(folder.relative_to(ROOT).as_posix(), _docstring(folder / "__init__.py"), modules)


def section(room: Room) -> str:
    """A room as Markdown: its heading, its docstring, and a table of its modules."""
    lines = [f"## {room.path.removeprefix(SERVICES + '/')}", "", _markdown(room.docstring), ""]
    if room.modules:
        lines += ["| module | what it does |", "|---|---|"]
        for module in room.modules:
            name = f"**`{module.name}`**" if module.is_named else f"`{module.name}`"
            lines.append(f"| {name} | {_markdown(module.line)} |")
    return "\n".join(lines)


def fill_page(text: str) -> str:
    """The page with its marker replaced by the sections."""
    return text.replace(MARKER, "\n\n".join(section(room) for room in all_rooms()))


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _fill)
    return {"parallel_read_safe": True}


def _fill(app: Sphinx, name: str, source: list[str]) -> None:
    if name == "rooms":
        source[0] = fill_page(source[0])


def _name_within(folder: Path, module: Path) -> str:
    return module.relative_to(folder).with_suffix("").as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _docstring(path: Path) -> str:
    return ast.get_docstring(_tree(path)) or ""


def _first_line(path: Path) -> str:
    return _docstring(path).partition("\n")[0]


def _is_named(module: Path, room: Path) -> bool:
    """Whether the `__all__` of each folder from the room down names the next part of the module's path."""
    folder = room
    for part in _name_within(room, module).split("/"):
        if part not in _names(folder / "__init__.py"):
            return False
        folder = folder / part
    return True


def _names(path: Path) -> list[str]:
    for node in _tree(path).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []


_CODE = re.compile(r"(`[^`]*`)")


def _markdown(text: str) -> str:
    """A docstring as Markdown: outside of code, what would be markup is escaped."""
    parts = _CODE.split(text)
    parts[::2] = [re.sub(r"([\\*_<\[\]|])", r"\\\1", part) for part in parts[::2]]
    return "".join(parts)

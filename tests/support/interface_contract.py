"""Import-linter contract: other rooms import only modules that a services room exports in `__init__`.

`__all__` in the `__init__` of a room, and of each folder within it, names the modules that other rooms may
import. Known exceptions are listed in a file, one import a line (`room -> module`), which may only shrink: an
obsolete line or a longer file breaks the contract too.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class InterfaceContract(Contract):
    """Options: `container`, the package of the rooms; `exceptions`, the file; `most`, its maximum length."""

    type_name = "interface"

    container: Any = fields.StringField()
    exceptions: Any = fields.StringField()
    most: Any = fields.IntegerField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Compare imports between rooms with the exports of the rooms and with the file."""
        named = set(Path(self.exceptions).read_text("utf-8").split("\n")) - {""}
        around = _reaching_around(graph, self.container)
        new, gone = sorted(around - named), sorted(named - around)
        return ContractCheck(
            kept=not new and not gone and len(named) <= self.most,
            metadata={"new": new, "gone": gone, "length": len(named)},
        )

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print which imports to change, and which lines to delete."""
        for line in check.metadata["new"]:
            output.print_error(f"{line}: not in __all__ of that room. Import what it names, or name it.")
        for line in check.metadata["gone"]:
            output.print_error(f"{line}: nothing does this any more. Delete the line in {self.exceptions}.")
        if check.metadata["length"] > self.most:
            output.print_error(f"{self.exceptions} has more than {self.most} lines. It only gets shorter.")


def _reaching_around(graph: ImportGraph, container: str) -> set[str]:
    found = set()
    for importer in graph.find_descendants(container):
        room = _room_of(importer, container)
        for imported in graph.find_modules_directly_imported_by(importer):
            if not imported.startswith(f"{container}.") or _room_of(imported, container) == room:
                continue
            if not _is_named(imported, container):
                found.add(f"{room} -> {imported.removeprefix(f'{container}.')}")
    return found


def _room_of(module: str, container: str) -> str:
    return module.removeprefix(f"{container}.").split(".")[0]


def _is_named(module: str, container: str) -> bool:
    """True if each package from the room down to the module exports the next part of its path."""
    package, *parts = module.removeprefix(f"{container}.").split(".")
    package = f"{container}.{package}"
    for part in parts:
        if part not in _named_by(package):
            return False
        package = f"{package}.{part}"
    return True


def _named_by(package: str) -> list[str]:
    path = Path(package.replace(".", "/"), "__init__.py")
    for node in ast.parse(path.read_text("utf-8")).body if path.exists() else []:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    return []

"""The documentation site builds without Chainmeet's environment, from its own lock file."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def imported(path: Path) -> set[str]:
    """Return the packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_what_makes_the_site_imports_what_its_lock_file_names() -> None:
    locked = set(re.findall(r"^([\w-]+)==", (DOCS / "requirements.lock").read_text("utf-8"), re.MULTILINE))
    known = sys.stdlib_module_names | locked
    files = [DOCS / "conf.py", *(DOCS / "_ext").glob("*.py")]
    assert {path.name: imported(path) - known for path in files} == {path.name: set() for path in files}


def test_its_packages_have_the_versions_that_the_tests_have() -> None:
    pin = re.compile(r"^([\w-]+==[\w.]+)", re.MULTILINE)
    tested = set(pin.findall((DOCS.parent / "requirements-dev.lock").read_text("utf-8")))
    assert set(pin.findall((DOCS / "requirements.lock").read_text("utf-8"))) <= tested

"""Release checks and notes: `python -m tests.support.releasing check|notes`.

`check` names what is missing, and exits with 1. With `--tag` the tag must exist and match the version.
`notes` prints the changelog of the version.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from scheduler.storage import schema

ROOT = Path(__file__).parents[2]
ENGINES = ("sqlite", "postgresql")
_PART = re.compile(r"^## (?P<version>\S+)(?: - \S+)?\n(?P<text>.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def version_of(root: Path) -> str:
    """Return the version in `pyproject.toml`."""
    return str(tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def parts(root: Path) -> dict[str, str]:
    """Return the changelog's text by version, newest first, after that of `Unreleased`."""
    changelog = (root / "CHANGELOG.md").read_text("utf-8")
    return {part["version"]: part["text"].strip() for part in _PART.finditer(changelog)}


def faults(root: Path, revision: str, tag: str | None = None) -> Iterator[str]:
    """Yield why the commit checked out at `root`, with the last migration `revision`, cannot be released."""
    version, written = version_of(root), parts(root)
    if not written.get(version):
        yield f"CHANGELOG.md says nothing of {version}."
    if written.get("Unreleased"):
        yield f"CHANGELOG.md has something below Unreleased: it belongs to {version}."
    if _git(root, "status", "--porcelain"):
        yield "The tree has changes that are not committed."
    if tag is None and _git(root, "tag", "--list", f"v{version}"):
        yield f"The tag v{version} is there already: pyproject.toml needs the next version."
    if tag is not None and tag != f"v{version}":
        yield f"The tag is {tag}, and the version in pyproject.toml {version}."
    for engine in ENGINES:
        if not (root / "tests" / "support" / "releases" / f"{revision}.{engine}.sql.gz").exists():
            yield f"There is no filled database of {engine} at {revision}: python -m tests.support.filled"


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("check", "notes"))
    parser.add_argument("--tag")
    asked = parser.parse_args()
    if asked.what == "notes":
        sys.stdout.write(parts(ROOT)[version_of(ROOT)] + "\n")
        return 0
    found = list(faults(ROOT, str(schema.head_revision()), asked.tag))
    sys.stdout.write("".join(f"{fault}\n" for fault in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""What prevents a commit's release is named, and release notes equal the changelog."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.releasing import ENGINES, faults, parts, version_of

REVISION = "0200"


def git(root: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@expo.example", *arguments]
    subprocess.run(command, cwd=root, check=True, capture_output=True)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a commit that can be released."""
    write(tmp_path / "pyproject.toml", '[project]\nname = "x"\nversion = "1.2.0"\n')
    write(
        tmp_path / "CHANGELOG.md",
        "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2027-01-02\n\n### Added\n\n- A.\n\n"
        "## 1.1.0 - 2026-12-01\n\n### Fixed\n\n- B.\n",
    )
    for engine in ENGINES:
        write(tmp_path / "tests/support/releases" / f"{REVISION}.{engine}.sql.gz", "")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All")
    return tmp_path


def test_what_can_be_released_has_no_fault_and_the_notes_of_its_version(tree: Path) -> None:
    assert list(faults(tree, REVISION)) == []
    assert list(faults(tree, REVISION, tag="v1.2.0")) == []
    assert parts(tree) == {"Unreleased": "", "1.2.0": "### Added\n\n- A.", "1.1.0": "### Fixed\n\n- B."}
    assert version_of(tree) == "1.2.0"


def uncommitted(tree: Path) -> None:
    write(tree / "new.txt", "")


def unwritten(tree: Path) -> None:
    write(tree / "CHANGELOG.md", "# Changelog\n\n## Unreleased\n\n### Added\n\n- A.\n")
    git(tree, "commit", "--quiet", "--all", "--message", "Less")


def tagged(tree: Path) -> None:
    git(tree, "tag", "v1.2.0")


def unfilled(tree: Path) -> None:
    for engine in ENGINES:
        (tree / "tests/support/releases" / f"{REVISION}.{engine}.sql.gz").unlink()
    git(tree, "commit", "--quiet", "--all", "--message", "Less")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (uncommitted, ["not committed"]),
        (unwritten, ["says nothing of 1.2.0", "below Unreleased"]),
        (tagged, ["v1.2.0 is there already"]),
        (unfilled, ["of sqlite at 0200", "of postgresql at 0200"]),
    ],
)
def test_what_is_missing_is_named(tree: Path, change: Callable[[Path], None], named: list[str]) -> None:
    change(tree)
    found = list(faults(tree, REVISION))
    assert len(found) == len(named)
    assert all(words in fault for words, fault in zip(named, found, strict=True))


def test_the_tag_of_another_version_is_refused(tree: Path) -> None:
    assert list(faults(tree, REVISION, tag="v1.3.0")) == [
        "The tag is v1.3.0, and the version in pyproject.toml 1.2.0."
    ]

"""Which release's tests run on today's schema, and why none do."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.storage import schema
from tests.support.last_release import VERSIONS, last_release, reason_to_skip, revision_of
from tests.unit.project.test_releasing import git, write


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a tree with a commit after two releases, whose schemas are 0140 and 0141."""
    git(tmp_path, "init", "--quiet")
    for tag, name in (
        ("v1.0.0", "0140_notes.py"),
        ("v1.1.0", "0141_labels.py"),
        ("later", "0142_colours.py"),
    ):
        write(tmp_path / VERSIONS / name, "")
        write(tmp_path / VERSIONS / "__init__.py", "")
        git(tmp_path, "add", "--all")
        git(tmp_path, "commit", "--quiet", "--message", tag)
        git(tmp_path, "tag", tag)
    return tmp_path


def test_the_last_release_is_the_newest_tag_of_a_version(tree: Path) -> None:
    assert last_release(tree) == "v1.1.0"
    assert (revision_of(tree, "v1.0.0"), revision_of(tree, "v1.1.0")) == ("0140", "0141")


@pytest.mark.parametrize(
    ("oldest", "reason"),
    [
        ("0141", None),
        ("0142", "v1.1.0 has the schema 0141, and today's works with 0142 and later: all roles pause"),
    ],
)
def test_it_is_tested_if_it_works_with_the_schema(
    tree: Path, monkeypatch: pytest.MonkeyPatch, oldest: str, reason: str | None
) -> None:
    monkeypatch.setattr(schema, "oldest_code", lambda: oldest)
    found = reason_to_skip(tree, last_release(tree))
    assert (found is None) if reason is None else str(found).startswith(reason)


def test_before_the_first_release_nothing_is_tested(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    write(tmp_path / "README.md", "")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All")
    assert reason_to_skip(tmp_path, last_release(tmp_path)) == "There is no release yet."

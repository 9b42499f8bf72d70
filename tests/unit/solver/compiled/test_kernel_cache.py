"""Cached machine code of kernels is valid only for its exact sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from scheduler.solver.compiled.kernels import sources_digest


def _sources(folder: Path) -> Path:
    (folder / "operators").mkdir(parents=True)
    (folder / "solve.py").write_text("def solve(): ...\n")
    (folder / "operators" / "kempe.py").write_text("def swap(): return 1\n")
    return folder


def test_the_same_sources_have_the_same_digest_wherever_they_are(tmp_path: Path) -> None:
    assert sources_digest(_sources(tmp_path / "a")) == sources_digest(_sources(tmp_path / "b"))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("solve.py", "def solve(): return 0\n"),
        ("operators/kempe.py", "def swap(): return 2\n"),
        ("operators/ejection.py", ""),
    ],
    ids=["a changed source", "a changed source of a folder below", "a new source of a folder below"],
)
def test_a_change_gives_another_digest(file: str, text: str, tmp_path: Path) -> None:
    folder = _sources(tmp_path / "solver")
    before = sources_digest(folder)
    (folder / file).write_text(text)
    assert sources_digest(folder) != before

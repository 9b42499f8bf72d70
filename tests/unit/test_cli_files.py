"""Problem and plan files on disk."""

from __future__ import annotations

import gzip
import json
import stat
from pathlib import Path

import pytest

from chainmeet.files import read_json, read_plan, read_problem, require_writable, write_json
from scheduler.domain.errors import InvalidInput, MalformedProblem
from tests.builders import ask, make_document


@pytest.mark.parametrize("name", ["problem.json", "problem.json.gz"])
def test_a_file_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    document = make_document(requests=[ask("r1", "a", "b")])
    write_json(tmp_path / name, document)
    assert read_json(tmp_path / name) == document
    assert read_problem(tmp_path / name).index.requests == {"r1": 0}


def test_a_gz_file_is_compressed(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json.gz", {"x": "甲"})
    assert json.loads(gzip.decompress((tmp_path / "a.json.gz").read_bytes())) == {"x": "甲"}


def test_half_a_surrogate_pair_survives(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", ["\ud800"])
    assert read_json(tmp_path / "a.json") == ["\ud800"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text("old")
    with pytest.raises(TypeError):
        write_json(path, {"not": object()})
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["plan.json"]


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {})
    (tmp_path / "b").touch()
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.json", "b")}
    assert len(modes) == 1


def test_faults_name_the_file_and_the_path_in_it(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    write_json(path, make_document(requests=[ask("r1", "a", "b", weight=0)]))
    with pytest.raises(MalformedProblem) as caught:
        read_problem(path)
    assert [fault.path for fault in caught.value.faults] == [f"{path}: requests[0].weight"]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"\x1f\x8b broken", b"[" * 100_000])
def test_what_is_no_json_is_refused_by_the_files_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"p\.json"):
        read_plan(path)


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.json: No such file"):
        read_plan(tmp_path / "gone.json")


def test_an_output_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not a folder"):
        require_writable(tmp_path / "no" / "plan.json")
    with pytest.raises(InvalidInput, match="is a folder"):
        require_writable(tmp_path)

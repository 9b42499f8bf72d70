"""Problem and plan files on disk."""

from __future__ import annotations

import gzip
import json
import os
import stat
import threading
from pathlib import Path

import pytest

from chainmeet.files import read_json, read_plan, read_problem, require_writable, write_json
from scheduler.domain.errors import InvalidInput, MalformedProblem
from tests.support.builders import ask, make_document


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
    with pytest.raises(InvalidInput, match="no such folder"):
        require_writable(tmp_path / "no" / "plan.json")
    with pytest.raises(InvalidInput, match="this is a folder"):
        require_writable(tmp_path)


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    goal, link = tmp_path / "there" / "plan.json", tmp_path / "plan.json"
    goal.parent.mkdir()
    link.symlink_to(goal)
    for document in ({"a": 1}, {"a": 2}):  # at first the file does not exist
        require_writable(link)
        write_json(link, document)
        assert link.is_symlink()
        assert json.loads(goal.read_text()) == document
    assert [file.name for file in goal.parent.iterdir()] == ["plan.json"]


def test_a_link_into_no_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "plan.json").symlink_to(tmp_path / "no" / "plan.json")
    with pytest.raises(InvalidInput, match="no such folder"):
        require_writable(tmp_path / "plan.json")


@pytest.mark.parametrize("name", ["plan.json", "plan.json.gz"])
def test_a_pipe_is_written_through_and_stays_a_pipe(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    require_writable(path)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(path.read_bytes()), daemon=True)
    reader.start()
    write_json(path, {"a": 1})
    reader.join()
    assert stat.S_ISFIFO(path.stat().st_mode)
    content = gzip.decompress(read[0]) if path.suffix == ".gz" else read[0]
    assert json.loads(content) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_open_file_of_a_process_is_written_through(tmp_path: Path) -> None:
    """For example /dev/stdout, redirected to a file: it stays the file that the shell has open."""
    path = tmp_path / "out"
    with path.open("w") as file:
        write_json(Path(f"/proc/self/fd/{file.fileno()}"), {"a": 1})
        assert os.path.sameopenfile(file.fileno(), os.open(path, os.O_RDONLY))
    assert json.loads(path.read_text()) == {"a": 1}


def test_an_integer_of_thousands_of_digits_is_told_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    content = json.dumps(make_document(requests=[ask("r1", "a", "b", weight=77)]))
    path.write_text(content.replace("77", "7" * 5000))
    with pytest.raises(MalformedProblem) as caught:
        read_problem(path)
    assert [fault.path for fault in caught.value.faults] == [f"{path}: requests[0].weight"]

"""The installed packages are those of the lock files, whatever was released since."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile"])
def test_a_lock_file_is_installed_without_looking_for_more(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if "-r requirements" in line]
    assert lines, f"{name} installs no lock file"
    for line in lines:
        assert "--require-hashes" in line and "--no-deps" in line, line


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_each_line_of_a_lock_file_names_one_version_and_its_hashes(name: str) -> None:
    pins = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    assert pins
    for pin in pins:
        assert re.match(r"[\w.-]+==[\w.]+ ", pin) and "--hash=sha256:" in pin, pin

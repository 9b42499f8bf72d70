"""What is installed has every file that runs from the source tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.support.workers import ROOT

PACKAGES = ("api", "chainmeet", "scheduler", "workers")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def kept(*folders: str) -> set[str]:
    """The files of these that git knows."""
    command = ["git", "ls-files", "-z", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(tmp_path: Path) -> None:
    source, made = tmp_path / "source", tmp_path / "made"
    made.mkdir()
    for name in kept(*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    left = source / "api" / "__pycache__" / "app.cpython-311.pyc"
    left.parent.mkdir()
    left.write_bytes(b"of an earlier run")
    subprocess.run([sys.executable, "-c", BUILD, made], cwd=source, capture_output=True, check=True)
    (wheel,) = made.iterdir()
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == kept(*PACKAGES)

"""What is installed has every file that runs from the source tree."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.support.workers import ROOT

PACKAGES = ("api", "chainmeet", "scheduler", "workers")
BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"


def kept(*folders: str) -> set[str]:
    """The files of these that git knows."""
    command = ["git", "ls-files", "-z", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


SERVES = r"""
import re, sys
from pathlib import Path
from api.app import create_app
from scheduler.config import Settings
from scheduler.storage import schema
from scheduler.storage.database import Database

folder, site = Path(sys.argv[1]), Path(sys.argv[2])
url = f"sqlite:///{folder / 'site.sqlite'}"
redis = "redis://127.0.0.1:1"
settings = Settings(database_url=url, redis_url=redis, secret_key="k" * 40, mail_domain="expo.example")
database = Database(url)
schema.upgrade(database)
app = create_app(settings, database)
assert Path(app.root_path).is_relative_to(site), app.root_path
files = [path for path in (site / "api").rglob("*") if path.suffix in (".html", ".css")]
text = "".join(path.read_text("utf-8") for path in files)
named = set(re.findall(r"filename=.([\w.-]+).\)", text)) | set(re.findall(r'url\("([\w.-]+)\?v=', text))
client = app.test_client()
lost = sorted(name for name in named if client.get(f"/static/{name}").status_code != 200)
assert client.get("/sign-in").status_code == 200
print(len(named), lost)
"""
"""Prints how many files pages and sheets name, and those that are not served."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what git knows, beside a file that an earlier run left."""
    folder = tmp_path_factory.mktemp("wheel")
    source, made = folder / "source", folder / "made"
    made.mkdir()
    for name in kept(*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    left = source / "api" / "__pycache__" / "app.cpython-311.pyc"
    left.parent.mkdir()
    left.write_bytes(b"of an earlier run")
    subprocess.run([sys.executable, "-c", BUILD, made], cwd=source, capture_output=True, check=True)
    (found,) = made.iterdir()
    return found


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert inside == kept(*PACKAGES)


def test_what_is_installed_from_the_wheel_serves_every_file_that_a_page_names(
    wheel: Path, tmp_path: Path
) -> None:
    """In a process that sees the wheel and the libraries, neither the source tree nor its installation."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    zipfile.ZipFile(wheel).extractall(site)
    empty.mkdir()
    libraries = Path(pytest.__file__).parents[1]
    done = subprocess.run(  # -S: no .pth is read, so the installation of the source tree is not found
        [sys.executable, "-S", "-c", SERVES, empty, site],
        cwd=empty,
        env={"PYTHONPATH": f"{site}:{libraries}", "PATH": "/usr/bin:/bin", "HOME": str(empty)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    count, lost = done.stdout.splitlines()[-1].split(" ", 1)
    assert int(count) >= 15 and lost == "[]", lost

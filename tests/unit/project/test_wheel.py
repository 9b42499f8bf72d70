"""The wheel has every file that runs from the source tree, and runs without that tree."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numba
import pytest
from numba.core.caching import _CacheLocator

from chainmeet.cli import COMMANDS
from scheduler.solver.compiled import kernels
from tests.support.releasing import version_of
from tests.support.workers import ROOT

PACKAGES = ("api", "chainmeet", "scheduler", "workers")
BESIDE = ("pyproject.toml", "README.md", "LICENSE")


def kept(*folders: str) -> set[str]:
    """Return the files of these folders that git tracks."""
    command = ["git", "ls-files", "-z", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()}


@dataclass(frozen=True, slots=True)
class Built:
    """The source distribution, and the wheel built from it."""

    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build from the tracked files, beside an earlier run's leftover."""
    folder = tmp_path_factory.mktemp("built")
    source, made = folder / "source", folder / "made"
    for name in kept(*PACKAGES, *BESIDE):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    left = source / "api" / "__pycache__" / "app.cpython-311.pyc"
    left.parent.mkdir()
    left.write_bytes(b"of an earlier run")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(made), str(source)]
    subprocess.run(command, cwd=folder, capture_output=True, check=True)
    (sdist,), (wheel,) = made.glob("*.tar.gz"), made.glob("*.whl")
    return Built(sdist, wheel)


def test_the_wheel_has_every_file_of_the_packages_and_no_other(built: Built) -> None:
    inside = {name for name in zipfile.ZipFile(built.wheel).namelist() if ".dist-info/" not in name}
    assert inside == kept(*PACKAGES)


def test_the_source_distribution_has_every_file_that_a_wheel_is_built_from(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        inside = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    of_the_build = {"PKG-INFO", "setup.cfg"}
    assert {name for name in inside if ".egg-info/" not in name} - of_the_build == kept(*PACKAGES, *BESIDE)


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the wheel and the tests' libraries, and an empty folder."""

    environment: Path
    empty: Path

    def run(self, program: str, *arguments: str | Path) -> str:
        """Return a program's output, started in the empty folder without our environment variables."""
        done = subprocess.run(
            [self.environment / "bin" / program, *arguments],
            cwd=self.empty,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.empty), "COLUMNS": "110"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install with pip, without an index.

    Paths in a .pth of the tests' environment are not found: Python reads no .pth in a folder that a .pth
    names,
    hence not the installation of the source tree.
    """
    folder = tmp_path_factory.mktemp("installed")
    environment, empty = folder / "environment", folder / "empty"
    empty.mkdir()
    subprocess.run([sys.executable, "-m", "venv", environment], check=True, capture_output=True)
    (site,) = (environment / "lib").glob("python*/site-packages")
    found = Installed(environment, empty)
    found.run("pip", "install", "--quiet", "--no-deps", "--no-index", built.wheel)
    (site / "libraries.pth").write_text(f"{Path(pytest.__file__).parents[1]}\n")
    return found


def test_the_commands_run(installed: Installed) -> None:
    assert installed.run("chainmeet", "--version") == f"chainmeet, version {version_of(ROOT)}\n"
    text = installed.run("chainmeet", "--help")
    assert all(f"\n  {command.name} " in text for command in COMMANDS)


def lend_kernels(environment: Path) -> None:
    """Give the installation the source tree's machine code for the same sources.

    Numba stores it by a kernel's path, and compares the file's text.
    """
    (site,) = (environment / "lib").glob("python*/site-packages")
    kept_here, there = Path(numba.config.CACHE_DIR), site / Path(kernels.__file__).relative_to(ROOT).parent
    subpath = _CacheLocator.get_suitable_cache_subpath
    for source in (ROOT / "scheduler" / "solver").rglob("*.py"):
        found = kept_here / subpath(source)
        lent = there / "__pycache__" / "kernels" / kept_here.name / subpath(site / source.relative_to(ROOT))
        if found.is_dir() and not lent.exists():
            shutil.copytree(found, lent)


def test_the_example_is_planned(installed: Installed) -> None:
    lend_kernels(installed.environment)
    installed.run("chainmeet", "plan", "--template", "event.xlsx")
    said = installed.run("chainmeet", "plan", "event.xlsx", "-o", "out", "--seconds", "2")
    assert "6 of 6 requests scheduled" in said
    installed.run("chainmeet", "check", "out/problem.json", "out/plan.json")
    assert {path.name for path in installed.empty.iterdir()} >= {"event.xlsx", "out"}


SERVES = r"""
import json, re, sys
from pathlib import Path
from api.app import create_app
from scheduler.config import Settings
from scheduler.secret_keys import SecretKeys
from scheduler.storage import schema
from scheduler.storage.database import Database

environment = Path(sys.prefix)
url = f"sqlite:///{Path('site.sqlite').absolute()}"
redis = "redis://127.0.0.1:1"
keys = SecretKeys("k" * 40)
settings = Settings(database_url=url, redis_url=redis, secret_key=keys, mail_domain="expo.example")
database = Database(url)
schema.upgrade_schema(database)
app = create_app(settings, database)
root = Path(app.root_path)
assert root.is_relative_to(environment), root
files = [path for path in root.rglob("*") if path.suffix in (".html", ".css")]
text = "".join(path.read_text("utf-8") for path in files)
named = set(re.findall(r"filename=.([\w.-]+).\)", text)) | set(re.findall(r'url\("([\w.-]+)\?v=', text))
client = app.test_client()
lost = sorted(name for name in named if client.get(f"/static/{name}").status_code != 200)
templates = app.jinja_env.list_templates(filter_func=lambda name: name.startswith(("schedule/", "board/")))
for name in templates:
    app.jinja_env.get_template(name)
assert client.get("/sign-in").status_code == 200
print(json.dumps({"named": len(named), "lost": lost, "templates": len(templates)}))
"""
"""Prints the number of files that pages and style sheets reference, missing ones, and loaded templates."""


def test_the_web_serves_every_file_that_a_page_names(installed: Installed) -> None:
    found = json.loads(installed.run("python", "-c", SERVES).splitlines()[-1])
    assert found["named"] >= 15 and found["lost"] == []
    assert found["templates"] >= 5

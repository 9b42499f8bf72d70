"""Tests whose programs are missing are skipped by name, and reported once at the end."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import missing_programs
from tests.support.workers import ROOT

TESTS = ROOT / "tests"


def said(*options: str, path: Path) -> str:
    """Return the report of a machine whose programs are in this folder."""
    command = [sys.executable, "tests/support/missing_programs.py", *options]
    alone = {"PATH": str(path)}
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=alone).stdout


def test_one_line_names_what_is_missing_and_how_to_get_it(tmp_path: Path) -> None:
    line = said(path=tmp_path)
    assert line.count("\n") == 1
    for name in ("Chromium", "Node.js", "Dovecot", "OpenSSL", "Docker Compose", "LibreOffice"):
        assert name in line
        assert set(missing_programs.PROGRAMS[name].packages) <= set(re.split(r"[ ;]", line))


def test_continuous_integration_installs_all_of_it_but_libreoffice(tmp_path: Path) -> None:
    packages = said("--packages", path=tmp_path).split()
    assert {"chromium", "nodejs", "npm", "dovecot-lmtpd", "openssl", "docker-compose"} <= set(packages)
    assert "libreoffice-calc" not in packages
    assert len(packages) == len(set(packages))


@pytest.mark.parametrize("ci", ["true", ""])
def test_a_test_that_wants_it_is_skipped_and_fails_in_continuous_integration(
    ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", ci)
    ends = pytest.fail.Exception if ci else pytest.skip.Exception
    with pytest.raises(ends, match=r"wants Chromium \(Debian: apt install chromium\)"):
        missing_programs.require("Chromium")
    with pytest.raises(pytest.skip.Exception, match="LibreOffice"):
        missing_programs.require("LibreOffice")


def test_no_test_looks_for_a_program_by_itself() -> None:
    """Otherwise the report would omit it, or the test would fail without the program."""
    known = {TESTS / "support" / name for name in ("dates.py", "missing_programs.py", "servers.py")} | {
        Path(__file__)
    }
    others = [path for path in TESTS.rglob("*.py") if path not in known]
    assert [path for path in others if "shutil.which(" in path.read_text()] == []


def test_the_packages_of_npm_are_those_that_make_fetches() -> None:
    written = json.loads((TESTS / "interop" / "npm" / "package.json").read_text())
    locked = json.loads((TESTS / "interop" / "npm" / "package-lock.json").read_text())
    assert set(written["dependencies"]) == set(missing_programs.NPM_PACKAGES)
    assert set(written["devDependencies"]) == set(missing_programs.LINT_PACKAGES)
    assert locked["packages"][""]["dependencies"] == written["dependencies"]
    assert locked["packages"][""]["devDependencies"] == written["devDependencies"]
    assert "tests/interop/npm/package.json" in (ROOT / "Makefile").read_text()

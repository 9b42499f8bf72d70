"""Optional programs of tests: a test is skipped, with a reason, if its program is missing.

`python3 tests/support/missing_programs.py` prints the closing line of `make test`. With `--packages` it
prints the Debian packages that continuous integration installs. That happens before the environment exists,
so only the standard library is used here.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODE_MODULES = ROOT / "build" / "npm" / "node_modules"
NPM_PACKAGES = ("axe-core", "ical.js", "node-ical", "oidc-provider")
LINT_PACKAGES = ("stylelint", "textlint", "textlint-rule-terminology")
"""Packages of npm that `make lint` uses. No test wants textlint."""
RARE_FONT = Path("/usr/share/fonts/truetype/babelstone/BabelStoneHan.ttf")


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is not a Python package: a check for it, and its Debian packages.

    If `fetched_by` is set, that program fetches it.
    """

    is_here: Callable[[], bool]
    packages: tuple[str, ...]
    in_ci: bool = True
    fetched_by: str | None = None


def chromium() -> str | None:
    """Return the path of Chromium, or None."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


def dovecot() -> str | None:
    """Return the path of Dovecot's master process, or None."""
    return shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin")


def postgresql_client() -> int:
    """Return the major version of PostgreSQL's programs, or 0 without them."""
    program = shutil.which("pg_dump")
    if program is None:
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return int(said.split()[2].partition(".")[0])


def _has_dovecot() -> bool:
    return dovecot() is not None and Path("/usr/lib/dovecot/lmtp").exists() and _has("openssl")


def _has(command: str) -> bool:
    return shutil.which(command) is not None


def _has_libical() -> bool:
    try:
        ctypes.CDLL("libical.so.3")
    except OSError:
        return False
    return True


def _has_compose() -> bool:
    command = ["docker", "compose", "version"]
    return _has("docker") and subprocess.run(command, capture_output=True, check=False).returncode == 0


def _has_npm_packages() -> bool:
    return all((NODE_MODULES / name).is_dir() for name in NPM_PACKAGES)


PROGRAMS = {
    "Chromium": Program(lambda: chromium() is not None, ("chromium",)),
    "Node.js": Program(lambda: _has("node"), ("nodejs",)),
    "npm's packages": Program(_has_npm_packages, ("npm",), fetched_by="npm"),
    "stylelint": Program((NODE_MODULES / "stylelint").is_dir, ("npm",), fetched_by="npm"),
    "libical": Program(_has_libical, ("libical3t64",)),
    "Dovecot": Program(_has_dovecot, ("dovecot-imapd", "dovecot-lmtpd", "openssl")),
    "OpenSSL": Program(lambda: _has("openssl"), ("openssl",)),
    "Poppler": Program(lambda: _has("pdfinfo"), ("poppler-utils",)),
    "Docker Compose": Program(_has_compose, ("docker-cli", "docker-compose")),
    "kustomize": Program(lambda: _has("kustomize"), ("kustomize",)),
    "BabelStone Han": Program(RARE_FONT.is_file, ("fonts-babelstone-han",)),
    "LibreOffice": Program(lambda: _has("soffice"), ("libreoffice-calc",), in_ci=False),  # 400 MB
}


def require(*names: str) -> None:
    """Skip the test if a program is missing. In CI, fail."""
    import pytest

    for name in names:
        program = PROGRAMS[name]
        if not program.is_here():
            said = f"wants {name} (Debian: apt install {' '.join(program.packages)})"
            (pytest.fail if program.in_ci and os.environ.get("CI") == "true" else pytest.skip)(said)


def closing_line() -> str:
    """Return what was skipped, and how to run it."""
    missing = {name: program for name, program in PROGRAMS.items() if not program.is_here()}
    if not missing:
        return "No test was skipped for want of a program."
    packages = " ".join(dict.fromkeys(package for each in missing.values() for package in each.packages))
    return (
        f"Skipped were the tests that want {', '.join(missing)}. To run them too (Debian): "
        f"apt install {packages}; then make test again, with the network."
    )


def wanted_by_ci() -> list[str]:
    """Return missing Debian packages. Packages that another program fetches come later."""
    wanted: dict[str, None] = {}
    for each in PROGRAMS.values():
        is_here = each.is_here() if each.fetched_by is None else _has(each.fetched_by)
        if each.in_ci and not is_here:
            wanted |= dict.fromkeys(each.packages)
    return list(wanted)


if __name__ == "__main__":
    said = " ".join(wanted_by_ci()) if "--packages" in sys.argv else closing_line()
    sys.stdout.write(f"{said}\n")

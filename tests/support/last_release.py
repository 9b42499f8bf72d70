"""The last release's tests on today's schema: `python -m tests.support.last_release [--tag TAG]`.

While servers are upgraded one after another, the last release works on the new schema (docs/decisions/0106).
Its own tests show whether it does. They run with its own code and environment, in `build/last-release`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scheduler.storage import schema
from tests.support.databases import LATER_VERSION

ROOT = Path(__file__).parents[2]
VERSIONS = "scheduler/storage/migrations/versions/"
RELEASES = "v[0-9]*"
TESTS = ("-n", "2", "--dist", "worksteal", "tests/integration", "-m", "postgres and not own_schema")


def last_release(root: Path) -> str | None:
    """Return the tag of the last release before the commit that is checked out, or None without one."""
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", RELEASES]
    done = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True)
    return done.stdout.strip() or None


def revision_of(root: Path, tag: str) -> str:
    """Return the revision of a release's schema."""
    command = ["git", "ls-tree", "--name-only", tag, VERSIONS]
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True)
    names = (line.removeprefix(VERSIONS) for line in done.stdout.splitlines())
    return max(name.partition("_")[0] for name in names if name[:1].isdigit())


def reason_to_skip(root: Path, tag: str | None) -> str | None:
    """Return why there is nothing to test, or None."""
    if tag is None:
        return "There is no release yet."
    revision, oldest = revision_of(root, tag), schema.oldest_code()
    if revision < oldest:
        return (
            f"{tag} has the schema {revision}, and today's works with {oldest} and later: "
            "all roles pause while it is upgraded."
        )
    return None


def run_tests(root: Path, tag: str) -> int:
    """Run the tests of a release with its own environment. Return pytest's exit status."""
    folder = root / "build" / "last-release"
    if folder.exists():
        shutil.rmtree(folder)
    subprocess.run(["git", "worktree", "prune"], cwd=root, check=True)
    subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(folder), tag], cwd=root, check=True)
    try:
        subprocess.run(["make", ".venv/dev.stamp"], cwd=folder, check=True)
        python = folder / ".venv" / "bin" / "python"
        environment = {**os.environ, LATER_VERSION: sys.executable}
        return subprocess.run(
            [python, "-m", "pytest", *TESTS], cwd=folder, env=environment, check=False
        ).returncode
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=root, check=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tag", help="a release, in place of the last one")
    tag = parser.parse_args().tag or last_release(ROOT)
    if (reason := reason_to_skip(ROOT, tag)) is not None or tag is None:
        sys.stdout.write(f"{reason}\n")
        return 0
    return run_tests(ROOT, tag)


if __name__ == "__main__":
    sys.exit(main())

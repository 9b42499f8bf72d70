"""Write the flow pages, or verify with `--check` that they match the code."""

from __future__ import annotations

import difflib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from scheduler.storage.database import Database
from scheduler.storage.schema import upgrade_schema
from tests.support import clocks
from tests.support.factories import NOW
from tests.support.flows import drawing
from tests.support.flows.scenes import FLOWS, Stage

FOLDER = Path(__file__).parents[3] / "docs" / "flows"


def pages() -> Iterator[tuple[str, str]]:
    """Yield each page with its name."""
    yield "index.md", drawing.index({name: title for name, (title, _) in FLOWS.items()})
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        clocks.start()
        clocks.hold(patch, NOW)
        empty = Path(folder, "empty.db")
        with_tables = Database(f"sqlite:///{empty}")
        upgrade_schema(with_tables)
        with_tables.dispose()
        for name, (title, flow) in FLOWS.items():
            path = shutil.copy(empty, Path(folder, f"{name}.db"))
            stage = Stage(Database(f"sqlite:///{path}"))
            flow(stage)
            stage.database.dispose()
            about = " ".join((flow.__doc__ or "").split())
            yield f"{name}.md", drawing.page(title, about, stage.recorder.steps)


def main() -> int:
    """Write the pages. With `--check` print differences, and fail if there are any."""
    logging.disable(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    if "PYTHONHASHSEED" not in os.environ:  # for a deterministic order of sets
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PYTHONHASHSEED": "0"})
    made = dict(pages())
    if "--check" not in sys.argv:
        FOLDER.mkdir(exist_ok=True)
        for name, text in made.items():
            (FOLDER / name).write_text(text, "utf-8")
        return 0
    is_stale = False
    for name, text in made.items():
        path = FOLDER / name
        there = path.read_text("utf-8") if path.exists() else ""
        changed = list(
            difflib.unified_diff(there.splitlines(), text.splitlines(), f"docs/flows/{name}", "run")
        )
        sys.stdout.write("".join(f"{line}\n" for line in changed))
        is_stale = is_stale or bool(changed)
    return int(is_stale)


if __name__ == "__main__":
    sys.exit(main())

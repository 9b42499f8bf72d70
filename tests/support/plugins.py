"""Installs a plugin distribution without network: code and dist-info in a folder on the path."""

from __future__ import annotations

import importlib
import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scheduler.invites import refusals
from scheduler.plugins import loading
from scheduler.untrusted import parsers
from tests.support import web


@contextmanager
def installed(source: Path, site: Path) -> Iterator[None]:
    """Install a folder with a pyproject.toml below `site`, as pip would, for the duration of the block.

    Existing applications and child processes do not see it, so new ones are created, now and afterwards.
    """
    project = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    groups = project.get("entry-points", {}).items()
    lines = [
        line
        for name, entries in groups
        for line in (f"[{name}]", *(f"{key} = {value}" for key, value in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), "utf-8")
    for path in source.iterdir():
        if path.is_dir():
            shutil.copytree(path, site / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.suffix == ".py":
            shutil.copy(path, site)
    before = set(sys.modules)
    sys.path.insert(0, str(site))
    _begin_anew()
    try:
        yield
    finally:
        sys.path.remove(str(site))
        for name in set(sys.modules) - before:
            if str(site) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        _begin_anew()


def _begin_anew() -> None:
    importlib.invalidate_caches()
    loading.forget()
    refusals.load_rules.cache_clear()
    parsers.pool.close()
    web.forget_apps()

"""The version of the installed package. Its single source is `pyproject.toml`."""

from __future__ import annotations

DISTRIBUTION = "chainmeet"


def installed_version() -> str:
    """Return the version, such as 0.9.0."""
    from importlib.metadata import version  # deferred: takes 20 ms

    return version(DISTRIBUTION)

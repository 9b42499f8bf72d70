"""The version of the installed package. Its single source is `pyproject.toml`."""

from __future__ import annotations

DISTRIBUTION = "chainmeet"


def installed_version() -> str:
    """Return the version, such as 0.9.0."""
    from importlib.metadata import version  # 20 ms, which most commands need not wait for

    return version(DISTRIBUTION)

"""The version of Chainmeet: that of the installed package, whose one place is `pyproject.toml`."""

from __future__ import annotations

DISTRIBUTION = "chainmeet"


def installed_version() -> str:
    """Such as 0.9.0."""
    from importlib.metadata import version  # 20 ms, which most commands need not wait for

    return version(DISTRIBUTION)

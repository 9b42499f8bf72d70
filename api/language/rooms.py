"""Which pages are translated: all except those for developers and those not translated yet."""

from __future__ import annotations

from flask import request

ENGLISH_ONLY = frozenset({"docs", "exclusions", "health", "openapi", "print_status", "reminders", "v1"})
"""Blueprints that are not translated."""


def speaks(endpoint: str) -> bool:
    """True if the page of an endpoint is translated. Errors at unknown URLs are translated too."""
    return endpoint.partition(".")[0] not in ENGLISH_ONLY


def is_translated() -> bool:
    """True if the page of the current request is translated."""
    return speaks(request.endpoint or "")

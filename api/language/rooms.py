"""Which pages speak every language: all but those for programmers, and those not translated yet."""

from __future__ import annotations

from flask import request

ENGLISH_ONLY = frozenset({"docs", "exclusions", "health", "openapi", "printed", "reminders", "v1"})
"""Blueprints."""


def speaks(endpoint: str) -> bool:
    """Whether the page of an endpoint speaks every language; so does the error at an address without one."""
    return endpoint.partition(".")[0] not in ENGLISH_ONLY


def is_translated() -> bool:
    """Whether the page of the request does."""
    return speaks(request.endpoint or "")

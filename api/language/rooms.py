"""The rooms of the site whose pages speak every language. The others are English as a whole until they do."""

from __future__ import annotations

from flask import request

ROOMS = frozenset(
    {
        "agenda",
        "answers",
        "asked",
        "busy_times",
        "changes",
        "colleagues",
        "digests",
        "firms",
        "hand_board",
        "interpreting",
        "language",
        "my_day",
        "outcomes",
        "preferences",
        "profile",
        "requests",
        "sessions",
        "sign_in",
        "start",
        "summaries",
        "tokens",
        "week",
        "wishes",
    }
)
"""Blueprints."""
VIEWS = frozenset({"home.index"})
"""Single views of other blueprints."""


def speaks(endpoint: str) -> bool:
    """Whether the page of an endpoint speaks every language; so does the error at an address without one."""
    return not endpoint or endpoint.partition(".")[0] in ROOMS or endpoint in VIEWS


def is_translated() -> bool:
    """Whether the page of the request does."""
    return speaks(request.endpoint or "")

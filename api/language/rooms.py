"""The rooms of the site whose pages speak every language. The others are English as a whole until they do."""

from __future__ import annotations

from flask import request

ROOMS = frozenset(
    {
        "agenda",
        "answers",
        "archives",
        "asked",
        "busy_times",
        "board_away",
        "calendar_health",
        "chain_report",
        "changes",
        "colleagues",
        "delegation_members",
        "delegations",
        "dials",
        "digests",
        "events",
        "exports",
        "fairness",
        "figures",
        "firms",
        "first_file",
        "hand_board",
        "home",
        "imports",
        "inbox",
        "interpreting",
        "joining",
        "language",
        "large_imports",
        "mail_texts",
        "my_day",
        "nights",
        "operators",
        "outcome_list",
        "outcomes",
        "people_desk",
        "picks",
        "preferences",
        "profile",
        "request_desk",
        "registering",
        "registrations",
        "remedies",
        "requests",
        "runs",
        "drafts",
        "sessions",
        "setup",
        "sign_in",
        "start",
        "summaries",
        "team",
        "tokens",
        "trail",
        "venue",
        "versions",
        "week",
        "welcome",
        "what_if",
        "wishes",
    }
)
"""Blueprints."""


def speaks(endpoint: str) -> bool:
    """Whether the page of an endpoint speaks every language; so does the error at an address without one."""
    return not endpoint or endpoint.partition(".")[0] in ROOMS


def is_translated() -> bool:
    """Whether the page of the request does."""
    return speaks(request.endpoint or "")

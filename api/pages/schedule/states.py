"""How the states of versions and runs are called on pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Flask

from api.language.speaking import said
from scheduler.saying import say

STATES: Final[Mapping[str, str]] = {
    "draft": say("draft"),
    "published": say("published"),
    "superseded": say("superseded"),
    "discarded": say("discarded"),
    "queued": say("queued"),
    "running": say("running"),
    "finished": say("finished"),
    "failed": say("failed"),
    "no-plan": say("no plan"),
    "cancelled": say("cancelled"),
}
"""The states of schedule versions and of runs."""
PHASES: Final[Mapping[str, str]] = {
    "starting": say("Starting"),
    "reading": say("Reading"),
    "compiling": say("Compiling"),
    "proving": say("Proving"),
    "constructed": say("Constructed"),
    "searching": say("Searching"),
    "exact": say("Exact search"),
    "explaining": say("Explaining"),
    "done": say("Done"),
}
"""What a run is at."""
REQUESTS: Final[Mapping[str, str]] = {
    "pending": say("Pending requests"),
    "accepted": say("Accepted requests"),
    "declined": say("Declined requests"),
    "withdrawn": say("Withdrawn requests"),
    "expired": say("Expired requests"),
}
"""What requests of each state are counted as."""
LISTS: Final[Mapping[str, str]] = {
    "added": say("Added"),
    "moved": say("Moved"),
    "relocated": say("Relocated"),
    "reassigned": say("Reassigned"),
    "cancelled": say("Cancelled"),
}
"""The lists of a version's changes."""


def phase_word(phase: str) -> str:
    """What a run is at, in the reader's language."""
    return said(PHASES.get(phase, phase))


def request_count_word(state: str) -> str:
    """What requests of a state are counted as."""
    return said(REQUESTS[state])


def list_word(kind: str) -> str:
    """The name of a list of changes."""
    return said(LISTS[kind])


def state_word(state: str) -> str:
    """What a state is called, in the reader's language."""
    return said(STATES[state])


def init_app(app: Flask) -> None:
    for function in (state_word, phase_word, request_count_word, list_word):
        app.add_template_filter(function)

"""Labels of version and run states."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flask import Flask

from api.language.speaking import said
from scheduler.i18n import gettext_lazy

STATES: Final[Mapping[str, str]] = {
    "draft": gettext_lazy("draft"),
    "published": gettext_lazy("published"),
    "superseded": gettext_lazy("replaced"),
    "discarded": gettext_lazy("discarded"),
    "queued": gettext_lazy("queued"),
    "running": gettext_lazy("running"),
    "finished": gettext_lazy("finished"),
    "failed": gettext_lazy("failed"),
    "no-plan": gettext_lazy("no schedule"),
    "cancelled": gettext_lazy("run cancelled"),
}
"""States of schedule versions and runs."""
PHASES: Final[Mapping[str, str]] = {
    "starting": gettext_lazy("Starting"),
    "reading": gettext_lazy("Reading data"),
    "compiling": gettext_lazy("Building the model"),
    "proving": gettext_lazy("Proving the maximum"),
    "constructed": gettext_lazy("First schedule found"),
    "searching": gettext_lazy("Searching"),
    "exact": gettext_lazy("Exact search"),
    "explaining": gettext_lazy("Finding reasons"),
    "done": gettext_lazy("Done"),
}
"""Phases of a run."""
REQUESTS: Final[Mapping[str, str]] = {
    "pending": gettext_lazy("Pending requests"),
    "accepted": gettext_lazy("Accepted requests"),
    "declined": gettext_lazy("Declined requests"),
    "withdrawn": gettext_lazy("Withdrawn requests"),
    "expired": gettext_lazy("Expired requests"),
}
"""Labels of request counts by state."""
LISTS: Final[Mapping[str, str]] = {
    "added": gettext_lazy("Added"),
    "moved": gettext_lazy("Moved"),
    "relocated": gettext_lazy("New location"),
    "reassigned": gettext_lazy("New attendees"),
    "cancelled": gettext_lazy("Cancelled"),
}
"""Lists of a version's changes."""


def phase_word(phase: str) -> str:
    """Return the label of a run's phase, in the reader's language."""
    return said(PHASES.get(phase, phase))


def request_count_word(state: str) -> str:
    """Return the label of the number of requests in a state."""
    return said(REQUESTS[state])


def list_word(kind: str) -> str:
    """Return the label of a list of changes."""
    return said(LISTS[kind])


def state_word(state: str) -> str:
    """Return the label of a state, in the reader's language."""
    return said(STATES[state])


def init_app(app: Flask) -> None:
    for function in (state_word, phase_word, request_count_word, list_word):
        app.add_template_filter(function)

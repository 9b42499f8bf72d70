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
    "cancelled": say("cancelled"),
}
"""The states of schedule versions and of runs."""


def state_word(state: str) -> str:
    """What a state is called, in the reader's language."""
    return said(STATES[state])


def init_app(app: Flask) -> None:
    app.add_template_filter(state_word)

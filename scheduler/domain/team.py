"""Roles in the team that runs an event."""

from __future__ import annotations

from enum import StrEnum


class TeamRole(StrEnum):
    """A role in the team that runs an event. Who has one of these has it by a row of its own."""

    OWNER = "owner"
    ORGANISER = "organiser"
    READER = "read-only"
    DESK = "desk helper"
    CHAMBER = "chamber"
    """Of one or several delegations only."""

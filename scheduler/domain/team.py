"""Team roles of an event, and states of self-registered firms."""

from __future__ import annotations

from enum import StrEnum


class TeamRole(StrEnum):
    """Role in the team that runs an event. Each role is granted by a row of its own."""

    OWNER = "owner"
    ORGANISER = "organiser"
    VIEWER = "read-only"
    HELP_DESK = "desk helper"
    DELEGATION_MANAGER = "chamber"
    """Limited to one or more delegations."""


class RegistrationState(StrEnum):
    """State of a self-registered firm: unconfirmed -> waiting -> accepted | declined.

    The first step is the confirmation link in the email. An accepted registration that is undone waits again.
    """

    UNCONFIRMED = "unconfirmed"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"

"""Who comes in: roles in the team that runs an event, and states of firms that register themselves."""

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


class RegistrationState(StrEnum):
    """Of a firm that registers itself: unconfirmed -> waiting -> accepted | declined.

    The first step is the link in the mail. An accepted one that is undone waits again.
    """

    UNCONFIRMED = "unconfirmed"
    WAITING = "waiting"
    ACCEPTED = "accepted"
    DECLINED = "declined"

"""Enumerations of manual draft edits."""

from __future__ import annotations

from enum import StrEnum


class EditStepKind(StrEnum):
    """Kind of an edit step."""

    MOVE = "move"
    PLACE = "place"
    PEOPLE = "people"
    SWAP = "swap"
    ADD = "add"
    CANCEL = "cancel"
    LOCK = "lock"
    UNLOCK = "unlock"
    FORBID = "forbid"
    ALLOW = "allow"
    REPAIR = "repair"


class EditStepState(StrEnum):
    """State of an edit step: done <-> undone -> replaced, once a new step replaces it."""

    DONE = "done"
    UNDONE = "undone"
    REPLACED = "replaced"


class LockKind(StrEnum):
    """What the next run does with a manually edited request: keep it there, or leave it unscheduled."""

    LOCKED = "locked"
    LEFT_OUT = "left_out"

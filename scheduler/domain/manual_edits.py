"""Words for what is done to a draft by hand."""

from __future__ import annotations

from enum import StrEnum


class EditStepKind(StrEnum):
    """What a step does."""

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
    """A step by hand: done <-> undone -> replaced, once another one is done in its place."""

    DONE = "done"
    UNDONE = "undone"
    REPLACED = "replaced"


class LockKind(StrEnum):
    """What the next run does with a request that was changed by hand: hold it there, or not at all."""

    LOCKED = "locked"
    LEFT_OUT = "left_out"

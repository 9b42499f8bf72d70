"""What the oracle answers: a way to hold a request, with who moves and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field

from scheduler.domain.plan import Meeting

Row = tuple[int, int, int, int]
"""A row of `State.held`: slot, group, option, interpreter."""


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A request before and after a repair: its row, and its place. None where it is not held."""

    request: int
    before: tuple[Row, int] | None
    after: tuple[Row, int] | None


@dataclass(frozen=True, slots=True)
class Repair:
    """A way to hold a request. The plan after it keeps every hard rule that the plan before it kept.

    Attributes
    ----------
    meeting
        The request as it is held then.
    moved
        Other meetings that change, as they are then.
    dropped
        Ids of requests that are not held any more.
    people
        Ids of the attendees whose other meetings change, in order.
    gain
        What it does to the score, in points.
    changes
        The same by indices, for `apply` and `undo`.
    """

    meeting: Meeting
    moved: tuple[Meeting, ...]
    dropped: tuple[str, ...]
    people: tuple[str, ...]
    gain: float
    changes: tuple[RequestChange, ...] = field(repr=False)

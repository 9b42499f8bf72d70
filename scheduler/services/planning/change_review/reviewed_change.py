"""A reviewed change of a version, and the schedules of its people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.causes import Cause


class TimeStatus(StrEnum):
    """Effect of a change on a time in a person's schedule."""

    STAYS = "stays"
    WAS = "was"
    COMES = "comes"


@dataclass(frozen=True, slots=True)
class MeetingTime:
    """A meeting in a person's schedule, from start to end.

    `status` says if it stays, is removed or is added.
    """

    start: datetime
    end: datetime
    status: TimeStatus


@dataclass(frozen=True, slots=True)
class PersonWeek:
    """The schedule of a person in a changed meeting: name, firm, and times in order.

    `changes` is how many changes of their meetings the person was told of since first invited.
    """

    name: str
    firm: str
    changes: int
    times: Sequence[MeetingTime]


class PartyKind(StrEnum):
    """Party by which changes are grouped."""

    FIRM = "firm"
    PERSON = "person"


class ChangeGroup(StrEnum):
    """Group of a change. CHANGED means that its cause is unknown."""

    CHOICE = "choice"
    HAD_TO = "had-to"
    CHANGED = "changed"
    NEW = "new"
    ENDS = "ends"


GROUP_BY_LETTER = {
    "c": ChangeGroup.CHOICE,
    "h": ChangeGroup.HAD_TO,
    "d": ChangeGroup.CHANGED,
    "n": ChangeGroup.NEW,
    "e": ChangeGroup.ENDS,
}
"""Groups in display order, by change code."""


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """A change with its cause. `may_reject` is True if it can be kept as published, or left out."""

    request: str
    group: ChangeGroup
    before: Meeting | None
    after: Meeting | None
    details: tuple[str, ...]
    cause: Cause | None
    is_rejected: bool
    may_reject: bool
    weeks: Sequence[PersonWeek] = ()

    @property
    def people(self) -> tuple[str, ...]:
        """Distinct keys of the people before and after."""
        meetings = [meeting for meeting in (self.before, self.after) if meeting is not None]
        return tuple(dict.fromkeys(key for meeting in meetings for key in meeting.attendees))

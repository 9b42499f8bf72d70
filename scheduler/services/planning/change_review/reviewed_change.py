"""A change of a version as a decision, and the weeks of the people whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from scheduler.domain.plan import Meeting
from scheduler.domain.rules.causes import Cause


class TimeStatus(StrEnum):
    """What becomes of a time of somebody's week by one change."""

    STAYS = "stays"
    WAS = "was"
    COMES = "comes"


@dataclass(frozen=True, slots=True)
class MeetingTime:
    """A meeting of somebody, from start to end."""

    start: datetime
    end: datetime
    fate: TimeStatus


@dataclass(frozen=True, slots=True)
class PersonWeek:
    """Somebody of a changed meeting with their firm, and their times in order."""

    name: str
    firm: str
    times: Sequence[MeetingTime]


class PartyKind(StrEnum):
    """Whose changes are listed together."""

    FIRM = "firm"
    PERSON = "person"


class ChangeGroup(StrEnum):
    """What a change is to the person who decides. CHANGED: why it changed is not known."""

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
"""The groups in their order, by the letters of marks."""


@dataclass(frozen=True, slots=True)
class ReviewedChange:
    """A change with its cause. `may_reject`: it can be held as it is published, or not at all."""

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
        """The keys of those who sit or sat in it, without doubles."""
        meetings = [meeting for meeting in (self.before, self.after) if meeting is not None]
        return tuple(dict.fromkeys(key for meeting in meetings for key in meeting.attendees))

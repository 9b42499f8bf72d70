"""Meeting requests."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.v1.schemas.base import Input, Output, SearchQuery, UpdatedSince
from api.v1.schemas.derived import derived_from
from scheduler.domain.entities import PlaceWish, RequestState, Side
from scheduler.domain.fields import (
    Key,
    LengthInSlots,
    Message,
    NamedPeople,
    Note,
    Priority,
    StartSlots,
    Topic,
)
from scheduler.services.requests.cards import RequestCard
from scheduler.services.requests.excluded_people import ExcludedAttendee


class NewRequestIn(Input):
    """A request of one firm to another. Firms, people and slots are given by their keys."""

    to_firm: Key
    topic: Topic
    priority: Priority = Field(3, description="5 is the most important.")
    length: LengthInSlots = Field(1, description="In slots.")
    message: Message = ""
    place: PlaceWish = PlaceWish.ANY
    slots: StartSlots | None = Field(
        None, description="Slots in which it may start; omitted or null for any."
    )
    from_attendees: NamedPeople = Field([])
    to_attendees: NamedPeople = Field([])
    from_firm: Key | None = Field(None, description="For organisers, who send it on behalf of a firm.")


class NoteIn(Input):
    """A note to the other firm."""

    note: Note = ""


class WithdrawIn(NoteIn):
    expected_state: Literal["pending", "accepted"] | None = Field(
        None, description="The state that you last read. If it has changed since, nothing is changed (409)."
    )


@derived_from(ExcludedAttendee, renamed={"others_go": "others_attend"})
class ExcludedAttendeeOut(Output):
    """A person who declined the meeting, which takes place without them."""


@derived_from(
    RequestCard,
    without=("reply_priority",),
    renamed={},
)
class RequestOut(Output):
    """A meeting request."""

    actions: list[Literal["accept", "decline", "withdraw"]] = Field(
        validation_alias="steps", description="What this token's owner may do now."
    )
    excluded: list[ExcludedAttendeeOut]


class RequestQuery(SearchQuery):
    side: Side | None = Field(None, description="from: sent by the firm; to: received by it.")
    state: RequestState | None = None
    firm: Key | None = Field(None, description="For organisers: key of a firm; omit it for the whole event.")
    updated_since: UpdatedSince | None = None


class LockIn(Input):
    """The slot in which the next run must schedule the request."""

    slot: Key


class LockOut(Output):
    """The slot that a request is locked to; null if it is not locked."""

    key: str
    slot: str | None
    start: datetime | None

"""Meeting requests."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.v1.directory.schemas import FirmRefOut, PersonRefOut
from api.v1.schemas.base import Input, Listing, Output, SearchQuery
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


class NewRequestIn(Input):
    """What one firm asks of another. Firms, people and slots are named by their keys."""

    to_firm: Key
    topic: Topic
    priority: Priority = Field(3, description="5 is the most important.")
    length: LengthInSlots = Field(1, description="In slots.")
    message: Message = ""
    place: PlaceWish = PlaceWish.ANY
    slots: StartSlots | None = Field(None, description="Slots in which it may start; none or null for any.")
    from_attendees: NamedPeople = Field([])
    to_attendees: NamedPeople = Field([])
    from_firm: Key | None = Field(None, description="For organisers, who ask in a firm's name.")


class NoteIn(Input):
    """A word to the other firm."""

    note: Note = ""


class WithdrawIn(NoteIn):
    seen: Literal["pending", "accepted"] | None = Field(
        None, description="The state that you last read: if it is another one by now, nothing is changed."
    )


class ExcludedOut(Output):
    """Somebody who declined the meeting, which goes on without them."""

    person: PersonRefOut
    note: str = Field(description="To the exhibitors of the firm, whom alone it is shown to.")
    at: datetime
    others_go: bool = Field(
        description="Whether those whom the request names go; else the next schedule sends a colleague."
    )


class RequestOut(Output):
    """A meeting request; `steps` are what this token's owner may do to it now."""

    key: str
    state: RequestState
    from_firm: FirmRefOut
    to_firm: FirmRefOut
    priority: int
    length: int = Field(description="In slots.")
    place: PlaceWish
    topic: str
    message: str
    reply_topic: str = Field(description="What the asked firm wants to talk about, if it asked back.")
    reply_message: str
    slots: list[str] | None = Field(description="Keys of the slots in which it may start; null for any.")
    from_attendees: list[PersonRefOut]
    to_attendees: list[PersonRefOut]
    asked_by: PersonRefOut | None
    created_at: datetime
    expires_at: datetime | None
    answered_by: PersonRefOut | None = Field(description="Who took the last step; null for an organiser.")
    answered_side: Side | None = Field(description="In the name of which firm.")
    answered_at: datetime | None
    answer_note: str
    undo_until: datetime | None = Field(
        description="Until when the last step can be undone by this token's owner; null for never."
    )
    steps: list[Literal["accept", "decline", "withdraw"]]
    excluded: list[ExcludedOut] = Field(description="Of the own firm; for organisers of both.")


class RequestList(Listing[RequestOut]):
    pass


class RequestQuery(SearchQuery):
    side: Side | None = Field(None, description="from: sent by the firm; to: received by it.")
    state: RequestState | None = None
    firm: Key | None = Field(None, description="For organisers: key of a firm; none for the whole event.")


class LockIn(Input):
    """The slot in which the next run has to hold the request."""

    slot: Key


class LockOut(Output):
    """Where a request is locked to; null: it is not, and the next run looks for a time."""

    key: str
    slot: str | None
    start: datetime | None

"""Meeting requests."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.v1.schemas.base import Input, Output, SearchQuery
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


@derived_from(RequestCard, without=("reply_priority",))
class RequestOut(Output):
    """A meeting request; `steps` are what this token's owner may do to it now."""

    steps: list[Literal["accept", "decline", "withdraw"]]


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

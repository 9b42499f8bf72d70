"""An event in rehearsal, and going live."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.v1.schemas.base import Input, Output


class PublishedMailsOut(Output):
    """The emails that tell everybody of the published version."""

    number: int = Field(description="The published version.")
    invitations: int
    summaries: int
    briefings: int
    people: int = Field(description="Attendees and interpreters who would get one or more.")


class RehearsalOut(Output):
    """Whether the event is in rehearsal, and what going live can send."""

    live_at: datetime | None = Field(description="When it went live; null in rehearsal.")
    published: PublishedMailsOut | None = Field(
        description="In rehearsal, what `send_invitations` would send; null if nothing is published."
    )


class GoLiveIn(Input):
    """What to send on going live."""

    send_invitations: bool = Field(
        default=False, description="Send the invitations, summaries and briefings of the published version."
    )

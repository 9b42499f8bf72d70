"""Whether an event is in rehearsal, and going live."""

from __future__ import annotations

from pydantic import Field

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.services.publishing.rehearsal.going_live import LiveState


@derived_from(LiveState)
class RehearsalOut(Output):
    """Whether the event is in rehearsal, and what going live can send."""


class GoLiveIn(Input):
    """What to send on going live."""

    send_invitations: bool = Field(
        default=False, description="Send the invitations, summaries and briefings of the published version."
    )

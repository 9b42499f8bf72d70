"""The team: members, invitations, and what changes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import Email, Key, Language
from scheduler.domain.team import TeamRole
from scheduler.services.team.members import InvitationCard, MemberCard

OfChamber = Annotated[list[Key], Field(max_length=200, description="Of a chamber: keys of its delegations.")]
LastDay = Annotated[date | None, Field(description="In the event's time zone; null for no end.")]


@derived_from(MemberCard, renamed={"account_id": "number"})
class MemberOut(Output):
    """A member of the team; `email` is null without the scope `contacts:read`."""

    email: str | None


@derived_from(InvitationCard, renamed={"id": "number"})
class InvitationOut(Output):
    """An invitation that nobody has taken yet; `email` is null without the scope `contacts:read`."""

    email: str | None


class TeamOut(Output):
    """Who runs the event; invitations are shown to the scope `team:write`."""

    members: list[MemberOut]
    invitations: list[InvitationOut]


class RoleIn(Input):
    """A role in the team. That of an owner is only given, changed and ended by who is signed in."""

    role: TeamRole
    until: LastDay = None
    delegations: OfChamber = Field([])


class NewInvitationIn(RoleIn):
    """Whom to invite, as what."""

    email: Email
    language: Language = Field("", description="Of the mail; empty for the event's.")


class EndedOut(Output):
    """What is not there any more."""

    number: int

"""The team: members, invitations, and what changes them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Input, Output
from scheduler.domain.fields import Email, Key, Language
from scheduler.domain.team import TeamRole

OfChamber = Annotated[list[Key], Field(max_length=200, description="Of a chamber: keys of its delegations.")]
LastDay = Annotated[date | None, Field(description="In the event's time zone; null for no end.")]


class DelegationNameOut(Output):
    """A delegation that somebody of a chamber sees."""

    key: str
    name: str


class MemberOut(Output):
    """A member of the team; `email` is null without the scope `contacts:read`."""

    number: int = Field(validation_alias="account_id", description="Of the account, for the addresses here.")
    email: str | None
    name: str
    role: TeamRole
    until: datetime | None = Field(description="When the role ends.")
    since: datetime | None
    has_ended: bool
    is_oneself: bool = Field(description="Whether the token is this member's.")
    delegations: list[DelegationNameOut]


class InvitationOut(Output):
    """An invitation that nobody has taken yet; `email` is null without the scope `contacts:read`."""

    number: int = Field(validation_alias="id")
    email: str | None
    role: TeamRole
    until: datetime | None = Field(description="When the role will end.")
    made_at: datetime
    ends_at: datetime = Field(description="Until when its link lets somebody in.")
    is_over: bool
    delegations: list[DelegationNameOut]


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

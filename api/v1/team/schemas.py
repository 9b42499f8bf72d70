"""The team: members, invitations, and what changes them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from api.v1.schemas.values import RoleName
from scheduler.domain.fields import Email, Key, Language
from scheduler.services.team.members import InvitationCard, MemberCard

OfChamber = Annotated[
    list[Key], Field(max_length=200, description="Of a delegation manager: keys of their delegations.")
]
LastDay = Annotated[date | None, Field(description="In the event's time zone; null for no end.")]


@derived_from(MemberCard, renamed={"account_id": "number", "is_oneself": "is_self"})
class MemberOut(Output):
    """A member of the team; `email` is null without the scope `contacts:read`."""

    email: str | None
    role: RoleName


@derived_from(
    InvitationCard,
    renamed={"id": "number", "is_over": "is_expired"},
)
class InvitationOut(Output):
    """An open invitation; `email` is null without the scope `contacts:read`."""

    email: str | None
    role: RoleName


class TeamOut(Output):
    """The event's team; invitations need the scope `team:write`."""

    members: list[MemberOut]
    invitations: list[InvitationOut]


class RoleIn(Input):
    """A role in the team. Only a signed-in owner can grant, change or end the role of an owner."""

    role: RoleName
    until: LastDay = None
    delegations: OfChamber = Field([])


class NewInvitationIn(RoleIn):
    """An invitation to the team."""

    email: Email
    language: Language = Field("", description="Of the email; empty for the event's.")

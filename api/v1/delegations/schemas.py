"""Delegations and their members."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from api.v1.schemas.base import Input, Output
from api.v1.schemas.derived import derived_from
from scheduler.domain.fields import DelegationName, Key, Origin, Phone
from scheduler.services.directory.references import FirmRef
from scheduler.services.participants.delegations.delegations import DelegationRow
from scheduler.services.participants.delegations.members import DelegationPersonCard

Keys = Annotated[list[Key], Field(max_length=200)]


@derived_from(DelegationRow, renamed={"waiting": "awaiting_response"})
class DelegationRowOut(Output):
    """A delegation in a list."""


@derived_from(DelegationPersonCard, renamed={"alone": "is_individual"})
class DelegationPersonOut(Output):
    """A person of a delegation; `phone` is null without the scope `contacts:read`."""

    phone: str | None


class DelegationOut(Output):
    """A delegation with its members."""

    key: str
    name: str
    origin: str
    leader: str = Field(description="Key of a person, or empty.")
    escort: str
    escort_phone: str | None = Field(description="Null without the scope `contacts:read`.")
    firms: list[FirmRef]
    people: list[DelegationPersonOut] = Field(description="First the people of its firms.")


class NewDelegationIn(Input):
    """A delegation without members."""

    name: DelegationName
    origin: Origin = ""
    escort: Origin = ""
    escort_phone: Phone = ""


class DelegationIn(Input):
    """Values to change; the others stay."""

    name: DelegationName | None = None
    origin: Origin | None = None
    leader: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="Key of a member; empty for none."
    )
    escort: Origin | None = None
    escort_phone: Phone | None = None


class MembersIn(Input):
    """Keys of firms, which bring all their people, and of individual members."""

    firms: Keys = Field(default_factory=list)
    people: Keys = Field(default_factory=list)


class DeletedDelegationOut(Output):
    """The key of the deleted delegation."""

    key: str

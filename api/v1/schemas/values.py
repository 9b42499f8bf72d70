"""Names of stored values in the API, where these are not the words of a reader."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from scheduler.domain.entities import EmailFailure, JobState, ReplySource
from scheduler.domain.solving import ScenarioState
from scheduler.domain.team import TeamRole
from scheduler.services.audit_log.acts import Act
from scheduler.services.participants.journal import StepKind
from scheduler.services.participants.withdrawals import SoleAttendee


class PublicNames:
    """Annotates a stored enumeration: its members have these names in requests and answers."""

    def __init__(self, renamed: Mapping[Any, str]) -> None:
        self.names: Final[Mapping[Any, str]] = MappingProxyType(
            {each: renamed.get(each, each.value) for each in type(next(iter(renamed)))}
        )
        self._stored = {name: each for each, name in self.names.items()}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        named = core_schema.literal_schema(list(self._stored))
        read = core_schema.no_info_after_validator_function(self._stored.__getitem__, named)
        return core_schema.no_info_before_validator_function(
            lambda value: self.names[value] if isinstance(value, StrEnum) else value,
            read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.names.__getitem__, return_schema=named
            ),
        )


_ACTS = PublicNames(
    {
        Act.EXCLUSION: "exclusion",
        Act.SCENARIO: "scenario",
        Act.MANUAL_DRAFT: "manual-draft",
        Act.RESTORE: "restore",
        Act.EMAILS: "emails",
        Act.EMAIL_TEXTS: "email-texts",
        Act.CONTACT_VIEW: "contact-view",
    }
)
_ROLES = PublicNames(
    {
        TeamRole.VIEWER: "viewer",
        TeamRole.HELP_DESK: "help-desk",
        TeamRole.DELEGATION_MANAGER: "delegation-manager",
    }
)

ActionName = Annotated[Act, _ACTS]
ActionText = Annotated[str, BeforeValidator(lambda act: _ACTS.names.get(act, act))]
RoleName = Annotated[TeamRole, _ROLES]
RoleText = Annotated[str, BeforeValidator(lambda role: _ROLES.names.get(role, role))]
JobStateName = Annotated[JobState, PublicNames({JobState.QUEUED: "queued", JobState.CANCELLED: "cancelled"})]
ScenarioStateName = Annotated[ScenarioState, PublicNames({ScenarioState.QUEUED: "queued"})]
FailureName = Annotated[EmailFailure, PublicNames({EmailFailure.DEFERRED: "deferred"})]
ReplySourceName = Annotated[ReplySource, PublicNames({ReplySource.EMAIL: "email"})]
ChangeKindName = Annotated[
    StepKind,
    PublicNames(
        {
            StepKind.REMOVE: "remove",
            StepKind.RESTORE: "restore",
            StepKind.UNAVAILABILITY: "unavailability",
            StepKind.FIX: "fix",
            StepKind.REGISTRATION: "registration",
        }
    ),
]
SoleAttendeeName = Annotated[SoleAttendee, PublicNames({SoleAttendee.CANCEL: "cancel"})]

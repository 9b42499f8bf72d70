"""Names of stored values in the API, where these are not the words of a reader."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from scheduler.domain.entities import AnswerSource, JobState, MailFailure
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
        Act.NEVER: "exclusion",
        Act.WHAT_IF: "scenario",
        Act.HAND: "manual-draft",
        Act.ROLL_BACK: "restore",
        Act.MAILS: "emails",
        Act.MAIL_TEXTS: "email-texts",
        Act.LOOK: "contact-view",
    }
)
_ROLES = PublicNames(
    {
        TeamRole.READER: "viewer",
        TeamRole.DESK: "help-desk",
        TeamRole.CHAMBER: "delegation-manager",
    }
)

ActionName = Annotated[Act, _ACTS]
ActionText = Annotated[str, BeforeValidator(lambda act: _ACTS.names.get(act, act))]
RoleName = Annotated[TeamRole, _ROLES]
RoleText = Annotated[str, BeforeValidator(lambda role: _ROLES.names.get(role, role))]
JobStateName = Annotated[JobState, PublicNames({JobState.ASKED: "queued", JobState.TAKEN_BACK: "cancelled"})]
ScenarioStateName = Annotated[ScenarioState, PublicNames({ScenarioState.ASKED: "queued"})]
FailureName = Annotated[MailFailure, PublicNames({MailFailure.HELD: "deferred"})]
ReplySourceName = Annotated[AnswerSource, PublicNames({AnswerSource.MAIL: "email"})]
ChangeKindName = Annotated[
    StepKind,
    PublicNames(
        {
            StepKind.WITHDRAW: "remove",
            StepKind.BRING_BACK: "restore",
            StepKind.ABSENCE: "unavailability",
            StepKind.REMEDY: "fix",
            StepKind.REGISTER: "registration",
        }
    ),
]
SoleAttendeeName = Annotated[SoleAttendee, PublicNames({SoleAttendee.CALL_OFF: "cancel"})]

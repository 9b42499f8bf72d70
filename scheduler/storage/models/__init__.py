"""The tables, one module for each group. Import them from here."""

from scheduler.storage import lengths as _lengths  # noqa: F401 -- it listens
from scheduler.storage.models.access import (
    Account,
    ApiToken,
    IdempotencyKey,
    SignInLink,
    SignInWish,
    TeamInvitation,
    TeamMember,
    WebSession,
)
from scheduler.storage.models.asking import (
    ExcludedPerson,
    LateNotice,
    MeetingRequest,
    RequestPerson,
    RequestStep,
)
from scheduler.storage.models.busy import BusySource
from scheduler.storage.models.event import Event, Hall, NightTime, Pause, Place, PlaceBusy, Slot, WalkingTime
from scheduler.storage.models.importing import ImportFile
from scheduler.storage.models.inbox import Answer, InboundMail, UntakenMail
from scheduler.storage.models.mail import (
    CalendarUse,
    DigestChoice,
    DigestItem,
    Invitation,
    MailRoute,
    MailText,
    OutboxMail,
)
from scheduler.storage.models.operations import Alert, Pulse
from scheduler.storage.models.people import (
    AddressChange,
    AddressReport,
    Attendee,
    AttendeeAlias,
    AttendeeBusy,
    Delegation,
    DelegationFirm,
    DelegationPerson,
    DeskStep,
    Firm,
    Interpreter,
    InterpreterBusy,
)
from scheduler.storage.models.release import Comparison, ComparisonPart, VersionJob
from scheduler.storage.models.schedule import (
    Hold,
    PlannedAttendee,
    PlannedMeeting,
    Run,
    ScheduleVersion,
    UnscheduledRequest,
)
from scheduler.storage.models.trail import TrailEntry, TrailHead

__all__ = [
    "Account",
    "AddressChange",
    "AddressReport",
    "Alert",
    "Answer",
    "ApiToken",
    "Attendee",
    "AttendeeAlias",
    "AttendeeBusy",
    "BusySource",
    "CalendarUse",
    "Comparison",
    "ComparisonPart",
    "Delegation",
    "DelegationFirm",
    "DelegationPerson",
    "DeskStep",
    "DigestChoice",
    "DigestItem",
    "Event",
    "ExcludedPerson",
    "Firm",
    "Hall",
    "Hold",
    "IdempotencyKey",
    "ImportFile",
    "InboundMail",
    "Interpreter",
    "InterpreterBusy",
    "Invitation",
    "LateNotice",
    "MailRoute",
    "MailText",
    "MeetingRequest",
    "NightTime",
    "OutboxMail",
    "Pause",
    "Place",
    "PlaceBusy",
    "PlannedAttendee",
    "PlannedMeeting",
    "Pulse",
    "RequestPerson",
    "RequestStep",
    "Run",
    "ScheduleVersion",
    "SignInLink",
    "SignInWish",
    "Slot",
    "TeamInvitation",
    "TeamMember",
    "TrailEntry",
    "TrailHead",
    "UnscheduledRequest",
    "UntakenMail",
    "VersionJob",
    "WalkingTime",
    "WebSession",
]

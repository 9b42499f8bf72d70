"""Record of processing activities (GDPR article 30): what the site does with personal data, by its tables.

Each table with data of a person belongs to one activity, and so does each kind of data with a period. A test
compares them with the schema.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from scheduler.config import Settings
from scheduler.domain.errors import NotAllowed
from scheduler.i18n import gettext_lazy
from scheduler.services.identity.sessions import SignedIn
from scheduler.services.privacy.retention import RULES, DataKind


@dataclass(frozen=True, slots=True)
class Activity:
    """One activity: its purpose, the people and their data, where it is stored, and what has a period."""

    name: str
    purpose: str
    people: str
    data: str
    tables: tuple[str, ...]
    kinds: tuple[DataKind, ...] = ()
    otherwise: str = ""
    """How long data is stored that has no period."""


_UNTIL_DELETED = gettext_lazy("Until the event is deleted or the person is erased")
_UNTIL_ERASED = gettext_lazy("Until the person is erased")
_ALL = gettext_lazy("All who sign in")
_PARTICIPANTS = gettext_lazy("Attendees and interpreters")
_ATTENDEES = gettext_lazy("Attendees")

ACTIVITIES: Final = (
    Activity(
        gettext_lazy("Sign-in and API"),
        gettext_lazy("Let people sign in, and programs act for them"),
        _ALL,
        gettext_lazy(
            "Name, email address, ID at the organisation's sign-in, passkeys, recovery codes, sessions with "
            "their browsers, API tokens"
        ),
        (
            "account",
            "federated_identity",
            "passkey",
            "recovery_code",
            "sign_in_link",
            "sign_in_request",
            "web_session",
            "api_token",
        ),
        (DataKind.SIGN_IN_LINKS, DataKind.API_RESPONSES),
        _UNTIL_ERASED,
    ),
    Activity(
        gettext_lazy("Teams of events"),
        gettext_lazy("Share the work on an event"),
        gettext_lazy("Team members"),
        gettext_lazy("Email address, role, first steps"),
        ("team_member", "team_invitation", "team_delegation", "onboarding_state"),
        (DataKind.TEAM_INVITATIONS,),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Exhibitor registrations"),
        gettext_lazy("Review who wants to exhibit"),
        gettext_lazy("People who register an exhibitor"),
        gettext_lazy("Name, email address, job title, languages, note"),
        ("firm_registration",),
        (DataKind.REGISTRATIONS, DataKind.UNCONFIRMED_REGISTRATIONS),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Participants"),
        gettext_lazy("Know who takes part and how to reach them"),
        _PARTICIPANTS,
        gettext_lazy("Name, company, job title, email addresses, phone number, languages, delegation"),
        ("attendee", "attendee_alias", "address_change", "address_report", "interpreter", "delegation",
         "delegation_person", "import_file"),
        (DataKind.IMPORT_FILES, DataKind.PARTICIPANT_CHANGES, DataKind.ADDRESS_CHANGES),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Consent"),
        gettext_lazy("Show what people agreed to, and when"),
        _ATTENDEES,
        gettext_lazy("Choices by purpose with their time, and version and language of the privacy notice"),
        ("consent",),
        (),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Availability"),
        gettext_lazy("Schedule meetings when people are free"),
        _PARTICIPANTS,
        gettext_lazy("Busy times, calendars with their addresses and app passwords, calendar feeds"),
        ("attendee_busy", "busy_source", "calendar_use", "interpreter_busy", "interpreter_feed"),
        (DataKind.CALENDARS, DataKind.CALENDAR_PREVIEWS),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Meeting requests"),
        gettext_lazy("Agree on meetings and their outcome"),
        _ATTENDEES,
        gettext_lazy("Requests, messages, responses, notes, outcomes"),
        ("meeting_request", "request_draft", "request_person", "request_transition", "excluded_person",
         "firm_note", "meeting_outcome"),
        (),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Schedule"),
        gettext_lazy("Give each meeting a time and a place"),
        _PARTICIPANTS,
        gettext_lazy("Meetings with time, place and people, and reported delays"),
        ("planned_attendee", "planned_meeting", "interpreter_assignment", "late_notice", "seen_change"),
        (DataKind.RUNS,),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Emails and calendar entries"),
        gettext_lazy("Notify people, and process their replies"),
        gettext_lazy("All who sign in, and people who write to the site"),
        gettext_lazy("Name, email address, sent and received emails, replies, notes of calls"),
        ("invitation", "invitation_reply", "inbound_email", "outbox_email", "digest_item",
         "digest_preference", "interpreter_notice", "phone_call"),
        (DataKind.ORIGINAL_EMAILS, DataKind.RECEIVED_EMAILS, DataKind.SENT_EMAILS, DataKind.LETTERS),
        _UNTIL_DELETED,
    ),
    Activity(
        gettext_lazy("Audit log and alerts"),
        gettext_lazy("Show who did what, and find failures"),
        _ALL,
        gettext_lazy("Email address, role, actions with their time, and values before and after"),
        ("audit_log_entry",),
        (DataKind.ALERTS, DataKind.WEBHOOK_MESSAGES),
        _UNTIL_ERASED,
    ),
)  # fmt: skip
"""All activities, as the page lists them."""


@dataclass(frozen=True, slots=True)
class Period:
    """A kind of data with its period in days, and when the period starts."""

    label: str
    counts_from: str
    days: int


@dataclass(frozen=True, slots=True)
class RecordedActivity:
    """An activity with the periods of this site."""

    activity: Activity
    periods: tuple[Period, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets data from this site by its settings: what, and the host if there is one."""

    what: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class ProcessingRecord:
    """The record: who is responsible, all activities, and all recipients."""

    controller: str
    notice: str
    """Address of the privacy notice, or empty."""
    activities: tuple[RecordedActivity, ...]
    recipients: tuple[Recipient, ...]
    measures: tuple[str, ...]
    """How the data is protected."""


def read_record(asker: SignedIn, settings: Settings) -> ProcessingRecord:
    """Return the record of this site, for operators. Raises NotAllowed."""
    if not asker.is_operator:
        raise NotAllowed(gettext_lazy("Only an operator of this site can do this."))
    return build_record(settings)


def build_record(settings: Settings) -> ProcessingRecord:
    """Return the record of this site."""
    rules = {rule.kind: rule for rule in RULES}
    activities = tuple(
        RecordedActivity(
            each,
            tuple(
                Period(rules[kind].label, rules[kind].counts_from, rules[kind].days(settings))
                for kind in each.kinds
            ),
        )
        for each in ACTIVITIES
    )
    return ProcessingRecord(
        settings.controller,
        settings.privacy_notice,
        activities,
        tuple(_recipients(settings)),
        tuple(_measures(settings)),
    )


def _recipients(settings: Settings) -> Iterator[Recipient]:
    yield Recipient(
        gettext_lazy(
            "All participants: names, job titles and companies. "
            "Partners of an accepted meeting: email addresses and phone numbers"
        )
    )
    yield Recipient(gettext_lazy("Email server, and the email providers of recipients"), settings.smtp_host)
    if settings.imap_host:
        yield Recipient(gettext_lazy("Mailbox for replies"), settings.imap_host)
    if settings.alert_webhook:
        host = urlsplit(settings.alert_webhook).hostname or ""
        yield Recipient(gettext_lazy("Webhook for alerts, which can name people"), host)
    if settings.pack_bucket:
        host = urlsplit(settings.pack_bucket_endpoint).hostname or "Amazon S3"
        yield Recipient(gettext_lazy("Bucket for offline packs, with the data of all participants"), host)
    yield Recipient(gettext_lazy("Webhooks of events: what changed, which can name people"))
    yield Recipient(
        gettext_lazy("Programs with an API token of one or all events, as far as its scopes allow")
    )


def _measures(settings: Settings) -> Iterator[str]:
    if settings.base_url.startswith("https://"):
        yield gettext_lazy("Pages, feeds and the API use TLS.")
    if settings.smtp_security != "none":
        yield gettext_lazy("Emails are handed to the email server with TLS.")
    yield gettext_lazy("People sign in with a link to their email address. Sessions end after some time.")
    yield gettext_lazy(
        "Links and tokens can't be read from the database alone. "
        "Calendar addresses and app passwords are encrypted."
    )
    yield gettext_lazy(
        "Each role sees only what its rights allow. Exports of contact details need a recent sign-in."
    )
    yield gettext_lazy(
        "The audit log records changes, exports and views of contact details. Changed entries are detected."
    )
    yield gettext_lazy("Data with a period is deleted every night when the period ends.")

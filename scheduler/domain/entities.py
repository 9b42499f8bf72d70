"""Enumerations of the domain, shared by tables, pages and emails."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """Position of a firm in its supply chain."""

    UPSTREAM = "upstream"
    MIDSTREAM = "midstream"
    DOWNSTREAM = "downstream"


class PlaceKind(StrEnum):
    BOOTH = "booth"
    TABLE = "table"


class PauseKind(StrEnum):
    """Why there are no meetings during some hours of a day."""

    BREAK = "break"
    SPECIAL = "special"
    """Reserved for another programme item, such as an opening ceremony or a VIP hour."""


class PlaceWish(StrEnum):
    """Where a request may be scheduled: at a booth of the receiving firm, at a table, or either."""

    BOOTH = "booth"
    TABLE = "table"
    ANY = "any"


class Side(StrEnum):
    """Side of a request: the firm that sent it, or the firm that received it."""

    FROM = "from"
    TO = "to"


class RequestState(StrEnum):
    """pending -> accepted | declined | withdrawn | expired. An accepted request may still be withdrawn."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN_REQUESTS = (RequestState.PENDING, RequestState.ACCEPTED)
"""Open states. The database allows at most one open request per pair of firms."""


MUST = 5
"""Priority of a must-have request: a firm's reason to attend."""


class DigestKind(StrEnum):
    """What a digest item reports about a request."""

    RECEIVED = "asked"
    THREE_DAYS = "three_days"
    """Expires in about three days."""
    ONE_DAY = "one_day"
    """Expires in about one day."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def state(self) -> RequestState:
        """The request state for which the item is still current."""
        if self in (DigestKind.RECEIVED, DigestKind.THREE_DAYS, DigestKind.ONE_DAY):
            return RequestState.PENDING
        return RequestState.WITHDRAWN if self is DigestKind.CANCELLED else RequestState(self.value)


class RunState(StrEnum):
    """queued -> running -> finished | failed | cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class VersionState(StrEnum):
    """draft -> published -> superseded, or draft -> discarded."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class JobKind(StrEnum):
    """What a worker does with a schedule version."""

    COMPARE = "compare"
    """Compute what publishing the version would change."""
    PUBLISH = "publish"
    BEGIN = "begin"
    """Start a manual draft."""
    EXPLAIN = "explain"
    """Find reasons and fixes for unscheduled requests that the run did not examine."""


class JobState(StrEnum):
    """queued -> running -> done | failed. A job whose worker is lost returns to queued.

    A publish job that has not started can be cancelled. Databases store `asked` and `taken_back`.
    """

    QUEUED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "taken_back"


class OutboxState(StrEnum):
    """queued -> sending -> sent | failed. A sweep returns rows whose sender died to queued."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class OutboxKind(StrEnum):
    """Kind of outgoing email."""

    INVITATION = "invitation"
    """Calendar message sent by publishing a version."""
    RESEND = "resend"
    """Calendar message sent between two publications."""
    SUMMARY = "summary"
    """What a publication changed for one person. Its `uid` is one of the meetings it lists."""
    SIGN_IN = "sign_in"
    ALERT = "alert"
    DESK = "desk"
    """Email to a member of an event's team, or to an operator."""
    TEST = "test"
    """Sample that shows an organiser how emails look. No calendar imports it."""
    DIGEST = "digest"
    """Status of a firm's requests, to one of its exhibitors."""
    BRIEFING = "briefing"
    """What a publication changed for one interpreter, with all their meetings."""


class EmailFailure(StrEnum):
    """Why an email was not delivered."""

    TEMPORARY = "temporary"
    """Temporary failure; retried."""
    PERMANENT = "permanent"
    """Permanent failure; not retried."""
    DEFERRED = "held"
    """Refused by a server for a reason unrelated to the address. Retried later automatically."""
    BOUNCED = "bounced"
    """The address bounced."""


class Refusal(StrEnum):
    """Action to take on an SMTP refusal."""

    LATER = "later"
    """Defer this email: its mailbox is full or closed, or the server replied 4xx."""
    SLOW = "slow"
    """Rate limited: defer all email to the domain, then send more slowly."""
    HOLD = "hold"
    """Content, policy, sender, authentication or unknown reason: hold the email and alert the operator."""
    DEAD = "dead"
    """The address does not exist."""


class Method(StrEnum):
    """iTIP methods that we send (RFC 5546 1.4)."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"
    DECLINECOUNTER = "DECLINECOUNTER"


class Partstat(StrEnum):
    """An attendee's participation status (RFC 5545 3.2.12)."""

    NEEDS_ACTION = "NEEDS-ACTION"
    ACCEPTED = "ACCEPTED"
    TENTATIVE = "TENTATIVE"
    DECLINED = "DECLINED"


class MailKind(StrEnum):
    """Kind of an inbound email, before any authorisation check."""

    REPLY = "reply"
    COUNTER = "counter"
    REFRESH = "refresh"
    DELEGATION = "delegation"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    OWN = "own"
    """A REQUEST, CANCEL or other organiser method: ours looped back, or the sender's own invitation."""
    FORWARDED = "forwarded"
    """Notice from Exchange or Outlook that the invitation was forwarded."""
    COMPLAINT = "complaint"
    """Feedback report from a provider: a recipient marked our email as spam."""
    TEXT = "text"
    UNREADABLE = "unreadable"


class MailBox(StrEnum):
    """Which of our addresses received an email."""

    ANSWERS = "answers"
    """The organiser address in the invitation. Everyone who has the invitation knows it."""
    REPORTS = "reports"
    """The SMTP envelope sender. Mail servers know it."""
    OLD_REPORTS = "old_reports"
    """The envelope sender of earlier emails, which shared the token of the organiser address."""
    BARE = "bare"
    """One of our addresses without a token, which anyone can guess."""


class MailOutcome(StrEnum):
    """received -> applied | ignored | waiting. A person resolves waiting to applied or ignored."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    WAITING = "waiting"


class ReplySource(StrEnum):
    """Channel of a reply: calendar email, a link in our email, or entered by an organiser."""

    EMAIL = "mail"
    LINK = "link"
    ORGANISER = "organiser"


class HolderKind(StrEnum):
    """Kind of resource that a meeting occupies in a slot."""

    ATTENDEE = "attendee"
    INTERPRETER = "interpreter"
    PLACE = "place"


class CalendarState(StrEnum):
    """State of one meeting in one attendee's calendar, worst first."""

    BOUNCED = "bounced"
    """Email to the address bounced."""
    FAILED = "failed"
    """The last message failed permanently."""
    DECLINED = "declined"
    PROPOSED = "proposed"
    """A counter-proposal is pending: no new time has been sent since."""
    SILENT = "silent"
    """The last message was sent, and there is no reply."""
    QUEUED = "queued"
    TENTATIVE = "tentative"
    ACCEPTED = "accepted"


class AfterRun(StrEnum):
    """What follows a finished run: keep the draft, or publish it if its changes are within the budget."""

    DRAFT = "draft"
    PUBLISH = "publish"


class AlertKind(StrEnum):
    """Failures of unattended operation. Each has its wording in the email catalogues."""

    RUN_FAILED = "run_failed"
    RUN_WAITS = "run_waits"
    """A run did not start in time: no solve worker picked it up."""
    RUN_MISSED = "run_missed"
    """An overnight run did not take place."""
    NOT_PUBLISHED = "not_published"
    """A draft that should have been published was not."""
    MAILBOX = "mailbox"
    """The inbound mailbox cannot be read."""
    MAIL_UNPLACED = "mail_unplaced"
    """Inbound emails cannot be assigned to an event."""
    MAIL_LEFT = "mail_left"
    """An inbound email cannot be processed and needs a person."""
    MAILS_WAIT = "mails_wait"
    """Emails are due and none is being sent."""
    MAILS_REFUSED = "mails_refused"
    """A mail server refuses our emails for a reason that is not theirs: quota, policy or block."""
    MAIL_FLOOD = "mail_flood"
    """An invitation address received so many emails within a day that further ones are deferred."""
    REGISTRATIONS = "registrations"
    """Registrations for an event far exceed the hourly norm: possible abuse."""
    SUBSCRIBER_FAILED = "subscriber_failed"
    """A plugin that subscribes to the audit log keeps failing on an entry."""
    WEBHOOK_DISABLED = "webhook_disabled"
    """A webhook of an event was disabled: its server asked for that, or keeps failing."""
    PACK_FAILED = "pack_failed"
    """An offline pack could not be written."""
    MAIL_CHECK = "mail_check"
    """The daily check found that emails do not arrive, or will not be believed."""
    PASSKEY_COPIED = "passkey_copied"
    """The signature counter of a passkey did not grow: its private key may have been copied."""
    INVARIANT_BROKEN = "invariant_broken"
    """The daily check found stored data that contradict each other."""


class PlanStatus(StrEnum):
    """Solve status. Infeasible and unknown are results, not errors."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"

"""The words of the field and their states. The tables, the pages and the mails use the same ones."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """A firm's place in its chain."""

    UPSTREAM = "upstream"
    MIDSTREAM = "midstream"
    DOWNSTREAM = "downstream"


class PlaceKind(StrEnum):
    BOOTH = "booth"
    TABLE = "table"


class PauseKind(StrEnum):
    """Why there are no meetings in some hours of a day."""

    BREAK = "break"
    SPECIAL = "special"
    """Something else takes place: an opening ceremony, a VIP hour."""


class PlaceWish(StrEnum):
    """Where a request may be held: a booth of the asked firm, a table, or either."""

    BOOTH = "booth"
    TABLE = "table"
    ANY = "any"


class Side(StrEnum):
    """Which side of a request: the firm that asks, or the firm that is asked."""

    FROM = "from"
    TO = "to"


class RequestState(StrEnum):
    """pending -> accepted | declined | withdrawn | expired. An accepted one may still be withdrawn."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN_REQUESTS = (RequestState.PENDING, RequestState.ACCEPTED)
"""States in which a pair of firms has a request: the database allows one of these a pair."""


MUST = 5
"""The priority of a request for which its firm comes to the event."""


class DigestKind(StrEnum):
    """What one item of a digest says about a request."""

    ASKED = "asked"
    THREE_DAYS = "three_days"
    """It expires in about three days."""
    ONE_DAY = "one_day"
    """It expires in about one day."""
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def state(self) -> RequestState:
        """The state in which the request is as long as the item holds."""
        if self in (DigestKind.ASKED, DigestKind.THREE_DAYS, DigestKind.ONE_DAY):
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
    """What a worker does with a version."""

    COMPARE = "compare"
    """Finds out what publishing it would do."""
    PUBLISH = "publish"
    BEGIN = "begin"
    """Begins a draft by hand."""
    EXPLAIN = "explain"
    """Finds the reasons and fixes of unscheduled requests that its run did not look into."""


class JobState(StrEnum):
    """asked -> running -> done | failed. A job whose worker is lost is asked again.

    A publishing that has not begun can be taken back.
    """

    ASKED = "asked"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    TAKEN_BACK = "taken_back"


class OutboxState(StrEnum):
    """queued -> sending -> sent | failed. A sweep returns rows whose sender died to queued."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class OutboxKind(StrEnum):
    """What an outgoing mail is."""

    INVITATION = "invitation"
    """A message to a calendar, of a publishing."""
    RESEND = "resend"
    """A message to a calendar between two publishings."""
    SUMMARY = "summary"
    """What a publishing changed for one person. Its `uid` is one of those that it names."""
    SIGN_IN = "sign_in"
    ALERT = "alert"
    DESK = "desk"
    """A letter to somebody of an event's team, or to an operator."""
    TEST = "test"
    """Shows an organiser how mails read. No calendar takes it in."""
    DIGEST = "digest"
    """What became of a firm's requests, to one of its exhibitors."""
    BRIEFING = "briefing"
    """What a publishing changed for one interpreter, with all their meetings."""


class MailFailure(StrEnum):
    """Why a mail did not go out."""

    TEMPORARY = "temporary"
    """Not this time."""
    PERMANENT = "permanent"
    """Never."""
    HELD = "held"
    """A server refused it for no fault of its address. It goes on by itself later."""
    BOUNCED = "bounced"
    """Its address takes no mail."""


class Refusal(StrEnum):
    """What a mail server's refusal asks for."""

    LATER = "later"
    """This mail waits: its mailbox is full or closed, or the server says so (4xx)."""
    SLOW = "slow"
    """We send too fast, or too much: every mail to that domain waits, then goes more slowly."""
    HOLD = "hold"
    """Content, policy, sender, sign-in, or something unknown: kept, and the operator is told."""
    DEAD = "dead"
    """There is no such address."""


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
    """What an inbound mail is, before anybody asks whether it may do what it says."""

    REPLY = "reply"
    COUNTER = "counter"
    REFRESH = "refresh"
    DELEGATION = "delegation"
    BOUNCE = "bounce"
    AUTO_REPLY = "auto_reply"
    OWN = "own"
    """A REQUEST, CANCEL or other message of an organiser: ours that comes back, or somebody's own."""
    FORWARDED = "forwarded"
    """A notice of Exchange or Outlook that the invitation was forwarded to somebody."""
    COMPLAINT = "complaint"
    """A provider's report that a reader took a mail of ours for spam."""
    TEXT = "text"
    UNREADABLE = "unreadable"


class MailBox(StrEnum):
    """Which address of ours a mail came to."""

    ANSWERS = "answers"
    """The organiser's address in the invitation: whoever has the invitation knows it."""
    REPORTS = "reports"
    """The sender of the SMTP envelope: mail servers know it."""
    OLD_REPORTS = "old_reports"
    """The same, from when it had the token of the organiser's address."""
    BARE = "bare"
    """An address of ours without a token, which anybody can know."""


class MailOutcome(StrEnum):
    """received -> applied | ignored | waiting. A person turns waiting into applied or ignored."""

    RECEIVED = "received"
    APPLIED = "applied"
    IGNORED = "ignored"
    WAITING = "waiting"


class AnswerSource(StrEnum):
    """How an answer came: by a calendar's mail, a link in our mail, or an organiser who was told."""

    MAIL = "mail"
    LINK = "link"
    ORGANISER = "organiser"


class HolderKind(StrEnum):
    """Who or what is held by a meeting in a slot."""

    ATTENDEE = "attendee"
    INTERPRETER = "interpreter"
    PLACE = "place"


class CalendarState(StrEnum):
    """The state of one meeting in one attendee's calendar, the worst first."""

    BOUNCED = "bounced"
    """Mail to the address comes back."""
    FAILED = "failed"
    """The last message could not be delivered, and is not tried again."""
    DECLINED = "declined"
    PROPOSED = "proposed"
    """Another time was proposed, and no new one was told since."""
    SILENT = "silent"
    """The last message was sent, and nothing came back."""
    QUEUED = "queued"
    TENTATIVE = "tentative"
    ACCEPTED = "accepted"


class AfterRun(StrEnum):
    """What follows a finished run: keep a draft, or publish it if the change set is within the budget."""

    DRAFT = "draft"
    PUBLISH = "publish"


class AlertKind(StrEnum):
    """What can fail while nobody looks. Each has its words in the catalogues of mails."""

    RUN_FAILED = "run_failed"
    RUN_WAITS = "run_waits"
    """A run was not begun in time: no solve worker took it."""
    RUN_MISSED = "run_missed"
    """An overnight run did not take place."""
    NOT_PUBLISHED = "not_published"
    """A draft that was to be published was not."""
    MAILBOX = "mailbox"
    """The mailbox of answers cannot be read."""
    MAIL_UNPLACED = "mail_unplaced"
    """Mails came of which nobody knows the event."""
    MAIL_LEFT = "mail_left"
    """A mail of that mailbox cannot be taken in, and is left to a person."""
    MAILS_WAIT = "mails_wait"
    """Mails are due and none goes out."""
    MAILS_REFUSED = "mails_refused"
    """A mail server refuses mails for a reason that is not theirs: a quota, a policy, a block."""
    MAIL_FLOOD = "mail_flood"
    """An address of an invitation had so many mails within a day that others are put off."""
    REGISTRATIONS = "registrations"
    """Many more firms register for an event than do in a usual hour: somebody may be at it."""
    SUBSCRIBER_FAILED = "subscriber_failed"
    """A plugin that is given the entries of the audit log fails at one again and again."""


class PlanStatus(StrEnum):
    """A solve's answer. Infeasible and unknown are answers, not errors."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"

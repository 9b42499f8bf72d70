"""Judgement of an inbound email. Its token identifies the attendee who replies.

All its other data is only a claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import MailBox, MailKind, MailOutcome, Method, Partstat, ReplySource
from scheduler.domain.errors import WrongState
from scheduler.i18n import gettext_lazy, ngettext_lazy
from scheduler.invites.ical.content import Content
from scheduler.invites.inbound import CalendarReply, Participant
from scheduler.services.emails.inbound import (
    aliases,
    bounces,
    complaints,
    delegation_replies,
    unmatched_replies,
)
from scheduler.services.emails.inbound.unmatched_replies import OF_MACHINES
from scheduler.services.emails.inbound.verdicts import Verdict, applied, ignored, same_address, waiting
from scheduler.services.replies import attendee_replies, counter_proposals, resend
from scheduler.services.replies.attendee_replies import Reply
from scheduler.services.replies.receipts import ReceiptCause
from scheduler.services.replies.resend import ResendResult
from scheduler.services.schedule import meeting_ends
from scheduler.storage.models import Attendee, InboundEmail, Invitation

EARLIER = 50
"""Number of earlier emails that are searched for a duplicate."""
TOO_LATE = gettext_lazy("The email arrived after the meeting had ended.")


class _Stop(Exception):
    """The email is not applied. Carries the verdict."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


def judge_reply(session: Session, mail: InboundEmail, *, settings: Settings, now: datetime) -> Verdict:
    """Apply an email, or return why it is ignored or waits for an organiser."""
    if mail.kind is MailKind.BOUNCE:
        return bounces.judge_report(session, mail, settings=settings, now=now)
    if mail.kind is MailKind.COMPLAINT:
        return complaints.judge_complaint(session, mail, now=now)
    if mail.uid is None or mail.attendee_id is None or mail.box is MailBox.BARE:
        return unmatched_replies.judge_unmatched(mail)
    invitation = attendee_replies.find_latest_invitation(session, mail.uid, mail.attendee_id)
    attendee_replies.lock_request(session, invitation)
    attendee = session.get_one(Attendee, mail.attendee_id)
    case = _Case(session, mail, invitation, attendee, settings.mail_domain, now)
    if mail.box is MailBox.REPORTS and mail.kind not in OF_MACHINES:
        return waiting(
            gettext_lazy(
                "The email came to the address for email server reports, which does not accept replies."
            )
        )
    try:
        verdict = _RULES[mail.kind](case)
    except _Stop as stop:
        verdict = stop.verdict
    is_unclear = verdict.outcome is MailOutcome.WAITING and verdict.cause is None
    return (
        replace(verdict, cause=ReceiptCause.UNCLEAR) if is_unclear and case.is_attendees_answer() else verdict
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """An email with the last invitation to the owner of its token."""

    session: Session
    mail: InboundEmail
    invitation: Invitation
    attendee: Attendee
    mail_domain: str
    now: datetime

    def reply(self) -> Verdict:
        _, given = self.checked()
        if given.partstat is Partstat.NEEDS_ACTION:
            reason = gettext_lazy("The reply neither accepts nor declines.")
            return waiting(reason) if given.comment else ignored(reason)
        try:
            done = attendee_replies.submit_reply(self.session, self.invitation, given, now=self.now)
        except WrongState as error:
            if attendee_replies.store_late_acceptance(self.session, self.invitation, given, now=self.now):
                return ignored(
                    gettext_lazy(
                        "The request for this meeting had already been withdrawn. The"
                        " reply counts if the request is restored."
                    )
                )
            return waiting(str(error))
        return applied(done)

    def counter(self) -> Verdict:
        answer, given = self.checked()
        start, end = self.proposed(answer)
        try:
            slots = counter_proposals.propose_time(
                self.session, self.invitation, given, start=start, end=end, now=self.now
            )
        except counter_proposals.Unsuitable as error:
            sent = resend.decline_proposal(
                self.session, self.invitation, mail_domain=self.mail_domain, now=self.now
            )
            if sent is ResendResult.TOO_OFTEN:
                return waiting(error.sentence)
            return applied(
                gettext_lazy("The proposed time was declined by email. %(reason)s", reason=error.sentence)
            )
        return applied(
            ngettext_lazy(
                "%(name)s proposes another time. The next run tries %(num)s slot for it.",
                "%(name)s proposes another time. The next run tries %(num)s slots for it.",
                len(slots),
                name=self.attendee.name,
            )
        )

    def proposed(self, answer: CalendarReply) -> tuple[datetime, datetime]:
        """Return the proposed time.

        Without an end, use the meeting's duration. Raises _Stop if it is unclear.
        """
        start, end = answer.start, answer.end
        told = Content.from_json(self.invitation.content)
        if start is None:
            if answer.is_zoneless:
                raise _Stop(waiting(gettext_lazy("The reply proposes another time without a time zone.")))
            if answer.has_unknown_zone:
                raise _Stop(waiting(gettext_lazy("The reply proposes another time in an unknown time zone.")))
            raise _Stop(waiting(gettext_lazy("The reply proposes another time, but the time can't be read.")))
        if answer.is_day:  # a date in the venue's zone
            start = start.replace(tzinfo=told.zone)
            end = end.replace(tzinfo=told.zone) if end else None
            return start, end if end and end > start else start + timedelta(days=1)
        end = start + (told.end - told.start) if end is None else end
        if end <= start:
            raise _Stop(waiting(gettext_lazy("The reply proposes a time that ends before it starts.")))
        return start, end

    def refresh(self) -> Verdict:
        if self.own_answer().participants and not self.speaker(self.own_answer()):
            return waiting(gettext_lazy("Someone else asks for the invitation."))
        if meeting_ends.is_invitation_over(self.session, self.invitation, now=self.now):
            return ignored(TOO_LATE)
        why = gettext_lazy("The invitation was requested again")
        sent = resend.resend_invitation(
            self.session, self.invitation, mail_domain=self.mail_domain, now=self.now
        )
        if sent is ResendResult.NOW:
            return applied(gettext_lazy("%(why)s. The invitation was sent again.", why=why))
        if sent is ResendResult.JUST_BEFORE:
            return applied(gettext_lazy("%(why)s. The invitation had been sent just before.", why=why))
        return ignored(
            gettext_lazy("%(why)s. The invitation had already been sent several times today.", why=why)
        )

    def own(self) -> Verdict:
        if all(self.is_own(CalendarReply.from_json(values)) for values in self.mail.answers):
            return ignored(gettext_lazy("This is an invitation from this event that came back."))
        return waiting(gettext_lazy("This is someone else's invitation."))

    def of_no_meeting(self) -> Verdict:
        return unmatched_replies.judge_unmatched(self.mail)

    def delegation(self) -> Verdict:
        answer, given = self.checked()
        speaker = self.speaker(answer)
        assert speaker is not None  # noqa: S101 -- checked
        return delegation_replies.judge_delegation(
            self.session, self.invitation, self.attendee, answer, speaker, given, now=self.now
        )

    def checked(self) -> tuple[CalendarReply, Reply]:
        """Return the reply if it may be applied. Raises _Stop otherwise."""
        answer = self.own_answer()
        speaker = self.speaker(answer)
        if speaker is None:
            verdict = delegation_replies.judge_colleague_reply(
                self.session, self.invitation, self.attendee, answer
            )
            if verdict is not None:
                raise _Stop(verdict)
            if not answer.participants:
                raise _Stop(waiting(gettext_lazy("The reply does not say who it is from.")))
            names = ", ".join(each.email for each in answer.participants)
            raise _Stop(
                waiting(
                    gettext_lazy(
                        "The reply is on behalf of %(names)s, but this email invited someone else.",
                        names=names[:300],
                    )
                )
            )
        known = speaker.partstat in set(Partstat)
        given = Reply(
            partstat=Partstat(speaker.partstat) if known else Partstat.NEEDS_ACTION,
            sequence=self.invitation.sequence,
            source=ReplySource.EMAIL,
            dtstamp=self.stamp(answer),
            comment=answer.comment or speaker.comment or self.mail.note,
            arrived=self.mail.received_at,
        )
        self.check_revision(answer, given)
        if not known and self.mail.kind is MailKind.REPLY:
            raise _Stop(
                waiting(
                    gettext_lazy(
                        "The reply is “%(partstat)s”, which is not a known reply.", partstat=speaker.partstat
                    )
                )
            )
        return answer, given

    def is_attendees_answer(self) -> bool:
        """Return True if the email contains a calendar reply to this meeting by its attendee."""
        if self.mail.kind not in (MailKind.REPLY, MailKind.COUNTER):
            return False
        return any(
            self.is_own(each) and self.speaker(each) is not None
            for each in map(CalendarReply.from_json, self.mail.answers)
        )

    def stamp(self, answer: CalendarReply) -> datetime | None:
        """Return when the reply was made: its DTSTAMP, or its arrival if earlier (clocks can be fast).

        A DTSTAMP without a zone is replaced by the arrival. None if there is no readable DTSTAMP.
        """
        arrival = self.mail.received_at.replace(microsecond=0)
        if answer.dtstamp is None:
            return arrival if answer.has_local_stamp else None
        return min(answer.dtstamp, arrival)

    def own_answer(self) -> CalendarReply:
        """Return the one event about the token's meeting. Raises _Stop if it is ambiguous."""
        answers_ = [CalendarReply.from_json(values) for values in self.mail.answers]
        if len({answer.uid for answer in answers_}) > 1:
            raise _Stop(waiting(gettext_lazy("The email replies to more than one meeting in one calendar.")))
        found = [answer for answer in answers_ if self.is_own(answer)]
        if not found:
            raise _Stop(
                waiting(
                    gettext_lazy("The reply is about a different meeting than the address it was sent to.")
                )
            )
        if len({self.meaning(answer) for answer in found}) > 1:
            raise _Stop(waiting(gettext_lazy("The email has several replies that contradict each other.")))
        # Gateways rewrite one of two parts, so the comment may be in either.
        return max(found, key=lambda answer: len(answer.comment))

    def meaning(self, answer: CalendarReply) -> tuple[object, ...]:
        """Return what identifies a reply, ignoring everything else that a gateway may rewrite."""
        speaker = self.speaker(answer)
        said = speaker.partstat if speaker else answer.participants
        revision = answer.sequence, self.stamp(answer), answer.instance
        is_counter = self.mail.kind is MailKind.COUNTER
        return said, *revision, (answer.start, answer.end) if is_counter else None

    def is_own(self, answer: CalendarReply) -> bool:
        return answer.uid == self.invitation.uid

    def speaker(self, answer: CalendarReply) -> Participant | None:
        """Return the token's attendee among the reply's participants. The From header is not used.

        The attendee may reply from the known address or from an alias that an organiser added.
        """
        for address in (self.attendee.email, *aliases.alias_addresses(self.session, self.attendee)):
            same = [each for each in answer.participants if same_address(each.email, address)]
            if same:
                return same[0] if len(same) == 1 else None
        return None

    def check_revision(self, answer: CalendarReply, given: Reply) -> None:
        """Raise _Stop unless the reply is for the current SEQUENCE, in time, and newer than known ones.

        See RFC 5546 2.1.5. A reply that is not applied waits if it differs from the known one and was not
        received before.
        """
        told = Content.from_json(self.invitation.content)
        if answer.is_instance and answer.instance != told.start:
            raise _Stop(
                waiting(
                    gettext_lazy("The reply is to one meeting of a series, but this meeting does not repeat.")
                )
            )
        if answer.sequence is None or answer.sequence > self.invitation.sequence:
            raise _Stop(
                waiting(gettext_lazy("The reply is to a version of the meeting that was never sent."))
            )
        if self.invitation.method is Method.CANCEL:
            reason = gettext_lazy("The meeting had already been cancelled.")
            if given.partstat is Partstat.DECLINED and self.mail.kind is MailKind.REPLY:
                raise _Stop(ignored(reason))
            raise _Stop(self.in_vain(answer, given, reason, ReceiptCause.CANCELLED))
        if meeting_ends.is_invitation_over(self.session, self.invitation, now=self.now):
            raise _Stop(self.in_vain(answer, given, TOO_LATE, ReceiptCause.OVER))
        if answer.sequence < self.invitation.sequence:
            raise _Stop(self.of_an_older_version(answer))
        if given.dtstamp is None:
            raise _Stop(waiting(gettext_lazy("The reply does not say when it was made (DTSTAMP).")))
        self.check_later(answer, given, given.dtstamp)

    def check_later(self, answer: CalendarReply, given: Reply, stamp: datetime) -> None:
        """Raise _Stop if a later reply is known. Of two in the same second, the last one to arrive counts."""
        before = attendee_replies.find_last_reply(self.session, self.invitation)
        if before is None or before.sequence != self.invitation.sequence:
            return
        if before.dtstamp is None:
            raise _Stop(waiting(gettext_lazy("It's not clear which of two replies is the later one.")))
        if stamp > before.dtstamp:
            return
        if stamp == before.dtstamp and not self.is_repeated(answer):
            says_more = self.differs(given) or given.comment not in ("", before.comment)
            if says_more and self.mail.received_at >= before.responded_at:
                return
        raise _Stop(
            self.in_vain(answer, given, gettext_lazy("A later reply is already known."), ReceiptCause.OLDER)
        )

    def in_vain(self, answer: CalendarReply, given: Reply, reason: str, cause: ReceiptCause) -> Verdict:
        """Return the verdict on a reply that is not applied: it waits, unless it adds nothing new."""
        if not self.differs(given) or self.is_repeated(answer):
            return ignored(reason)
        return waiting(reason, cause)

    def differs(self, given: Reply) -> bool:
        """Return True if a reply differs from the known one for the current version."""
        before = attendee_replies.find_last_reply(self.session, self.invitation)
        is_current = before is not None and before.sequence == self.invitation.sequence
        known = before.partstat if before is not None and is_current else None
        return self.mail.kind is MailKind.COUNTER or given.partstat is not known

    def of_an_older_version(self, answer: CalendarReply) -> Verdict:
        """Send the invitation again, once for each version.

        A further different reply waits for an organiser.
        """
        why = gettext_lazy("The reply is to an older version of the meeting")
        if self.is_repeated(answer, by_version=True):
            return ignored(gettext_lazy("%(why)s, like an earlier email.", why=why))
        sent = resend.resend_invitation(
            self.session,
            self.invitation,
            answered=answer.sequence,
            mail_domain=self.mail_domain,
            now=self.now,
        )
        if sent is ResendResult.NOW:
            return ignored(gettext_lazy("%(why)s. The invitation was sent again.", why=why))
        if sent is ResendResult.JUST_BEFORE:
            return ignored(gettext_lazy("%(why)s. The invitation had been sent just before.", why=why))
        return waiting(gettext_lazy("%(why)s, although the current one was sent again.", why=why))

    def is_repeated(self, answer: CalendarReply, *, by_version: bool = False) -> bool:
        """Return True if an earlier copy of this email had the same reply.

        With `by_version`, any earlier email counts.
        """
        earlier = self.session.execute(
            select(InboundEmail.message_id, InboundEmail.answers)
            .where(
                InboundEmail.attendee_id == self.mail.attendee_id,
                InboundEmail.uid == self.mail.uid,
                InboundEmail.kind == self.mail.kind,
                InboundEmail.id < self.mail.id,
                InboundEmail.outcome != MailOutcome.RECEIVED,
            )
            .order_by(InboundEmail.id.desc())
            .limit(EARLIER)
        )
        speaker = self.speaker(answer)
        for message_id, found in earlier:
            for other in map(CalendarReply.from_json, found):
                if other.uid != answer.uid or other.sequence != answer.sequence:
                    continue
                if by_version:
                    said = self.speaker(other)
                    if said and speaker and said.partstat == speaker.partstat:
                        return True
                elif message_id == self.mail.message_id and self.meaning(other) == self.meaning(answer):
                    return True
        return False


_RULES: dict[MailKind, Callable[[_Case], Verdict]] = {
    MailKind.REPLY: _Case.reply,
    MailKind.COUNTER: _Case.counter,
    MailKind.REFRESH: _Case.refresh,
    MailKind.DELEGATION: _Case.delegation,
    MailKind.OWN: _Case.own,
    MailKind.AUTO_REPLY: _Case.of_no_meeting,
    MailKind.FORWARDED: _Case.of_no_meeting,
    MailKind.TEXT: _Case.of_no_meeting,
    MailKind.UNREADABLE: _Case.of_no_meeting,
}

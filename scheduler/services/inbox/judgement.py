"""Judgement: what an inbound mail may do. Its token says whose answer it is.

All its other data is only a claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from scheduler.config import Settings
from scheduler.domain.entities import AnswerSource, MailBox, MailKind, MailOutcome, Method, Partstat
from scheduler.domain.errors import WrongState
from scheduler.invites.inbound import Participant, ReplyAnswer
from scheduler.saying import say, say_count
from scheduler.services.answers import answers, counter_proposals, resend
from scheduler.services.answers.answers import Reply
from scheduler.services.inbox import aliases, bouncing, complaints, delegating, without_token
from scheduler.services.inbox.verdicts import Verdict, applied, ignored, same_address, waiting
from scheduler.services.inbox.without_token import OF_MACHINES
from scheduler.storage.models import Attendee, InboundMail, Invitation

CLOCK_SKEW = timedelta(days=1)
"""An answer that is dated later than this from now is for a person: its clock is wrong, or it lies."""


class _Stop(Exception):
    """A mail is not applied. The error carries the verdict."""

    def __init__(self, outcome: MailOutcome, reason: str) -> None:
        super().__init__(reason)
        self.verdict = Verdict(outcome, reason)


def judge(session: Session, mail: InboundMail, *, settings: Settings, now: datetime) -> Verdict:
    """Apply a mail, or say why it is ignored or waits for a person."""
    if mail.kind is MailKind.BOUNCE:
        return bouncing.judge(session, mail, settings=settings, now=now)
    if mail.kind is MailKind.COMPLAINT:
        return complaints.judge(session, mail, now=now)
    if mail.uid is None or mail.attendee_id is None or mail.box is MailBox.BARE:
        return without_token.judge(mail)
    invitation = answers.latest(session, mail.uid, mail.attendee_id)
    answers.lock(session, invitation)
    attendee = session.get_one(Attendee, mail.attendee_id)
    case = _Case(session, mail, invitation, attendee, settings.mail_domain, now)
    if mail.box is MailBox.REPORTS and mail.kind not in OF_MACHINES:
        return waiting(say("It came to the address that mail servers report to, which takes no answers."))
    try:
        return _RULES[mail.kind](case)
    except _Stop as stop:
        return stop.verdict


@dataclass(frozen=True, slots=True)
class _Case:
    """A mail, and what the owner of its token was last told."""

    session: Session
    mail: InboundMail
    invitation: Invitation
    attendee: Attendee
    mail_domain: str
    now: datetime

    def reply(self) -> Verdict:
        _, given = self.checked()
        if given.partstat is Partstat.NEEDS_ACTION:
            return ignored(say("It says neither yes nor no."))
        try:
            done = answers.give(self.session, self.invitation, given, now=self.now)
        except WrongState as error:
            if answers.keep_late(self.session, self.invitation, given, now=self.now):
                return ignored(
                    say("The meeting was withdrawn before; the answer counts if that is taken back.")
                )
            return waiting(str(error))
        return applied(done)

    def counter(self) -> Verdict:
        answer, given = self.checked()
        if answer.start is None or answer.end is None or answer.end <= answer.start:
            return waiting(
                say("It proposes another time, but in no time zone that is known, or none at all.")
            )
        try:
            slots = counter_proposals.propose(
                self.session, self.invitation, given, start=answer.start, end=answer.end, now=self.now
            )
        except counter_proposals.Unsuitable as reason:
            resend.proposal_declined(
                self.session, self.invitation, mail_domain=self.mail_domain, now=self.now
            )
            return applied(say("The proposal was declined by mail. %(reason)s", reason=reason))
        return applied(
            say_count(
                "%(name)s proposes another time; the next plan tries %(num)s slot for it.",
                "%(name)s proposes another time; the next plan tries %(num)s slots for it.",
                len(slots),
                name=self.attendee.name,
            )
        )

    def refresh(self) -> Verdict:
        if self.own_answer().participants and not self.speaker(self.own_answer()):
            return waiting(say("Somebody else asks for the invitation."))
        return self.sent_again(say("The invitation was asked for again"), MailOutcome.APPLIED)

    def own(self) -> Verdict:
        if all(self.is_own(ReplyAnswer.from_json(values)) for values in self.mail.answers):
            return ignored(say("It is our own invitation that came back."))
        return waiting(say("It is an invitation of somebody else."))

    def of_no_meeting(self) -> Verdict:
        return without_token.judge(self.mail)

    def delegation(self) -> Verdict:
        answer, given = self.checked()
        speaker = self.speaker(answer)
        assert speaker is not None  # noqa: S101 -- checked
        return delegating.judge(
            self.session, self.invitation, self.attendee, answer, speaker, given, now=self.now
        )

    def checked(self) -> tuple[ReplyAnswer, Reply]:
        """The answer if it may be applied. Raises _Stop otherwise."""
        answer = self.own_answer()
        speaker = self.speaker(answer)
        if speaker is None:
            verdict = delegating.of_another(self.session, self.invitation, self.attendee, answer)
            if verdict is not None:
                raise _Stop(verdict.outcome, verdict.reason)
            names = ", ".join(each.email for each in answer.participants) or "nobody"
            raise _Stop(
                MailOutcome.WAITING,
                say("It answers for %(names)s, who is not invited by this mail.", names=names[:300]),
            )
        self.check_revision(answer)
        partstat = speaker.partstat if speaker.partstat in set(Partstat) else Partstat.NEEDS_ACTION
        given = Reply(
            partstat=Partstat(partstat),
            sequence=self.invitation.sequence,
            source=AnswerSource.MAIL,
            dtstamp=answer.dtstamp,
            comment=answer.comment or speaker.comment,
        )
        return answer, given

    def own_answer(self) -> ReplyAnswer:
        """The one event about the token's meeting."""
        answers_ = [ReplyAnswer.from_json(values) for values in self.mail.answers]
        if len({answer.uid for answer in answers_}) > 1:
            raise _Stop(MailOutcome.WAITING, say("It answers more than one meeting in one calendar."))
        found = [answer for answer in answers_ if self.is_own(answer)]
        if not found:
            raise _Stop(
                MailOutcome.WAITING, say("It is about another meeting than the address that it came to.")
            )
        if len(found) > 1:
            raise _Stop(MailOutcome.WAITING, say("It has several answers that contradict each other."))
        return found[0]

    def is_own(self, answer: ReplyAnswer) -> bool:
        return answer.uid == self.invitation.uid

    def speaker(self, answer: ReplyAnswer) -> Participant | None:
        """The token's attendee among those of the answer. The From of the mail is not used.

        The attendee may answer under the known address, or under another one that an organiser has added.
        """
        for address in (self.attendee.email, *aliases.of(self.session, self.attendee)):
            same = [each for each in answer.participants if same_address(each.email, address)]
            if same:
                return same[0] if len(same) == 1 else None
        return None

    def check_revision(self, answer: ReplyAnswer) -> None:
        """An answer counts for the SEQUENCE that it echoes, and the later of two counts (RFC 5546 2.1.5).

        It says when it was made, in UTC (RFC 5546 3.2.3).
        """
        told = self.invitation.sequence
        if answer.is_instance or answer.sequence is None or answer.sequence > told:
            raise _Stop(MailOutcome.WAITING, say("It answers a version of the meeting that we never sent."))
        if self.invitation.method is Method.CANCEL:
            raise _Stop(MailOutcome.IGNORED, say("The meeting was cancelled before."))
        if answer.sequence < told:
            why = say("It answers an older version of the meeting")
            verdict = self.sent_again(why, MailOutcome.IGNORED, answered=answer.sequence)
            raise _Stop(verdict.outcome, verdict.reason)
        if answer.dtstamp is None:
            raise _Stop(MailOutcome.WAITING, say("It does not say when it was made (DTSTAMP)."))
        if answer.dtstamp > self.now + CLOCK_SKEW:
            raise _Stop(MailOutcome.WAITING, say("It is dated in the future."))
        before = answers.last(self.session, self.invitation)
        if before is None or before.sequence != told:
            return
        if before.dtstamp is None:
            raise _Stop(MailOutcome.WAITING, say("It is not clear which of two answers is the later one."))
        if answer.dtstamp <= before.dtstamp:
            raise _Stop(MailOutcome.IGNORED, say("A later answer is known already."))

    def sent_again(self, why: str, outcome: MailOutcome, answered: int | None = None) -> Verdict:
        is_sent = resend.invitation_again(
            self.session, self.invitation, answered=answered, mail_domain=self.mail_domain, now=self.now
        )
        if is_sent:
            return Verdict(outcome, say("%(why)s; it is sent again.", why=why))
        return Verdict(outcome, say("%(why)s; it was sent just before.", why=why))


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
